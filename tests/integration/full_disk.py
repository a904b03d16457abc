#!/usr/bin/env python3
"""A disk that is full, and has room again: what was acknowledged stays, reads go on, and nobody has to start anything
again. Needs to mount a small tmpfs; where that is refused the test is skipped, and says so."""
import errno
import os
import subprocess
import sys
import unittest

from harness import Place, eventually, leat

DISK = "48m"


def mount(path):
    """Why it could not be mounted; None: it is."""
    path.mkdir()
    try:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", path], capture_output=True, text=True)
    except OSError as error:
        return str(error)
    return done.stderr.strip() if done.returncode else None


class FullDisk(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.close)
        self.disk = self.place.root / "disk"
        if refused := mount(self.disk):
            print(f"SKIPPED: no tmpfs can be mounted here: {refused}", file=sys.stderr)
            self.skipTest(refused)
        self.addCleanup(subprocess.run, ["umount", self.disk], check=True)
        self.place.data = self.disk / "data"
        self.start()
        self.ada = self.leat.sign_up("ada")
        self.leat.read("/api/posts/1", self.leat.post("hello", 1).position)

    def start(self):
        self.leat = self.place.start()
        self.addCleanup(self.leat.close)
        self.ask = self.leat.ask

    def fill(self, room):
        """Takes all of the disk but `room` bytes, so that now one part of the program is the first to find none, now
        another."""
        with open(self.disk / "ballast", "ab", buffering=0) as ballast:
            for size in 1 << 20, 1 << 12:
                try:
                    while True:
                        ballast.write(bytes(size))
                except OSError as error:
                    self.assertEqual(error.errno, errno.ENOSPC)
            ballast.truncate(ballast.seek(0, os.SEEK_END) - room)

    def free(self):
        (self.disk / "ballast").unlink()
        eventually(self.leat.not_ready, lambda wrong: not wrong)
        eventually(self.paused, lambda paused: not paused)

    def until_refused(self, ask):
        """Asks until the disk is what stands in the way; returns the answers of those that were done."""
        done = []
        while (answer := ask(len(done))).status in (200, 201):
            done.append(answer)
            self.assertLess(len(done), 20_000, "the disk was never full")
        self.assertIn(answer.status, (503, 507), answer.body)
        return done

    def paused(self):
        return {name for name, value in self.leat.metrics().items() if "_paused" in name and float(value) == 1}

    def test_what_was_acknowledged_stays_reads_go_on_and_all_goes_on_by_itself(self):
        posts, renamings = [], 0
        for room in 0, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22:
            with self.subTest(room=room):
                self.fill(room)
                posts += self.until_refused(
                    lambda n: self.ask("POST", "/api/posts", {"content": f"{n} " * 500, "authorId": 1}))
                renamings += len(self.until_refused(
                    lambda n: self.ask("PATCH", "/api/users/1", {"username": f"ada{n}"})))
                self.assertEqual(self.ask("GET", "/api/posts/1").status, 200)
                self.assertEqual(self.ask("GET", "/api/users/1").status, 200)
                wrong = self.leat.not_ready()
                self.assertTrue(any("paused: no space" in why for why in wrong.values()), wrong)
                self.assertTrue(self.paused())

                self.free()
                last = self.ask("PATCH", "/api/users/1", {"username": f"lovelace{room}"})
                self.assertEqual(last.status, 200, last.body)
                renamings += 1
                self.assertEqual(self.leat.read("/api/posts/1", last.position).json["author"]["username"],
                                 f"lovelace{room}")
        self.everything_is_there_once(posts, renamings)
        self.assertEqual(self.leat.stop(), 0)
        self.start()
        self.everything_is_there_once(posts, renamings)

    def everything_is_there_once(self, posts, renamings):
        for post in posts:
            self.assertEqual(self.ask("GET", f"/api/posts/{post.json['id']}").status, 200)
        eventually(lambda: self.leat.status("social")["outbox"] + self.leat.status("identity")["outbox"], lambda n: n == 0)
        for topic, kind, count in ("posts", "post.created", len(posts) + 1), ("users", "user.updated", renamings):
            told = leat("events", topic, "--limit", "10000", "--in", self.place.system, "--data", self.place.data, "--json")
            self.assertEqual(told.stdout.count(f'"{kind}"'), count)


if __name__ == "__main__":
    unittest.main()
