#!/usr/bin/env python3
"""kill -9 of the real program under load. Outside of it, a journal of what it acknowledged; after each restart nothing of
that may be missing, doubled or out of order, neither in the services' answers nor on the bus.

usage: kill9.py [--cycles N] [--seed S]
"""
import argparse
import json
import random
import subprocess

from acknowledged import Journal, check_answers, check_bus, check_read_model, join_writers, sign_up, start_writers
from harness import ROOT, Leat
from leatrun import temporary_data


def one_life(data, journal, users, cycle, rng):
    leat = Leat(ROOT / "examples" / "social", data)
    try:
        writers = start_writers(leat, journal, users, cycle)
        try:
            code = leat.process.wait(rng.uniform(0.0, 0.3))
            raise AssertionError(f"leat ended by itself, exit code {code}")
        except subprocess.TimeoutExpired:
            pass  # still running, as it should: now it is killed
    finally:
        leat.kill()
    join_writers(writers)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    rng = random.Random(options.seed)
    journal, checked = Journal(), 0
    with temporary_data() as data:
        with Leat(ROOT / "examples" / "social", data) as leat, leat.client() as ask:
            users = sign_up(ask, 8)
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
