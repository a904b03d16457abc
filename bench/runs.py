"""Running the programs of this folder."""
import json
import subprocess

before_each = []  # words before each command, e.g. chrt


class Missing(Exception):
    """This cannot be measured here, and why."""


def run(program, folder, timeout=120, **options):
    """Runs a benchmark program and reads its line of JSON."""
    done = subprocess.run(command(program, folder, **options), capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        raise ValueError(f"{program.name}: {done.stderr.strip()[-400:]}")
    return json.loads(done.stdout.splitlines()[-1])


def command(program, folder, **options):
    if not program.exists():
        raise Missing(f"{program.name} is not built")
    return before_each + [str(program), f"--dir={folder}"] + [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]


def times(outcome, factor):
    """The same measurement counted in smaller operations."""
    return outcome | {"per_second": outcome["per_second"] * factor, "cpu_us": outcome["cpu_us"] / factor}


def missing(why):
    def nothing(_seconds):
        raise Missing(why)
    return nothing
