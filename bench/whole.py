"""The cases of the whole program that keep a data directory from one measurement to the next."""
import contextlib
import json
import shutil
import subprocess
import sys
import time

import program
import soak
from program import HERE, POSTS
from runs import Missing, command, missing, run

RECORD_BYTES = 1000  # of an event of bench/fill with its key, headers and braces; these take about 230


@contextlib.contextmanager
def start(build, folder):
    def once(_):
        begun = time.monotonic()
        with program.up(build, folder) as leat:
            if leat is None:
                raise Missing("there is no build/leat")
            return {"ready_ms": (time.monotonic() - begun) * 1000, "rss_mb": leat.resident_mb()}
    yield {"Leat": once}


def start_again(megabytes=0, partitions=4):
    """On a data directory whose program was killed under load: ready when /readyz says so."""
    @contextlib.contextmanager
    def prepare(build, folder):
        system = program.system_with(partitions, folder)
        with program.up(build, folder, system) as leat:
            if leat is None:
                yield {"Leat": missing("there is no build/leat")}
                return
            program.fill(leat)
            data = leat.data
        if megabytes:
            run(build / "bench/fill", data, timeout=3600, partitions=partitions, events=megabytes * 1000, bytes=RECORD_BYTES - 230)
        with program.up(build, folder, system, keep=True) as leat:
            leat.wait_until_ready()
            program.kill_under_load(build, folder, leat, 0.5)

        def once(seconds):
            begun = time.monotonic()
            with program.up(build, folder, system, keep=True) as leat:
                leat.wait_until_ready()
                ready = time.monotonic() - begun
                out = {"ready_ms": ready * 1000, "rss_mb": leat.resident_mb(), "log_mb": program.bytes_below(data / "log") / 1e6}
                program.kill_under_load(build, folder, leat, seconds)
            return out
        yield {"Leat": once}
        shutil.rmtree(data, ignore_errors=True)
    return prepare


def rebuild(events):
    """A read model of 200,000 rows filled anew, beside the slower of the two things that it cannot do without."""
    @contextlib.contextmanager
    def prepare(build, folder):
        system = HERE / "projection"
        with program.up(build, folder, system) as leat:
            if leat is None:
                yield {"Leat": missing("there is no build/leat")}
                return
            data = leat.data
        run(build / "bench/fill", data, timeout=3600, events=events, bytes=100, keys="random", type="person.named")
        with program.up(build, folder, system, keep=True) as leat:
            leat.wait_until_ready()

            def product(_):
                cpu = leat.cpu_seconds()
                seconds = leat.rebuild("names", "names")
                return {"seconds": seconds, "per_second": events / seconds, "cpu_us": (leat.cpu_seconds() - cpu) / events * 1e6}

            def limit(_):
                scan = run(build / "bench/limit_scan", data / "log", timeout=3600)
                bare = run(build / "bench/limit_upsert", folder, timeout=3600, keys="random", bytes=100, events=events)
                return max(scan, bare, key=lambda outcome: outcome["seconds"]) | {"scan_seconds": scan["seconds"], "bare_seconds": bare["seconds"]}
            yield {"Leat": product, "the slower of a scan with CRC and a bare loop": limit}
        shutil.rmtree(data, ignore_errors=True)
    return prepare


def mixed(produced, asked):
    """Events told at the bus and projected while queries are answered, beside the two one after the other."""
    @contextlib.contextmanager
    def prepare(build, folder):
        process = subprocess.Popen(command(build / "bench/mixed", folder, system=HERE / "system"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True)

        def tell(words):
            process.stdin.write(words + "\n")
            process.stdin.flush()

        @contextlib.contextmanager
        def production(out):
            tell(f"produce {produced}")
            yield
            tell("rest")
            said = json.loads(process.stdout.readline())
            out |= {"produced": said["per_second"], "lag_events": said["lag_events"]}

        def both(seconds):
            held = {}
            with production(held), program.cores(server, held):
                queries = ask(seconds)
            return queries | held

        def parts(seconds):
            held, alone = {}, {}
            with program.cores(server, alone):
                queries = ask(seconds)
            with production(held), program.cores(server, held):
                time.sleep(seconds)
            return queries | held | {"cores": held["cores"] + alone["cores"]}
        try:
            server = program.Server(process, json.loads(process.stdout.readline())["port"])
            program.fill(server)
            ask = program.load(build, folder, server, path="/posts/{}", keys=POSTS, connections=32, rate=asked)
            yield {"Leat": both, "one after the other": parts}
        finally:
            process.stdin.close()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            shutil.rmtree(f"{folder}/mixed", ignore_errors=True)
    return prepare


@contextlib.contextmanager
def soaked(build, folder):
    with program.up(build, folder) as leat:
        if leat is None:
            yield {"Leat": missing("there is no build/leat")}
            return
        program.fill(leat)
        first = {}

        def last_minute(_):
            first["minute"], last = soak.run(build, folder, leat, lambda line: print(line, file=sys.stderr, flush=True))
            return last
        yield {"Leat": last_minute, "its first minute at that rate": lambda _: first["minute"]}
