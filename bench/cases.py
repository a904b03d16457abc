"""What is measured beside what. A case prepares its subjects and gives each as a function of the seconds to run."""
import contextlib
import dataclasses
import json
import subprocess
from collections.abc import Callable

import peers
import program
import whole
from program import HERE, PEOPLE, POSTS
from runs import before_each, missing, run, times


@dataclasses.dataclass
class Case:
    name: str
    variant: str
    unit: str
    measure: str  # the field of an outcome that is compared
    aim: str
    waits_for: str
    prepare: Callable  # (build, folder) -> context manager of {label: run(seconds) -> outcome}; Leat first
    by_name: bool = False  # takes long: only when asked for
    once: bool = False  # one round, however many are asked for
    further: bool = False  # a row of outcomes whose first row says the rest
    more: tuple = ()  # further rows from the same outcomes, each (unit, measure, aim)

    def rows(self):
        """A case for each row of the table."""
        return [self] + [dataclasses.replace(self, unit=unit, measure=measure, aim=aim, more=(), further=True) for unit, measure, aim in self.more]


# ---- the log and the bus

@contextlib.contextmanager
def durable_one(build, folder):
    with peers.redis(folder) as redis, peers.postgres(folder) as postgres:
        yield {"Leat": lambda s: run(build / "bench/durable", folder, producers=1, partitions=1, seconds=s),
               "flush with a hand-over": lambda s: run(build / "bench/limit_flush", folder, bytes=1024, handover=1, seconds=s),
               "Redis": peer(build, folder, "redis", redis, connections=1),
               "PostgreSQL": peer(build, folder, "postgres", postgres, connections=1)}


def durable_many(sources):
    @contextlib.contextmanager
    def prepare(build, folder):
        with peers.redis(folder) as redis, peers.postgres(folder) as postgres:
            yield {"Leat": lambda s: run(build / "bench/durable", folder, producers=64, sources=sources, seconds=s),
                   "64 KB flushes": lambda s: times(run(build / "bench/limit_flush", folder, bytes=65536, seconds=s), 64),
                   "Redis, 64 clients": peer(build, folder, "redis", redis, connections=64),
                   "PostgreSQL, 64 clients": peer(build, folder, "postgres", postgres, connections=64)}
    return prepare


def durable_fanout(sources):
    @contextlib.contextmanager
    def prepare(build, folder):
        product = lambda partitions: lambda s: run(build / "bench/durable", folder, producers=64, sources=sources, partitions=partitions, seconds=s)
        yield {"Leat": product(1000), "durable-many": product(4)}
    return prepare


def peer(build, folder, name, server, **options):
    """A client of a server that peers.py has started, or why there is none."""
    if isinstance(server, peers.Absent):
        return missing(str(server))
    return lambda s: run(build / f"bench/peer_{name}", folder, pid=server.pid, seconds=s, **server.place, **options)


def project(keys):
    @contextlib.contextmanager
    def prepare(build, folder):
        yield {"Leat": lambda s: run(build / "bench/project", folder, keys=keys, system=HERE / "projection"),
               "bare loop": lambda s: run(build / "bench/limit_upsert", folder, keys=keys, seconds=s)}
    return prepare


# ---- the whole program

@contextlib.contextmanager
def limit_http(build, folder, statement):
    process = subprocess.Popen(before_each + [build / "bench/limit_http", f"--dir={folder}", f"--statement={statement}",
                                f"--users={PEOPLE}", f"--posts={POSTS}"], stdout=subprocess.PIPE, text=True)
    try:
        yield program.Server(process, json.loads(process.stdout.readline())["port"])
    finally:
        process.kill()
        process.wait()



def query(statement, path, keys):
    @contextlib.contextmanager
    def prepare(build, folder):
        with program.up(build, folder) as leat, limit_http(build, folder, statement) as limit:
            program.fill(leat)
            yield {"Leat": program.load(build, folder, leat, path=path, keys=keys, connections=32),
                   "bare epoll": program.load(build, folder, limit, path=path, keys=keys, connections=32)}
    return prepare


def composition(page, label, then, calls, pipeline=0):
    """The page of 20 items from the read model, beside the same page as a list and calls for its authors."""
    @contextlib.contextmanager
    def prepare(build, folder):
        with program.up(build, folder) as leat:
            program.fill(leat)
            yield {"Leat": program.load(build, folder, leat, path=page, keys=PEOPLE - 20, connections=8),
                   label: program.load(build, folder, leat, path="/people/{}/bare-feed", then=then, calls=calls, pipeline=pipeline,
                               keys=PEOPLE - 20, connections=8)}
    return prepare


def freshness(**options):
    @contextlib.contextmanager
    def prepare(build, folder):
        with program.up(build, folder) as leat:
            program.fill(leat)
            product = missing("there is no build/leat")
            if leat:
                product = lambda s: run(build / "bench/freshness", folder, port=leat.port, pid=leat.pid, seconds=s, **options)
            yield {"Leat": product,
                   "two flushes, a hand-over, a commit": lambda s: run(build / "bench/limit_chain", folder, seconds=s)}
    return prepare


