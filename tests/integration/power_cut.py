#!/usr/bin/env python3
"""Power cuts under load, by a real kernel: the file system that the data lies on goes down, and all that no flush had asked
for is gone. The program is killed, the file system mounted again and its journal replayed; then nothing that was
acknowledged may be missing, doubled or out of order. One cut in five comes while the program starts.

usage: power_cut.py [--cuts N] [--seed S] [--file-systems ext4,xfs]
"""
import argparse
import contextlib
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from acknowledged import Journal, check_answers, check_bus, check_read_model, join_writers, sign_up, start_writers
from disks import MAKE, SKIPPED, Disk, Refused, own_mounts
from harness import ROOT, Leat, binary

SYSTEM = ROOT / "examples" / "social"
SIZE = 1 << 30  # of the sparse image; XFS wants 300 MiB and more
WRITERS = 4
WHOLE = 10  # lives between two looks at everything


class Cuts:
    """Lives of one data directory, each of which ends by a power cut."""

    def __init__(self, disk, rng):
        self.disk, self.rng, self.journal = disk, rng, Journal()
        self.checked, self.life, self.in_start = 0, 0, 0
        with Leat(SYSTEM, self.data) as leat, leat.client() as ask:
            self.users = sign_up(ask, WRITERS)

    @property
    def data(self):
        return self.disk.path / "data"

    def one(self, whole):
        """Starts what the last cut left, looks at it, loads it and cuts."""
        with Leat(SYSTEM, self.data) as leat:
            self.look(leat, whole)
            self.life += 1
            writers = start_writers(leat, self.journal, self.users, self.life)
            outlives(leat.process, self.rng.uniform(0.0, 0.2))
            self.disk.cut()
            with contextlib.suppress(subprocess.TimeoutExpired):
                leat.process.wait(self.rng.choice([0, 0.02]))  # and what it says meanwhile must be true as well
        join_writers(writers)
        self.disk.again()

    def one_in_start(self):
        """The power comes back for a moment only."""
        up = [binary(), "up", SYSTEM, "--data", self.data, "--http", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
        with subprocess.Popen(up, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                outlives(process, self.rng.uniform(0.0, 0.1))
                self.disk.cut()
            finally:
                process.kill()
        self.disk.again()
        self.in_start += 1

    def look(self, leat, whole):
        with leat.client() as ask:
            posts = list(self.journal.posts.items())
            check_answers(ask, self.journal, posts if whole else posts[self.checked:])
            self.checked = len(posts)
            if whole:
                check_bus(leat, self.journal)
                check_read_model(ask, self.journal, self.users)

    def last_look(self):
        with Leat(SYSTEM, self.data) as leat:
            self.look(leat, whole=True)
            assert leat.stop() == 0


def outlives(process, seconds):
    with contextlib.suppress(subprocess.TimeoutExpired):
        raise AssertionError(f"leat ended by itself, exit code {process.wait(seconds)}")


def cut_often(kind, number, rng):
    """So many cuts of a disk with this kind of file system; returns what was seen. Raises Refused where it cannot be had."""
    with contextlib.ExitStack() as cleanup:
        beside = pathlib.Path(binary()).parent
        here = pathlib.Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="power-cut-", dir=beside)))
        disk = Disk(kind, here / "image", here / "disk", SIZE)
        cleanup.callback(disk.close)
        cuts = Cuts(disk, rng)
        for cut in range(number):
            if rng.random() < 0.2:
                cuts.one_in_start()
            else:
                cuts.one(whole=cut % WHOLE == WHOLE - 1)
        cuts.last_look()
        return {"file_system": kind, "cuts": number, "in_start": cuts.in_start, "acknowledged": len(cuts.journal.posts),
                "renamed": sum(map(len, cuts.journal.names.values())), "unanswered": cuts.journal.unknown,
                "lost": 0, "doubled": 0, "out_of_order": 0}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cuts", type=int, default=100, help="of all file systems together")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--file-systems", default=",".join(MAKE))
    options = parser.parse_args()
    kinds, seen = options.file_systems.split(","), 0
    for kind in kinds:
        try:
            own_mounts()
            told = cut_often(kind, options.cuts // len(kinds), random.Random(options.seed))
            print(json.dumps(told | {"seed": options.seed}), flush=True)
            seen += 1
        except Refused as why:
            print(f"SKIPPED: no power is cut on {kind} here: {why}", file=sys.stderr)
    return 0 if seen else SKIPPED


if __name__ == "__main__":
    sys.exit(main())
