#!/usr/bin/python3
"""Time, chance, disk and threads are reached through src/platform alone, and no test waits by the clock.

A line that must break a rule says why in a comment `house: <rule> because ...`, with the rule's name from the table below.
"""
import pathlib
import re
import sys
import tempfile

CALLS = [  # rule, what is banned in src/, what to use instead, further folders where it is allowed
    ("time", r"\b(system_clock|steady_clock|high_resolution_clock)::now\b|\b(clock_gettime|gettimeofday)\s*\(|\bstd::time\s*\(",
     "platform::Clock", ()),
    ("chance", r"\bstd::random_device\b|\bstd::mt19937|\bgetrandom\s*\(|\b(s?rand)\s*\(\s*\)|\brandombytes_", "platform::Random", ()),
    ("disk", r"(?<![\w>])::(fsync|fdatasync|pwrite|pread|unlink|rename|ftruncate|fallocate|mkdir|open)\s*\(|\bstd::[io]?fstream\b",
     "platform::Files", ()),
    ("threads", r"\bstd::j?thread\b(?!::)|\bstd::async\b|\bpthread_create\b", "platform::Executors", ("http",)),
    ("sleep", r"\bsleep_(for|until)\b|\b(u|nano)?sleep\s*\(", "Executor::post_after", ()),
]
SLEEPS_IN_TESTS = [
    ("sleep", r"\bsleep_(for|until)\b|\b(u|nano)?sleep\s*\(|\btime\.sleep\b|\bsetTimeout\b",
     "a condition to wait for, or the simulated clock", ()),
]
CODE = (".cpp", ".h", ".py", ".ts", ".js", ".sh")


def strip_comments(line, suffix):
    return re.sub(r"#(?!\s*include).*" if suffix in (".py", ".sh") else r"//.*", "", line)


def rules_for(path):
    """`path` is relative to the root."""
    parts = path.parts
    if parts[0] == "tests" or path.name.endswith("_test.cpp"):
        return SLEEPS_IN_TESTS
    if parts[0] == "src" and parts[1] != "platform":
        return [rule for rule in CALLS if parts[1] not in rule[3]]
    return []


def check(root):
    problems = []
    for path in sorted(p for top in ("src", "tests") for p in (root / top).rglob("*") if p.suffix in CODE):
        if path.parent.name == "house":
            continue  # the tables above name what they ban
        rules = rules_for(path.relative_to(root))
        before = ""
        for number, line in enumerate(path.read_text().splitlines(), 1):
            code = strip_comments(line, path.suffix)
            for rule, pattern, instead, _ in rules:
                if re.search(pattern, code) and f"house: {rule} because" not in before + line:
                    problems.append(f"{path}:{number}: {rule}: use {instead} instead of: {line.strip()}")
            before = line
    return problems


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for room in ("platform", "log", "http"):
            (root / "src" / room).mkdir(parents=True)
        (root / "tests").mkdir()
        (root / "src/platform/clock.cpp").write_text("auto t = std::chrono::steady_clock::now();\n")
        (root / "src/http/server.cpp").write_text("std::thread t;\n")
        (root / "src/log/fine.cpp").write_text(
            "// never system_clock::now()\nfile->sync();\n// house: time because the user asked for it\nsteady_clock::now();\n")
        assert not check(root), check(root)
        bad = ["steady_clock::now()", "std::random_device r", "::fdatasync(fd)", "std::thread t", "sleep_for(1s)", "std::ofstream f"]
        (root / "src/log/bad.cpp").write_text(";\n".join(bad) + ";\n")
        (root / "src/log/bad_test.cpp").write_text("std::thread t;\nstd::this_thread::sleep_for(1s);\n")
        (root / "tests/bad.py").write_text("import time\ntime.sleep(1)\n")
        found = [p.removeprefix(str(root)).split(":")[:2] for p in check(root)]
        expected = [["/src/log/bad.cpp", str(i + 1)] for i in range(len(bad))]
        assert found == expected + [["/src/log/bad_test.cpp", "2"], ["/tests/bad.py", "2"]], found
    print("calls: the check finds what it should")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    else:
        found = check(pathlib.Path(sys.argv[1]))
        print("\n".join(found) or "calls: everything goes through src/platform, and no test sleeps")
        sys.exit(1 if found else 0)
