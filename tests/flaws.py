#!/usr/bin/env python3
"""The table of tests/README.md that names, for each flaw of the replaced system, the tests that disprove it: every test that it names
exists. `suite::name` is a Criterion test in the sources, anything else a test that ctest knows.

  tests/flaws.py ROOT BUILD
"""
import pathlib
import re
import subprocess
import sys

FLAWS = 6


def criterion_tests(root):
    found = set()
    for folder in ("tests", "plugins", "core", "tools"):
        for source in (root / folder).rglob("*.c"):
            found.update(re.findall(r"^Test\((\w+),\s*(\w+)", source.read_text(encoding="utf-8"), re.M))
    return {f"{suite}::{name}" for suite, name in found}


def ctest_tests(build):
    listing = subprocess.run(["ctest", "--test-dir", build, "-N"], check=True, text=True, stdout=subprocess.PIPE).stdout
    return set(re.findall(r"^\s*Test\s+#\d+: (\S+)", listing, re.M))


def main():
    root, build = pathlib.Path(sys.argv[1]), sys.argv[2]
    text = (root / "tests" / "README.md").read_text(encoding="utf-8")
    table = text.partition("## The replaced system's flaws")[2]
    rows = [row for row in re.findall(r"^\| (.*) \|$", table, re.M) if "`" in row]
    known = criterion_tests(root) | ctest_tests(build)
    missing = [name for row in rows for name in re.findall(r"`([^`]+)`", row.rpartition(" | ")[2]) if name not in known]
    for name in missing:
        print(f"tests/README.md: there is no test {name}")
    if len(rows) != FLAWS:
        print(f"tests/README.md: expected {FLAWS} flaws with tests, found {len(rows)}")
    return 1 if missing or len(rows) != FLAWS else 0


sys.exit(main())
