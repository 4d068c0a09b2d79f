#!/usr/bin/env python3
"""When the master dies, nothing of its children stays: not even a process that hangs in a plugin's create, where it cannot see
that its control channel is closed. No broker is needed."""

import os
import pathlib
import signal
import subprocess
import time

BUILD = os.environ["PAWL_BUILD"]


def children(pid):
    """Processes of that parent that have not ended."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text(encoding="utf-8").rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(stat.parent.name))
    return found


def runs(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(what, found, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


def main():
    home = os.getcwd()
    pathlib.Path("plugins.d").mkdir()
    pathlib.Path("pawl.conf").write_text(f'state_dir = "{home}/state"; run_dir = "{home}/run"; kafka = {{ brokers = "127.0.0.1:1"; }};\n',
                                         encoding="utf-8")
    pathlib.Path("plugins.d/hangs.conf").write_text(
        f'plugin = "{BUILD}/tests/plugins/hostile_hangs.so"; topics = ["t"]; group = "g";\n', encoding="utf-8")
    with subprocess.Popen([f"{BUILD}/core/pawld", "--config", "pawl.conf"], stdin=subprocess.DEVNULL) as master:
        worker = wait_for("a worker is in create", lambda: in_create(master.pid))
        time.sleep(0.3)
        os.kill(master.pid, signal.SIGKILL)
        master.wait()
    wait_for(f"process {worker}, whose master is gone, has ended", lambda: not runs(worker), 5)


def in_create(master):
    """The worker (not the trial, which creates nothing before a start) that has loaded the plugin: create is what comes next."""
    for pid in children(master):
        try:
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if b"--trial" not in words and "/state/builds/" in pathlib.Path(f"/proc/{pid}/maps").read_text(encoding="utf-8"):
                return pid
        except (FileNotFoundError, ProcessLookupError):
            continue
    return None


main()
