"""Servers that others wrote, started for a benchmark on the disk that is measured and ended by their own pid."""
import contextlib
import dataclasses
import glob
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import runs

ACCOUNT = "postgres"  # that PostgreSQL runs as where we are root: it refuses to run as root


class Absent(str):
    """Why a server is not there."""


@dataclasses.dataclass
class Server:
    pid: int
    place: dict  # where it listens, as options of its client


def wait_until(ready, process, name):
    for _ in range(1000):
        if ready():
            return
        if process.poll() is not None:
            raise ValueError(f"{name} ended with {process.returncode} before it was ready")
        time.sleep(0.02)
    raise ValueError(f"{name} was not ready within 20 s")


@contextlib.contextmanager
def ended_after(process, how):
    try:
        yield
    finally:
        process.send_signal(how)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def folder_of(folder, name):
    data = pathlib.Path(folder).resolve() / name
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir()
    return data


@contextlib.contextmanager
def redis(folder):
    """Redis that flushes its append-only file before it answers."""
    program = shutil.which("redis-server")
    if program is None:
        yield Absent("no redis-server; `tools/setup bench`")
        return
    data = folder_of(folder, "redis")
    with tempfile.TemporaryDirectory(prefix="leat-bench-") as short:  # the path of a socket has at most 107 bytes
        socket = f"{short}/redis.sock"
        process = subprocess.Popen(
            runs.before_each + [program, "--port", "0", "--unixsocket", socket, "--dir", str(data), "--appendonly", "yes", "--appendfsync", "always",
                      "--auto-aof-rewrite-percentage", "0", "--save", "", "--daemonize", "no"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with ended_after(process, signal.SIGTERM):
            wait_until(lambda: os.path.exists(socket), process, "redis-server")
            yield Server(process.pid, {"socket": socket})
    shutil.rmtree(data, ignore_errors=True)


def postgres_programs():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda path: int(path.split("/")[4]))
    return pathlib.Path(found[-1]).parent if found else None


@contextlib.contextmanager
def postgres(folder):
    """PostgreSQL as it comes, a database of its own: each commit waits for its flush."""
    programs = postgres_programs()
    if programs is None:
        yield Absent("no PostgreSQL server; `tools/setup bench`")
        return
    data = folder_of(folder, "postgres")
    demoted = ["setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--clear-groups"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="leat-bench-") as short:
        for place in (data, short):
            if demoted:
                shutil.chown(place, ACCOUNT, ACCOUNT)
        made = subprocess.run(demoted + [programs / "initdb", "-D", data, "-U", "bench", "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8"],
                              capture_output=True, text=True, cwd="/")
        if made.returncode != 0:  # e.g. that account may not reach the folder
            yield Absent(f"initdb: {' '.join(made.stderr.split())[-200:]}")
            return
        process = subprocess.Popen(
            runs.before_each + demoted + [programs / "postgres", "-D", data, "-k", short, "-c", "listen_addresses=", "-c", "fsync=on",
                                "-c", "synchronous_commit=on"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        with ended_after(process, signal.SIGINT):
            pid_file = data / "postmaster.pid"  # its last line says `ready`
            wait_until(lambda: pid_file.exists() and pid_file.read_text().rstrip().endswith("ready"), process, "postgres")
            yield Server(process.pid, {"host": short})
    shutil.rmtree(data, ignore_errors=True)
