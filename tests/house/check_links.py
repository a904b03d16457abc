#!/usr/bin/python3
"""Every relative link in a document leads to a file that exists, and every #anchor to a heading of that file."""
import pathlib
import re
import sys
import tempfile

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")


def documents(root):
    for path in sorted(root.rglob("*.md")):
        parts = path.relative_to(root).parts
        if not any(p.startswith((".", "build")) or p == "node_modules" for p in parts):
            yield path


def without_code(text):
    """Blanks out fenced blocks and code spans, keeping line numbers."""
    text = re.sub(r"^```.*?^```", lambda m: "\n" * m.group().count("\n"), text, flags=re.M | re.S)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(path):
    headings = re.findall(r"^#+\s+(.*?)\s*$", path.read_text(), flags=re.M)
    slug = lambda h: re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", h).lower()).replace(" ", "-")
    return {slug(h) for h in headings}


def check(root):
    problems = []
    for path in documents(root):
        for number, line in enumerate(without_code(path.read_text()).splitlines(), 1):
            for target in LINK.findall(line):
                if re.match(r"[a-z]+:", target):
                    continue  # the network is no part of a test
                name, _, anchor = target.partition("#")
                file = (root / name.lstrip("/") if name.startswith("/") else path.parent / name) if name else path
                if not file.exists():
                    problems.append(f"{path}:{number}: {target} leads nowhere")
                elif anchor and file.suffix == ".md" and anchor not in anchors(file):
                    problems.append(f"{path}:{number}: {file.name} has no heading #{anchor}")
    return problems


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "a.md").write_text("# One `thing`\n[b](b.md) [self](#one-thing) [out](https://example.org/x)\n`[no](no.md)`\n")
        (root / "b.md").write_text("```\n[no](no.md)\n```\n")
        assert not check(root), check(root)
        (root / "b.md").write_text("[gone](gone.md)\n[deep](a.md#two)\n")
        assert [p.split(":")[1] for p in check(root)] == ["1", "2"], check(root)
    print("links: the check finds what it should")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    else:
        found = check(pathlib.Path(sys.argv[1]))
        print("\n".join(found) or "links: every one leads somewhere")
        sys.exit(1 if found else 0)
