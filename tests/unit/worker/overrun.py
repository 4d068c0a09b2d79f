#!/usr/bin/env python3
"""A handler past its deadline: the log's line names its event, and status says how long it has been running; and the committed offset
is shown from the assignment on, before anything new is committed."""

import json
import os
import pathlib
import signal
import subprocess
import sys

SLOW = "00000000-0000-4000-8000-000000000002"
SOURCE, BUILD = os.environ["PAWL_SOURCE"], os.environ["PAWL_BUILD"]
sys.path.insert(0, SOURCE + "/tests/unit/master")
from puppets import contains, equal, wait_for  # noqa: E402


def ctl(*arguments):
    return subprocess.run([BUILD + "/tools/pawlctl", "--config", "pawl.conf", *arguments], capture_output=True, text=True,
                          timeout=60, check=False)


def worker():
    done = ctl("status", "--json")
    plugins = json.loads(done.stdout)["plugins"] if done.returncode == 0 else []
    return plugins[0]["workers"][0] if plugins and plugins[0]["workers"] else {}


def partition(number):
    """Its row, once the worker has told its offsets, which it does now and then."""
    rows = [p for p in worker().get("partitions", [])
            if p["partition"] == number and p["state"] == "reading" and p["position"] is not None]
    return rows[0] if rows else None


def publish(event):
    done = ctl("publish", "--topic", "slow", "--any", "--json", json.dumps({"event_type": "made", "request_id": 1, **event}))
    equal("published", (done.returncode, done.stderr), (0, ""))


def write_files(brokers):
    home = os.getcwd()
    pathlib.Path("plugins.d").mkdir()
    pathlib.Path("pawl.conf").write_text(
        f'state_dir = "{home}/state"; run_dir = "{home}/run"; log = {{ format = "logfmt"; }};\n'
        f'kafka = {{ brokers = "{brokers}"; static_membership = false; }};\n', encoding="utf-8")
    pathlib.Path("plugins.d/recorder.conf").write_text(
        f'enabled = true; plugin = "{BUILD}/tests/plugins/recorder.so"; group = "g"; topics = ["slow"]; deadline = "1s";\n'
        f'kafka_properties = ["session.timeout.ms=4000", "heartbeat.interval.ms=300"];\n'  # a mock group waits that long for a join
        f'commit_interval = "20ms"; settings = {{ file = "{home}/effects"; }};\n', encoding="utf-8")


def pawld(log):
    return subprocess.Popen([BUILD + "/core/pawld", "--config", "pawl.conf"], stdin=subprocess.DEVNULL, stderr=log)


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait(20)


def test(log):
    process = pawld(log)
    try:
        wait_for("it reads", lambda: partition(0), 20)
        publish({"event_id": "00000000-0000-4000-8000-000000000001"})
        wait_for("the quick one is committed", lambda: partition(0)["committed"] == 1)
        publish({"event_id": SLOW, "sleep_ms": 6000})
        work = wait_for("the deadline is passed", lambda: "past its deadline" in worker()["work"] and worker()["work"])
        contains("work", work, "slow/0 has stood at offset 1 for")
        contains("work", work, "its handler on_any runs for")
        contains("work", work, "past its deadline of 1 s")
        wait_for("the slow one is committed", lambda: partition(0)["committed"] == 2)
    finally:
        stop(process)
    process = pawld(log)
    try:
        row = wait_for("it reads again", lambda: partition(0), 20)
        equal("committed, as it was fetched", row["committed"], 2)
    finally:
        stop(process)


def main():
    broker = subprocess.Popen([BUILD + "/tools/pawl-broker", "--topic", "slow:1"], stdout=subprocess.PIPE, stdin=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
    try:
        write_files(broker.stdout.readline().strip().split("=", 1)[1])
        with open("log", "wb") as log:
            test(log)
        lines = pathlib.Path("log").read_text(encoding="utf-8").splitlines()
        said = [line for line in lines if "its deadline is 1000 ms" in line and f"event_id={SLOW}" in line]
        equal("lines on the slow one's deadline", len(said), 1)
        contains("the line", said[0], "handler=on_any")
    finally:
        broker.kill()
        broker.wait()


main()
