#!/usr/bin/env python3
"""Holds every #include in src/ against the USES lists of src/CMakeLists.txt.

A room may include itself and what its list reaches (directly or by way of a room it uses). Some foreign headers belong to
one room alone. Tests beside the code may also use platform's simulated world and whatever their room's TEST_USES names.
"""
import pathlib
import re
import sys
import tempfile

OWNED = {  # foreign include prefix -> the only rooms that may use it
    "boost/beast": {"http"},
    "boost/asio": {"http"},
    "sqlite3.h": {"database"},
    "yaml-cpp": {"definition"},
    "valijson": {"schema"},
    "prometheus": {"telemetry"},
    "spdlog": {"telemetry"},
    "CLI/": {"app"},
    "sodium.h": {"database"},
}


def rooms_of(cmake: str):
    rooms = {}
    for call in re.finditer(r"leat_room\((\w+)([^)]*)\)", cmake):
        words, section, lists = call.group(2).split(), None, {}
        for word in words:
            if word in ("USES", "LIBRARIES", "TEST_USES"):
                section = word
            elif section:
                lists.setdefault(section, []).append(word)
        rooms[call.group(1)] = (lists.get("USES", []), lists.get("TEST_USES", []))
    return rooms


def reach(rooms, start):
    seen, todo = set(), list(start)
    while todo:
        room = todo.pop()
        if room not in seen:
            seen.add(room)
            todo += rooms[room][0] if room in rooms else []
    return seen


def check(root: pathlib.Path):
    rooms = rooms_of((root / "src/CMakeLists.txt").read_text())
    problems = []
    for path in sorted((root / "src").rglob("*")):
        if path.suffix not in (".h", ".cpp"):
            continue
        room = path.relative_to(root / "src").parts[0]
        if room == "main.cpp":
            room = "app"
        if room not in rooms:
            problems.append(f"{path}: '{room}' is not a room of src/CMakeLists.txt")
            continue
        allowed = reach(rooms, rooms[room][0]) | {room}
        if path.name.endswith("_test.cpp"):
            allowed |= reach(rooms, rooms[room][1])
        for number, line in enumerate(path.read_text().splitlines(), 1):
            include = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if not include:
                continue
            kind, name = include.groups()
            if kind == '"' and name.split("/")[0] not in allowed:
                problems.append(f"{path}:{number}: {room} may not include {name}")
            for prefix, owners in OWNED.items():
                if name.startswith(prefix) and room not in owners:
                    problems.append(f"{path}:{number}: only {', '.join(sorted(owners))} may include {name}")
    return problems


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for room in ("low", "high"):
            (root / "src" / room).mkdir(parents=True)
        (root / "src/CMakeLists.txt").write_text("leat_room(low)\nleat_room(high USES low)\n")
        (root / "src/high/a.cpp").write_text('#include "low/b.h"\n')
        assert not check(root), check(root)
        (root / "src/low/b.h").write_text('#include "high/a.h"\n#include <sqlite3.h>\n')
        assert len(check(root)) == 2, check(root)
    print("layers: the check finds what it should")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    else:
        found = check(pathlib.Path(sys.argv[1]))
        print("\n".join(found) or "layers: every include is allowed")
        sys.exit(1 if found else 0)
