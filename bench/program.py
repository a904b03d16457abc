"""The running program: started on a data directory, filled, killed, asked how it does."""
import concurrent.futures
import contextlib
import dataclasses
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import time

import runs

HERE = pathlib.Path(__file__).resolve().parent
PEOPLE, POSTS, FRIENDS = 200, 2000, 20  # also the sizes of bench/limits/http.cpp
CATCH_UP_MAX = 600  # seconds


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

    def cpu_seconds(self):
        """User and system time of all its threads."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ask_admin(self, method, path):
        """(status, body)"""
        token = json.loads((self.data / "running.json").read_text())["token"]
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=30)
        connection.request(method, path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def wait_until_ready(self):
        """Until /readyz says so: every service runs and every read model has caught up."""
        wait_until(lambda: self.ask_admin("GET", "/readyz")[0] == 200, "ready")

    def read_model(self, service, name):
        """What the status says of it."""
        status, body = self.ask_admin("GET", "/v1/status")
        if status != 200:
            raise ValueError(f"/v1/status: {status} {body[:200]!r}")
        models = next(found["read_models"] for found in json.loads(body)["services"] if found["name"] == service)
        return next(found for found in models if found["name"] == name)

    def rebuild(self, service, name):
        """Seconds until a new generation of the read model has taken over."""
        begun = time.monotonic()
        status, body = self.ask_admin("POST", f"/v1/services/{service}/rebuild?read_model={name}")
        if status != 202:
            raise ValueError(f"rebuild: {status} {body[:200]!r}")
        wait_until(lambda: not self.read_model(service, name)["replacement_fills"], "rebuilt")
        return time.monotonic() - begun


def wait_until(holds, what):
    end = time.monotonic() + CATCH_UP_MAX
    while not holds():
        if time.monotonic() > end:
            raise ValueError(f"not {what} within {CATCH_UP_MAX} s")
        time.sleep(0.002)


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


@contextlib.contextmanager
def cores(server, out):
    """How many of the machine's it had busy meanwhile."""
    cpu, begun = server.cpu_seconds(), time.monotonic()
    yield
    out["cores"] = (server.cpu_seconds() - cpu) / (time.monotonic() - begun)


def system_with(partitions, folder):
    """bench/system with that many partitions for the topic of people."""
    if partitions == 4:
        return HERE / "system"
    system = pathlib.Path(folder) / "system"
    shutil.rmtree(system, ignore_errors=True)
    shutil.copytree(HERE / "system", system)
    said = (system / "people.yaml").read_text()
    wider = said.replace("people: {key: id,", f"people: {{key: id, partitions: {partitions},")
    if wider == said:
        raise ValueError("bench/system/people.yaml has no topic `people: {key: id, ...}`")
    (system / "people.yaml").write_text(wider)
    return system


def bytes_below(folder):
    """What the files below it hold, as their sizes say."""
    sizes = []
    for path in pathlib.Path(folder).rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # one that has just been removed
            sizes.append(path.stat().st_size if path.is_file() else 0)
    return sum(sizes)


def load(build, folder, server, **options):
    if server is None:
        return runs.missing("there is no build/leat")
    return lambda s: runs.run(build / "bench/load", folder, port=server.port, pid=server.pid, seconds=s, **options)


def kill_under_load(build, folder, server, seconds):
    """Ends it with SIGKILL in the midst of commands."""
    client = subprocess.Popen(
        runs.command(build / "bench/freshness", folder, port=server.port, pid=server.pid, connections=16, look=0, seconds=600),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    if client.poll() is not None:
        raise ValueError("the load ended before the program was killed")
    server.process.kill()
    server.process.wait()
    client.wait(timeout=30)  # its connections are closed
