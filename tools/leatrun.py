"""Starts a real `leat up`, talks HTTP to it, ends it. Used by the demo, the integration tests and the benchmarks."""
import http.client
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def binary():
    return os.path.abspath(os.environ.get("LEAT", ROOT / "build" / "leat"))


class Answer:
    def __init__(self, status, headers, body, seconds):
        self.status, self.headers, self.body, self.seconds = status, headers, body, seconds

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def position(self):
        return self.headers.get("Leat-Position")


class Client:
    """One keep-alive connection; opened anew when the server is another one."""

    def __init__(self, address, timeout=20):
        self.address, self.timeout, self.connection = address, timeout, None

    def __call__(self, method, path, body=None, headers=None):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.address, timeout=self.timeout)
        headers = dict(headers or {})
        if body is not None:
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        begin = time.perf_counter()
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
            data = response.read()
        except Exception:
            self.close()
            raise
        return Answer(response.status, response.headers, data, time.perf_counter() - begin)

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Leat:
    """A running system. Its data directory outlives it unless it was made here."""

    def __init__(self, directory, data, log=subprocess.DEVNULL, http="127.0.0.1:0", arguments=()):
        self.directory, self.data = str(directory), str(data)
        begin = time.perf_counter()
        self.process = subprocess.Popen(
            [binary(), "up", self.directory, "--data", self.data, "--http", http, "--admin", "127.0.0.1:0",
             "--json", *arguments],
            stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        self.start_seconds = time.perf_counter() - begin
        try:
            ready = json.loads(line)
        except ValueError:
            raise RuntimeError(f"leat did not become ready: {line!r}, exit code {self.process.wait(10)}") from None
        if not ready.get("ready"):
            raise RuntimeError(f"leat did not become ready: {line!r}")
        self.http, self.admin = ready["http"].removeprefix("http://"), ready["admin"].removeprefix("http://")

    def client(self):
        return Client(self.http)

    def command(self, *arguments, check=True):
        """Runs a `leat` command against this system; returns what it prints as JSON lines."""
        done = subprocess.run([binary(), *arguments, "--in", self.directory, "--data", self.data, "--json"],
                              capture_output=True, text=True, timeout=60)
        if check and done.returncode != 0:
            raise RuntimeError(f"leat {' '.join(arguments)}: {done.stdout} {done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.close()

    def stop(self, timeout=20):
        """Ends it in order; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout)
        self.close()
        return code

    def close(self):
        """Kills it if it runs still."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def temporary_data():
    return tempfile.TemporaryDirectory(prefix="leat-data-")
