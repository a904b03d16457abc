"""What is measured beside what. A case prepares its subjects and gives each as a function of the seconds to run."""
import concurrent.futures
import contextlib
import dataclasses
import http.client
import json
import pathlib
import shutil
import subprocess
import time
from collections.abc import Callable

import peers

HERE = pathlib.Path(__file__).resolve().parent
PEOPLE, POSTS, FRIENDS = 200, 2000, 20  # also the sizes of bench/limits/http.cpp

before_each = []  # words before each command, e.g. chrt


class Missing(Exception):
    """The product cannot do this yet."""


@dataclasses.dataclass
class Case:
    name: str
    variant: str
    unit: str
    measure: str  # the field of an outcome that is compared
    aim: str
    waits_for: str
    prepare: Callable  # (build, folder) -> context manager of {label: run(seconds) -> outcome}; Leat first
    more: tuple = ()  # further rows from the same outcomes, each (unit, measure, aim)

    def rows(self):
        """A case for each row of the table."""
        return [self] + [dataclasses.replace(self, unit=unit, measure=measure, aim=aim, more=()) for unit, measure, aim in self.more]


def run(program, folder, **options):
    """Runs a benchmark program and reads its line of JSON."""
    if not program.exists():
        raise Missing(f"{program.name} is not built")
    words = before_each + [str(program), f"--dir={folder}"] + [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise ValueError(f"{program.name}: {done.stderr.strip()[-400:]}")
    return json.loads(done.stdout.splitlines()[-1])


def times(outcome, factor):
    """The same measurement counted in smaller operations."""
    return outcome | {"per_second": outcome["per_second"] * factor, "cpu_us": outcome["cpu_us"] / factor}


def missing(why):
    def nothing(_seconds):
        raise Missing(why)
    return nothing


# ---- the log and the bus

@contextlib.contextmanager
def durable_one(build, folder):
    with peers.redis(before_each, folder) as redis, peers.postgres(before_each, folder) as postgres:
        yield {"Leat": lambda s: run(build / "bench/durable", folder, producers=1, partitions=1, seconds=s),
               "flush with a hand-over": lambda s: run(build / "bench/limit_flush", folder, bytes=1024, handover=1, seconds=s),
               "Redis": peer(build, folder, "redis", redis, connections=1),
               "PostgreSQL": peer(build, folder, "postgres", postgres, connections=1)}


def durable_many(sources):
    @contextlib.contextmanager
    def prepare(build, folder):
        with peers.redis(before_each, folder) as redis, peers.postgres(before_each, folder) as postgres:
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
def leat_up(build, folder, system=HERE / "system"):
    """The running program as (process, port), with an empty data directory of its own; None without a program."""
    program = build / "leat"
    if not program.exists():
        yield None
        return
    data = pathlib.Path(folder) / "data"
    shutil.rmtree(data, ignore_errors=True)
    process = subprocess.Popen(before_each + [program, "up", system, "--data", data, "--http", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--json"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        for line in process.stdout:
            said = json.loads(line)
            if said.get("ready"):
                yield process, int(said["http"].rsplit(":", 1)[1].strip("/"))
                return
        raise ValueError(f"leat up ended with {process.wait()} before it was ready")
    finally:
        process.terminate()
        process.wait(timeout=30)


def post(connection, path, body):
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    said = answer.read()
    if answer.status != 201:
        raise ValueError(f"POST {path}: {answer.status} {said[:200]!r}")
    return answer.headers["Leat-Position"]


def fill(server):
    """People, posts, friends and stored pages, as the limit's database has them."""
    if server is None:
        return
    _, port = server

    def work(requests):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for path, body in requests:
            post(connection, path, body)
    item = lambda i: {"id": i, "content": f"This is post number {i}, with a sentence of usual length.",
                      "author": {"id": i % PEOPLE + 1, "username": f"user_{i % PEOPLE + 1}"}}
    work([("/people", {"username": f"user_{i + 1}"}) for i in range(PEOPLE)])
    requests = [("/posts", {"content": item(i + 1)["content"], "authorId": item(i + 1)["author"]["id"]}) for i in range(POSTS)]
    requests += [(f"/people/{1 + u}/friends", {"friendId": 1 + (u + 1 + f) % PEOPLE}) for u in range(PEOPLE) for f in range(FRIENDS)]
    requests += [("/pages", {"document": json.dumps([item(u * 20 + i) for i in range(20)])}) for u in range(PEOPLE)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(work, [requests[i::16] for i in range(16)]))


@contextlib.contextmanager
def limit_http(build, folder, statement):
    process = subprocess.Popen(before_each + [build / "bench/limit_http", f"--dir={folder}", f"--statement={statement}",
                                f"--users={PEOPLE}", f"--posts={POSTS}"], stdout=subprocess.PIPE, text=True)
    try:
        yield process, json.loads(process.stdout.readline())["port"]
    finally:
        process.kill()
        process.wait()




def load(build, folder, server, **options):
    if server is None:
        return missing("there is no build/leat")
    process, port = server
    return lambda s: run(build / "bench/load", folder, port=port, pid=process.pid, seconds=s, **options)


def query(statement, path, keys):
    @contextlib.contextmanager
    def prepare(build, folder):
        with leat_up(build, folder) as leat, limit_http(build, folder, statement) as limit:
            fill(leat)
            yield {"Leat": load(build, folder, leat, path=path, keys=keys, connections=32),
                   "bare epoll": load(build, folder, limit, path=path, keys=keys, connections=32)}
    return prepare


def composition(page, label, then, calls, pipeline=0):
    """The page of 20 items from the read model, beside the same page as a list and calls for its authors."""
    @contextlib.contextmanager
    def prepare(build, folder):
        with leat_up(build, folder) as leat:
            fill(leat)
            yield {"Leat": load(build, folder, leat, path=page, keys=PEOPLE - 20, connections=8),
                   label: load(build, folder, leat, path="/people/{}/bare-feed", then=then, calls=calls, pipeline=pipeline,
                               keys=PEOPLE - 20, connections=8)}
    return prepare


def freshness(**options):
    @contextlib.contextmanager
    def prepare(build, folder):
        with leat_up(build, folder) as leat:
            fill(leat)
            product = missing("there is no build/leat")
            if leat:
                product = lambda s: run(build / "bench/freshness", folder, port=leat[1], pid=leat[0].pid, seconds=s, **options)
            yield {"Leat": product,
                   "two flushes, a hand-over, a commit": lambda s: run(build / "bench/limit_chain", folder, seconds=s)}
    return prepare


@contextlib.contextmanager
def start(build, folder):
    def once(_):
        begun = time.monotonic()
        with leat_up(build, folder) as leat:
            if leat is None:
                raise Missing("there is no build/leat")
            ready = time.monotonic() - begun
            status = pathlib.Path(f"/proc/{leat[0].pid}/status").read_text()
        rss = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
        return {"ready_ms": ready * 1000, "rss_mb": rss / 1024}
    yield {"Leat": once}


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
    Case("start", "empty data directory", "ms until ready", "ready_ms", "< 50", "–", start, more=(("MB resident", "rss_mb", "< 30"),)),
]
