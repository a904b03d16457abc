"""A long campaign: is the last minute like the first?

The whole chain (command, event, read model, query: bench/freshness) is loaded as fast as it goes for a first minute, then with
60 % of what that reached, on a timetable, minute after minute.
"""
import dataclasses
import os
import time

import program
import runs

CONNECTIONS, SHARE = 16, 0.6
minutes = 30  # set by tools/bench --minutes


@dataclasses.dataclass
class Minute:
    """What a client saw, and what the program held at its end."""
    per_second: float
    p50_us: float
    p99_us: float
    cpu_us: float
    pace: float
    rss_mb: float
    wal_mb: float
    descriptors: int
    log_mb: float


def descriptors_of(server):
    """The fewest of a moment: the connections of the client before are closed when the program comes to it."""
    seen = []
    for _ in range(50):
        seen.append(len(os.listdir(f"/proc/{server.pid}/fd")))
        time.sleep(0.01)
    return min(seen)


def held_by(server):
    wals = (path.stat().st_size for path in (server.data / "services").rglob("*-wal"))
    return {"rss_mb": server.resident_mb(), "wal_mb": sum(wals) / 1e6, "descriptors": descriptors_of(server),
            "log_mb": program.bytes_below(server.data / "log") / 1e6}


def minute(build, folder, server, seconds, rate):
    seen = runs.run(build / "bench/freshness", folder, timeout=seconds + 120, port=server.port, pid=server.pid,
                    connections=CONNECTIONS, rate=rate, seconds=seconds)
    seen |= held_by(server)
    return Minute(**{field.name: seen[field.name] for field in dataclasses.fields(Minute)})


def lengths(all_minutes):
    """How many minutes and how many seconds each has: of a campaign too short for three the minutes are shorter."""
    count = max(3, round(all_minutes))
    return count, all_minutes * 60 / count


def campaign(build, folder, server):
    """Yields each minute; the first is the one without a timetable."""
    count, seconds = lengths(minutes)
    full = minute(build, folder, server, seconds, 0)
    yield full
    for _ in range(count - 1):
        yield minute(build, folder, server, seconds, full.per_second * SHARE)


def line(number, was):
    return (f"minute {number:>3}: {was.per_second:8,.0f}/s  p50 {was.p50_us:7,.0f} µs  p99 {was.p99_us:8,.0f} µs  CPU {was.cpu_us:6,.0f} µs  "
            f"pace {was.pace:4.0%}  RSS {was.rss_mb:6,.1f} MB  WAL {was.wal_mb:6,.1f} MB  {was.descriptors:3} descriptors  log {was.log_mb:7,.1f} MB")


def run(build, folder, server, tell):
    """The whole campaign, a line told for each minute; returns the first and the last of those on the timetable."""
    seen = []
    for was in campaign(build, folder, server):
        tell(line(len(seen), was) + ("  (as fast as it goes)" if not seen else ""))
        seen.append(was)
    return dataclasses.asdict(seen[1]), dataclasses.asdict(seen[-1])
