"""What the integration tests share: a running copy of the example whose files may be edited, and a log that can be waited
for. Nothing here sleeps: it waits for a line, or asks again until an answer says what was hoped for."""
import json
import pathlib
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from leatrun import Client, Leat, binary  # noqa: E402

PATIENCE = 30  # seconds: only a broken program takes that long


class Lines:
    """The lines of a stream, as they come."""

    def __init__(self, stream):
        self.all, self.coming, self.stream = [], queue.Queue(), stream
        self.reading = threading.Thread(target=self.read, daemon=True)
        self.reading.start()

    def read(self):
        for line in self.stream:
            self.coming.put(line.rstrip("\n"))
        self.coming.put(None)

    def close(self):
        """Requires: whoever wrote the stream has ended. The lines that came stay."""
        self.reading.join()
        self.stream.close()

    def rest(self):
        """The lines that nobody has taken, up to the end of the stream."""
        lines = list(iter(lambda: self.coming.get(timeout=PATIENCE), None))
        self.all += lines
        self.coming.put(None)
        return lines

    def until(self, text):
        """Takes lines up to the first that holds `text`; that one is returned."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                line = self.coming.get(timeout=max(end - time.monotonic(), 0))
            except queue.Empty:
                raise AssertionError(f"no line came with {text!r}; there were: {self.all}") from None
            if line is None:
                self.coming.put(None)
                raise AssertionError(f"the stream ended without {text!r}; there were: {self.all}")
            self.all.append(line)
            if text in line:
                return line


def eventually(ask, hoped_for):
    """Asks until the answer is one that was hoped for; returns it."""
    end = time.monotonic() + PATIENCE
    while True:
        answer = ask()
        if hoped_for(answer):
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"at last it was {answer!r}")


class Place:
    """A copy of examples/social and a data directory, in a temporary directory of their own."""

    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="leat-test-")
        self.root = pathlib.Path(self.temporary.name)
        self.system, self.data = self.root / "social", self.root / "data"
        shutil.copytree(ROOT / "examples" / "social", self.system, ignore=shutil.ignore_patterns(".leat"))

    def close(self):
        self.temporary.cleanup()

    def write(self, name, text):
        path = self.system / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(path.name + "~")  # replaced at one instant, as editors do
        new.write_text(text)
        new.replace(path)

    def edit(self, name, old, new):
        text = (self.system / name).read_text()
        assert old in text, f"{name} does not hold {old!r}"
        self.write(name, text.replace(old, new))

    def start(self, http="127.0.0.1:0"):
        return Running(self, http)


class Running(Leat):
    def __init__(self, place, http):
        super().__init__(place.system, place.data, log=subprocess.PIPE, http=http)
        self.place, self.log = place, Lines(self.process.stderr)
        self.ask, self.admin_ask = Client(self.http), Client(self.admin)

    def edit(self, name, old, new, until='"message":"reloaded"'):
        self.place.edit(name, old, new)
        return self.log.until(until)

    def status(self, service):
        (status,) = self.command("status")
        return next((one for one in status["services"] if one["name"] == service), None)

    def not_ready(self):
        """What /readyz says is wrong, by name."""
        answer = self.admin_ask("GET", "/readyz")
        wrong = {one["name"]: one.get("why") for one in answer.json["conditions"] if not one["ok"]}
        assert (answer.status == 200) == (not wrong) == answer.json["ready"], answer.body
        return wrong

    def until_ready(self):
        """Waits until /readyz says 200: a service that has just been started is not ready until its read models have caught up.
        Where something promises that the program stays ready (an edit, a rebuild), ask not_ready() instead."""
        eventually(self.not_ready, lambda wrong: not wrong)
        return self

    def until_not_ready(self, condition, why):
        """Waits until /readyz names the condition with a reason that holds `why`; returns the whole reason."""
        wrong = eventually(self.not_ready, lambda wrong: why in wrong.get(condition, ""))
        return wrong[condition]

    def metrics(self):
        text = self.admin_ask("GET", "/metrics").body.decode()
        return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))

    def number(self, family, part=""):
        """The first metric of a family whose labels hold `part`."""
        return next(float(value) for name, value in self.metrics().items() if name.startswith(family) and part in name)

    def sign_up(self, name):
        answer = self.ask("POST", "/api/users", {"username": name, "email": f"{name}@example.org",
                                                 "password": "correct horse"})
        assert answer.status == 201, answer.body
        return answer

    def post(self, content, author):
        answer = self.ask("POST", "/api/posts", {"content": content, "authorId": author})
        assert answer.status == 201, answer.body
        return answer

    def read(self, path, position):
        """A GET that has waited for a write. Until a read model that was just opened has looked at the end of its topics,
        its answers say stale: then once more."""
        headers = {"Leat-Position": position, "Leat-Wait": "30000"}
        return eventually(lambda: self.ask("GET", path, headers=headers), lambda one: "Leat-Stale" not in one.headers)

    def close(self):
        for client in self.ask, self.admin_ask:
            client.close()
        super().close()
        self.log.close()


def leat(*arguments, cwd=None, timeout=PATIENCE, under=()):
    """Runs `leat` to its end, by the command `under` if one is given; all its output is text."""
    command = [*under, binary(), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, cwd=cwd)


def raw(address, data):
    """Sends bytes that no HTTP library would; returns the answer's status (0: none), header lines and body."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has answered and closed before it took everything
        received = b""
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionResetError:
            pass
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    status = int(lines[0].split()[1]) if lines[0].startswith("HTTP/1.1 ") else 0
    return status, lines[1:], body


def body_request(address, body, method="POST", path="/api/posts", content_type="application/json"):
    head = f"{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    if content_type:
        head += f"Content-Type: {content_type}\r\n"
    status, headers, answer = raw(address, head.encode() + b"\r\n" + body)
    return status, headers, json.loads(answer) if answer else None
