#!/usr/bin/env python3
"""A disk that lies: the program says so, names file and range, and goes on with everything else."""
import json
import pathlib
import shutil
import unittest

from harness import Place, eventually, leat

TOPICS, SOURCES = "1ea70000-0000-8000-8000-000000000001-0", "1ea70000-0000-8000-8000-000000000002-0"


class Damage(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.close)
        self.partitions = self.place.data / "log" / "partitions"
        with self.start() as running:
            for name in "ada", "bob", "eve":
                self.last = running.sign_up(name)
            running.post("hello", 1)
            running.read("/api/posts/1", self.last.position)
            self.assertEqual(running.stop(), 0)

    def start(self):
        running = self.place.start()
        self.addCleanup(running.close)
        return running

    def flip(self, path, at):
        data = bytearray(path.read_bytes())
        data[at] ^= 1
        path.write_bytes(data)

    def users_segment(self):
        """The segment that holds the event of ada, whom everybody's read model has heard of."""
        holding = [path for path in self.partitions.glob("*/*.log") if b'"ada"' in path.read_bytes()
                   and b"user.created" in path.read_bytes()]
        self.assertEqual(len(holding), 1)
        return holding[0], holding[0].read_bytes().index(b'"ada"')

    def run_leat(self, *arguments):
        return leat(*arguments, "--data", self.place.data)

    def forget_read_model(self):
        shutil.rmtree(self.place.data / "services" / "social" / "read_models")

    def start_refused(self):
        done = leat("up", self.place.system, "--data", self.place.data, "--http", "127.0.0.1:0", "--admin", "127.0.0.1:0")
        self.assertEqual(done.returncode, 1, done)
        return done.stderr

    def test_a_damaged_topic_stops_its_readers_alone_until_it_is_repaired(self):
        segment, at = self.users_segment()
        self.flip(segment, at)
        self.forget_read_model()  # so that it reads from the beginning
        (self.place.data / "log" / "scrubbed").unlink()  # so that the scrub is due
        with self.start() as running:
            self.addCleanup(running.close)
            wrong = eventually(running.not_ready, lambda one: any(str(segment) in (why or "") for why in one.values()))
            self.assertEqual([name for name in wrong if "social" not in name], [], wrong)
            self.assertRegex(str(wrong), r"bytes \[\d+, \d+\)")
            answer = running.ask("GET", "/api/posts/1")
            self.assertEqual((answer.status, answer.headers["Leat-Stale"]), (200, "true"))
            self.assertEqual(running.ask("GET", "/api/users/1").json, {"id": 1, "username": "ada"})
            running.sign_up("joe")  # the damaged topic takes more
            running.post("again", 1)
            line = json.loads(running.log.until("the log is damaged"))
            self.assertEqual((line["file"], line["next"] - line["first"]), (str(segment), 1), line)
            metrics = eventually(running.metrics, lambda one: float(one["leat_log_scrub_last_seconds"]) > 0)
            self.assertEqual(float(metrics["leat_log_scrub_damages_total"]), 1)
            self.assertGreater(float(metrics["leat_log_scrub_bytes_total"]), 500)
            busy = self.run_leat("verify")
            self.assertEqual(busy.returncode, 1)
            self.assertIn("in use", busy.stderr)
            self.assertEqual(running.stop(), 0)
        self.repair(segment)

    def repair(self, segment):
        found = self.run_leat("verify", "--json")
        self.assertEqual(found.returncode, 1)
        damage, end = [json.loads(line) for line in found.stdout.splitlines()]
        damage = damage["damage"]
        self.assertEqual((damage["file"], end["ok"], end["damages"]), (str(segment), False, 1))
        self.assertRegex(damage["partition"], r"^users-\d$")
        text = self.run_leat("verify").stdout
        self.assertIn(f"{segment}: bytes [{damage['begin']}, {damage['end']}): ", text)
        self.assertIn(f"{damage['partition']} offsets [{damage['first']}, {damage['next']}) cannot be read", text)

        before = {path: path.read_bytes() for path in self.place.data.rglob("*") if path.is_file()}
        refused = self.run_leat("repair")
        self.assertEqual(refused.returncode, 1)
        self.assertIn(f"{damage['partition']} offsets [{damage['first']}, {damage['next']})", refused.stdout)
        self.assertIn("--accept-loss", refused.stderr)
        self.assertEqual({path: path.read_bytes() for path in self.place.data.rglob("*") if path.is_file()}, before)

        done = self.run_leat("repair", "--accept-loss")
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("a repair gave up a part of the history", done.stderr)
        record = json.loads((self.place.data / "log" / "repairs").read_text())
        self.assertEqual((record["first"], record["next"]), (damage["first"], damage["next"]))
        self.assertTrue(list((self.place.data / "log" / "damaged").iterdir()))
        clean = self.run_leat("verify")
        self.assertEqual(clean.returncode, 0, clean)
        self.assertIn("no damage", clean.stdout)
        self.assertIn(f"{damage['partition']} offsets [{damage['first']}, {damage['next']}) were given up", clean.stdout)
        self.assertIn({"given_up": {key: damage[key] for key in ("partition", "first", "next")}},
                      [json.loads(line) for line in self.run_leat("verify", "--json").stdout.splitlines()])

        with self.start() as running:
            line = json.loads(running.log.until("a repair has given up a part of this topic's history"))
            self.assertEqual((line["topic"], line["first"], line["next"]), ("users", damage["first"], damage["next"]))
            zoe = running.sign_up("zoe")
            post = running.post("by zoe", json.loads(zoe.body)["id"])
            heard = running.read(f"/api/posts/{json.loads(post.body)['id']}", zoe.position)
            self.assertEqual(heard.json["author"]["username"], "zoe")
            self.assertEqual(running.not_ready(), {})
            self.assertIsNone(running.ask("GET", "/api/posts/1").json["author"])  # what was lost is lost
            names = [event["data"]["username"] for event in running.command("events", "users")]
            self.assertEqual(sorted(names), ["bob", "eve", "joe", "zoe"])
            self.assertEqual(running.stop(), 0)

    def test_damaged_internal_topics_refuse_the_start_and_name_the_way_out(self):
        for partition in TOPICS, SOURCES:
            with self.subTest(partition):
                (segment,) = [path for path in (self.partitions / partition).glob("*.log") if path.stat().st_size]
                good = segment.read_bytes()
                self.flip(segment, 100)
                said = self.start_refused()
                self.assertRegex(said, rf"{segment}: bytes \[\d+, \d+\)")
                for way in "leat verify", "leat repair", "--accept-loss":
                    self.assertIn(way, said)
                self.assertIn("__leat_", self.run_leat("verify").stdout)
                segment.write_bytes(good)
                self.assertEqual(self.run_leat("verify").returncode, 0)

    def test_damage_that_no_repair_can_pass_over(self):
        segment, _ = self.users_segment()
        manifest = segment.parent / "manifest"
        good = manifest.read_bytes()
        self.flip(manifest, 30)
        self.assertIn(f"{manifest}: bytes [", self.start_refused())
        self.assertIn(f"{manifest}: bytes [", self.run_leat("verify").stdout)
        refused = self.run_leat("repair", "--accept-loss")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("backup", refused.stderr)
        manifest.write_bytes(good)
        self.start().stop()

    def test_a_missing_log_is_not_begun_anew(self):
        shutil.rmtree(self.place.data / "log")
        said = self.start_refused()
        self.assertIn("the log is missing", said)
        self.assertEqual(list((self.place.data / "log").iterdir()), [])  # nothing in the way of what is brought back

    def test_a_data_directory_that_is_none(self):
        nowhere = leat("verify", "--data", pathlib.Path(self.place.root) / "none")
        self.assertEqual(nowhere.returncode, 1)
        self.assertIn("holds no data of Leat", nowhere.stderr)


if __name__ == "__main__":
    unittest.main()
