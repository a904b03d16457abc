#!/usr/bin/env python3
"""kill -9 of the real program under load. Outside of it, a journal of what it acknowledged; after each restart nothing of
that may be missing, doubled or out of order, neither in the services' answers nor on the bus.

usage: kill9.py [--cycles N] [--seed S]
"""
import argparse
import collections
import json
import random
import subprocess
import threading

from harness import ROOT, Leat, eventually
from leatrun import temporary_data


class Journal:
    """What was tried and what was acknowledged. Lives in this process, which is never killed."""

    def __init__(self):
        self.lock = threading.Lock()
        self.posts = {}  # id -> content, acknowledged
        self.intended = set()  # every content that was ever sent
        self.names = collections.defaultdict(list)  # user id -> acknowledged names, oldest first
        self.attempts = collections.defaultdict(list)  # user id -> all names sent, oldest first
        self.unknown = 0  # requests without an answer


class Writer(threading.Thread):
    """One client: writes posts, and renames a user of its own, until the program is gone."""

    def __init__(self, leat, journal, user, number, cycle):
        super().__init__(daemon=True)
        self.leat, self.journal, self.user, self.prefix = leat, journal, user, f"{cycle}-{number}"
        self.failure = None

    def run(self):
        with self.leat.client() as self.ask:
            self.write()

    def write(self):
        for n in range(1_000_000):
            try:
                self.post(f"{self.prefix}-{n}") if n % 3 else self.rename(f"u{self.user}_{self.prefix.replace('-', '_')}_{n}")
            except OSError:
                self.journal.unknown += 1
                return
            except Exception as failure:  # noqa: BLE001  reported by the main thread
                if type(failure).__module__ == "http.client":
                    return
                self.failure = failure
                return

    def post(self, content):
        with self.journal.lock:
            self.journal.intended.add(content)
        answer = self.ask("POST", "/api/posts", {"content": content, "authorId": self.user})
        if answer.status == 201:
            with self.journal.lock:
                if answer.json["id"] in self.journal.posts:
                    raise AssertionError(f"post id {answer.json['id']} was given out twice")
                self.journal.posts[answer.json["id"]] = content
        elif answer.status != 503:
            raise AssertionError(f"POST /api/posts: {answer.status} {answer.body}")

    def rename(self, name):
        self.journal.attempts[self.user].append(name)
        answer = self.ask("PATCH", f"/api/users/{self.user}", {"username": name})
        if answer.status == 200:
            self.journal.names[self.user].append(name)
        elif answer.status != 503:
            raise AssertionError(f"PATCH: {answer.status} {answer.body}")


def one_life(data, journal, users, cycle, rng):
    leat = Leat(ROOT / "examples" / "social", data)
    try:
        writers = [Writer(leat, journal, user, number, cycle) for number, user in enumerate(users)]
        for writer in writers:
            writer.start()
        try:
            code = leat.process.wait(rng.uniform(0.0, 0.3))
            raise AssertionError(f"leat ended by itself, exit code {code}")
        except subprocess.TimeoutExpired:
            pass  # still running, as it should: now it is killed
    finally:
        leat.kill()
    for writer in writers:
        writer.join(30)
        if writer.failure:
            raise writer.failure


def check_answers(ask, journal, recent):
    for post, content in recent:
        answer = ask("GET", f"/api/posts/{post}")
        assert answer.status == 200 and answer.json["content"] == content, f"post {post} was acknowledged: {answer.body}"
    for user, names in journal.names.items():
        name = ask("GET", f"/api/users/{user}").json["username"]
        attempts = journal.attempts[user]
        assert attempts.index(name) >= attempts.index(names[-1]), f"user {user} fell back to {name}, had {names[-1]}"


def check_bus(leat, journal):
    """Every acknowledged post is on the bus exactly once, names of a user come in the order in which they were given."""
    seen = collections.Counter()
    for event in leat.command("events", "posts", "--from", "start"):
        content = event["data"]["content"]
        assert content in journal.intended, f"a phantom is on the bus: {event}"
        seen[content] += 1
    doubled = [content for content, times in seen.items() if times > 1]
    assert not doubled, f"doubled on the bus: {doubled[:5]}"
    lost = [content for content in journal.posts.values() if content not in seen]
    assert not lost, f"lost on the bus: {lost[:5]}"

    by_user = collections.defaultdict(list)
    for event in leat.command("events", "users", "--from", "start"):
        if event["type"] == "user.updated":
            by_user[event["data"]["id"]].append(event["data"]["username"])
    for user, names in journal.names.items():
        told = by_user[user]
        order = [told.index(name) for name in names]  # ValueError: an acknowledged name is not on the bus
        assert order == sorted(order), f"names of user {user} are out of order"
        assert len(set(told)) == len(told), f"a name of user {user} is doubled on the bus"


def check_read_model(ask, journal, users):
    """The authors that Social shows are those that Identity has, once it has caught up."""
    for user in users:
        mine = ask("GET", f"/api/users/{user}")
        written = next((post for post in reversed(journal.posts) if journal.posts[post].split("-")[1] == str(users.index(user))), None)
        if written is None:
            continue
        eventually(lambda: ask("GET", f"/api/posts/{written}").json["author"], lambda shown: shown == mine.json)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    rng = random.Random(options.seed)
    journal, checked = Journal(), 0
    with temporary_data() as data:
        with Leat(ROOT / "examples" / "social", data) as leat, leat.client() as ask:
            users = [ask("POST", "/api/users", {"username": f"user{n}", "email": f"{n}@example.org",
                                                "password": "a password"}).json["id"] for n in range(8)]
            assert leat.stop() == 0
        for cycle in range(options.cycles):
            one_life(data, journal, users, cycle, rng)
            with Leat(ROOT / "examples" / "social", data) as leat, leat.client() as ask:
                posts = list(journal.posts.items())
                check_answers(ask, journal, posts[checked:])
                checked = len(posts)
                if cycle % 20 == 19 or cycle == options.cycles - 1:
                    check_answers(ask, journal, posts)
                    check_bus(leat, journal)
                    check_read_model(ask, journal, users)
                if rng.random() < 0.5:
                    assert leat.stop() == 0
                else:
                    leat.kill()
    print(json.dumps({"cycles": options.cycles, "seed": options.seed, "acknowledged": len(journal.posts),
                      "renamed": sum(map(len, journal.names.values())), "unanswered": journal.unknown,
                      "lost": 0, "doubled": 0, "out_of_order": 0}))


if __name__ == "__main__":
    main()
