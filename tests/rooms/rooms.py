#!/usr/bin/env python3
"""Holds the rooms of the tree apart: dependencies point one way, each foreign library's headers stay in their rooms,
and a file stays short enough to be one concept. Reads the #include lines; prints every breach with file and line."""
import os
import re
import sys

# A room of core/ and the rooms that it may include besides itself.
ROOMS = {
    "base": set(),
    "config": {"base"},
    "engine": {"base"},
    "kafka": {"base"},
    "plugin": {"base"},
    "worker": {"engine", "kafka", "plugin", "config", "base"},
    "master": {"config", "base"},
}
# Other parts, by the longest matching path, and the rooms of core/ that they may include.
PARTS = {
    "core/pawld": {"worker", "master", "config", "base"},
    "plugins/": set(),
    "tests/plugins/": set(),
    "tests/plugins/test": set(ROOMS),
    "tests/plugins/describe": {"plugin", "base"},
    "tests/plugins/domains": {"base"},
    "tests/plugins/observe": {"base"},
    "tests/plugins/story": {"base"},
    "include/": set(),
    "tools/pawlctl": {"kafka", "config", "base"},
    "tools/broker": {"config", "base"},
    "tests/": set(ROOMS),
}
# A foreign header and the places that may include it; a test of such a place may too.
FOREIGN = {
    r"librdkafka/": ["core/kafka/", "tools/broker/", "tests/kafka/", "tests/bench/", "tests/fault/"],
    r"libconfig": ["core/config/"],
    r"dlfcn\.h": ["core/plugin/"],
    r"jansson\.h": ["core/worker/", "core/base/channel", "core/master/", "tools/pawlctl", "plugins/",
                    "include/pawl/jansson.h", "tests/"],
    r"microhttpd": ["core/master/", "plugins/gateway/", "tests/"],
    r"curl/": ["plugins/notifications/", "tools/pawlctl", "tests/"],
    r"sqlite3\.h": ["plugins/", "tests/"],
    r"systemd/": ["core/master/"],
    r"(cairo|pango)": ["plugins/hr/"],
    r"glib\.h": ["plugins/notifications/", "plugins/hr/"],
}
# The engine is deterministic: nothing of the system that could make it otherwise.
ENGINE_SYSTEM = {"stdint.h", "stdbool.h", "stddef.h", "string.h", "stdlib.h", "assert.h"}
# What the public headers may pull in: the C library, and jansson only behind its own opt-in header.
PUBLIC_SYSTEM = re.compile(r"(assert|inttypes|stdarg|stdbool|stddef|stdint|stdio|stdlib|string)\.h|pawl/.*")
LONGEST = 500
# The contract with plugin makers is one file on purpose, most of it comments.
LONG_ON_PURPOSE = {"include/pawl/plugin.h"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def sources(root):
    for top in ("core", "include", "plugins", "tools", "tests"):
        for directory, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                if name.endswith((".c", ".h", ".cc", ".cpp")):
                    yield os.path.relpath(os.path.join(directory, name), root)


def allowed_rooms(path):
    parts = path.split("/")
    if parts[0] == "core" and parts[1] in ROOMS:
        return ROOMS[parts[1]] | {parts[1]}
    matches = [part for part in PARTS if path.startswith(part)]
    return PARTS[max(matches, key=len)] if matches else set()


def tested_place(path):
    """tests/unit/kafka/x.c tests core/kafka/x.c."""
    return re.sub(r"^tests/unit/", "core/", path)


def breaches_of_include(path, bracket, header):
    room = header.split("/")[0]
    if bracket == '"' and "/" in header and room in ROOMS and room not in allowed_rooms(path):
        yield f"{path} may include {sorted(allowed_rooms(path)) or 'no room of core'}, found \"{header}\""
    for pattern, places in FOREIGN.items():
        if re.match(pattern, header) and not tested_place(path).startswith(tuple(places)) \
                and not path.startswith(tuple(places)):
            yield f"<{header}> belongs to {', '.join(places)}"
    if path.startswith("core/engine/") and bracket == "<" and header not in ENGINE_SYSTEM:
        yield f"the engine may include {', '.join(sorted(ENGINE_SYSTEM))} of the system, found <{header}>"
    if path.startswith("include/") and path != "include/pawl/jansson.h" and not PUBLIC_SYSTEM.fullmatch(header):
        yield f"a public header may include the C library and pawl/, found <{header}>"


def breaches(root):
    for path in sources(root):
        with open(os.path.join(root, path), encoding="utf-8") as file:
            lines = file.read().splitlines()
        if len(lines) > LONGEST and path not in LONG_ON_PURPOSE:
            yield f"{path}: {len(lines)} lines, expected at most {LONGEST}"
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            if match:
                for breach in breaches_of_include(path, *match.groups()):
                    yield f"{path}:{number}: {breach}"


def main():
    found = list(breaches(sys.argv[1]))
    print("\n".join(found) or "the rooms are apart")
    return 1 if found else 0


sys.exit(main())