RESIDENT = (("MB resident", "rss_mb", ""), ("MB of log", "log_mb", ""))
DURABLE = "a flush of what it covers"
ALL = [
    Case("durable-one", "1 KB", "µs, p50", "p50_us", "≤ 1.3", DURABLE, durable_one),
    Case("durable-many", "64 producers of one source, 1 KB", "events/s", "per_second", "≥ 0.30", DURABLE, durable_many(1)),
    Case("durable-many", "64 producers, a source each, 1 KB", "events/s", "per_second", "≥ 0.30", DURABLE, durable_many(64)),
    Case("durable-fanout", "64 producers of one source, 1,000 partitions", "events/s", "per_second", "≥ 0.50", DURABLE,
         durable_fanout(1), more=(("µs, p99", "p99_us", "≤ 3"),)),
    Case("durable-fanout", "64 producers, a source each, 1,000 partitions", "events/s", "per_second", "≥ 0.50", DURABLE,
         durable_fanout(64), more=(("µs, p99", "p99_us", "≤ 3"),)),
    Case("project", "10 k hot keys", "events/s", "per_second", "≥ 0.50", "the page cache (a replay repairs it)", project("hot")),
    Case("project", "random over 200 k keys", "events/s", "per_second", "≥ 0.50", "the page cache", project("random")),
    Case("project", "new keys", "events/s", "per_second", "≥ 0.50", "the page cache", project("append")),
    Case("rebuild", "1 M events, 200 k rows", "s", "seconds", "≤ 1.4", "–", whole.rebuild(1_000_000)),
    Case("rebuild-10m", "10 M events, 200 k rows", "s", "seconds", "≤ 1.4", "–", whole.rebuild(10_000_000), by_name=True),
    Case("freshness", "one at a time", "µs, p50", "p50_us", "≤ 500 µs", "state flush, journal flush, read model", freshness()),
    Case("freshness", "1,000 commands/s, on time", "µs, p50", "p50_us", "≤ 500 µs; p99 ≤ 3 ms", "the same",
         freshness(rate=1000, connections=16)),
    Case("freshness", "10,000 commands/s, on time", "µs, p50", "p50_us", "≤ 500 µs; p99 ≤ 3 ms", "the same",
         freshness(rate=10000, connections=64)),
    Case("query", "point", "CPU µs/request", "cpu_us", "≤ 1.6", "–", query("point", "/posts/{}", POSTS)),
    Case("query", "feed of 20", "CPU µs/request", "cpu_us", "≤ 1.6", "–", query("join", "/people/{}/feed", PEOPLE)),
    Case("query", "stored document", "CPU µs/request", "cpu_us", "≤ 1.6", "–", query("page", "/pages/{}", PEOPLE)),
    Case("composition", "join, 20 items", "pages/s", "per_second", "≥ 7", "–",
         composition("/people/{}/feed", "list + 20 calls in a row", "/people/{}", 21)),
    Case("composition", "join, 20 items", "pages/s", "per_second", "≥ 7", "–",
         composition("/people/{}/feed", "list + 20 calls at once", "/people/{}", 21, pipeline=1)),
    Case("composition", "join, 20 items", "pages/s", "per_second", "", "–",
         composition("/people/{}/feed", "list + one batch call", "/people-from/{}", 2)),
    Case("composition", "document, 20 items", "pages/s", "per_second", "≥ 20", "–",
         composition("/pages/{}", "list + 20 calls in a row", "/people/{}", 21)),
    Case("composition", "document, 20 items", "pages/s", "per_second", "≥ 20", "–",
         composition("/pages/{}", "list + 20 calls at once", "/people/{}", 21, pipeline=1)),
    Case("start", "empty data directory", "ms until ready", "ready_ms", "< 50", "–", whole.start, more=(("MB resident", "rss_mb", "< 30"),)),
    Case("start", "1 GB of log, killed under load", "ms until ready", "ready_ms", "< 2,000", "–", whole.start_again(megabytes=1000), more=RESIDENT),
    Case("start", "1,000 partitions, killed under load", "ms until ready", "ready_ms", "< 2,000", "–", whole.start_again(partitions=1000),
         more=RESIDENT),
    Case("start-10gb", "10 GB of log, killed under load", "ms until ready", "ready_ms", "", "–", whole.start_again(megabytes=10_000),
         more=RESIDENT, by_name=True),
    Case("mixed", "50 k events/s told and projected, 10 k queries/s", "µs, p99 of a query", "p99_us", "< 2,000 µs", "–", whole.mixed(50_000, 10_000),
         more=(("CPU cores", "cores", "≤ 1"), ("events/s told", "produced", ""), ("events behind", "lag_events", ""))),
    Case("soak", "60 % of its first minute's rate", "µs, p50", "p50_us", "≤ 1.1", "state flush, journal flush, read model", whole.soaked, by_name=True,
         once=True, more=(("µs, p99", "p99_us", "≤ 1.1"), ("rounds/s", "per_second", "≥ 0.9"), ("MB resident", "rss_mb", "no growth"),
                          ("MB of WAL", "wal_mb", "no growth"), ("descriptors", "descriptors", "no growth"), ("MB of log", "log_mb", ""))),
]
