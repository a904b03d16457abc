"""The running program: started on a data directory, filled, killed, asked how it does."""
import concurrent.futures
import contextlib
import dataclasses
import http.client
import json
import pathlib
import shutil
import subprocess

import runs

HERE = pathlib.Path(__file__).resolve().parent
PEOPLE, POSTS, FRIENDS = 200, 2000, 20  # also the sizes of bench/limits/http.cpp


@dataclasses.dataclass
class Server:
    process: subprocess.Popen
    port: int
    admin: int = 0
    data: pathlib.Path = None

    @property
    def pid(self):
        return self.process.pid

    def resident_mb(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


@contextlib.contextmanager
def up(build, folder, system=HERE / "system", keep=False):
    """The program as a Server, with a data directory of its own, empty unless it is kept; None without a program."""
    program = build / "leat"
    if not program.exists():
        yield None
        return
    data = pathlib.Path(folder) / "data"
    if not keep:
        shutil.rmtree(data, ignore_errors=True)
    process = subprocess.Popen(
        runs.before_each + [program, "up", system, "--data", data, "--http", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    port_of = lambda address: int(address.rsplit(":", 1)[1].strip("/"))
    try:
        for line in process.stdout:
            said = json.loads(line)
            if said.get("ready"):
                yield Server(process, port_of(said["http"]), port_of(said["admin"]), data)
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

    def work(requests):
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        for path, body in requests:
            post(connection, path, body)
    item = lambda i: {"id": i, "content": f"This is post number {i}, with a sentence of usual length.",
                      "author": {"id": i % PEOPLE + 1, "username": f"user_{i % PEOPLE + 1}"}}
    work([("/people", {"username": f"user_{i + 1}"}) for i in range(PEOPLE)])
    posts = [("/posts", {"content": item(i + 1)["content"], "authorId": item(i + 1)["author"]["id"]}) for i in range(POSTS)]
    work(posts[:PEOPLE])  # in their order, so that post i is by person i + 1: bench/freshness asks for these
    requests = posts[PEOPLE:]
    requests += [(f"/people/{1 + u}/friends", {"friendId": 1 + (u + 1 + f) % PEOPLE}) for u in range(PEOPLE) for f in range(FRIENDS)]
    requests += [("/pages", {"document": json.dumps([item(u * 20 + i) for i in range(20)])}) for u in range(PEOPLE)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(work, [requests[i::16] for i in range(16)]))


def load(build, folder, server, **options):
    if server is None:
        return runs.missing("there is no build/leat")
    return lambda s: runs.run(build / "bench/load", folder, port=server.port, pid=server.pid, seconds=s, **options)
