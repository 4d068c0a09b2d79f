#!/usr/bin/env python3
"""Prints "PASSED FAILED" for a JUnit file of CTest's. A Criterion program counts as the tests that it ran."""
import re
import sys
import xml.etree.ElementTree as tree

SYNTHESIS = re.compile(r"Tested: (\d+) \| Passing: (\d+) \| Failing: (\d+) \| Crashing: (\d+)")


def counts(case):
    ok = case.get("status") == "run" and case.find("failure") is None
    match = None
    for match in SYNTHESIS.finditer(case.findtext("system-out") or ""):
        pass  # the last one is the program's own
    if match is None:
        return (1, 0) if ok else (0, 1)
    tested, passing = int(match[1]), int(match[2])
    if ok:
        return passing, 0
    return passing, max(1, tested - passing)


def main():
    cases = [counts(case) for case in tree.parse(sys.argv[1]).getroot().iter("testcase")]
    print(sum(passed for passed, _ in cases), sum(failed for _, failed in cases))


main()
