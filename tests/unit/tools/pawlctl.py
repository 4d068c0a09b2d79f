#!/usr/bin/env python3
"""pawlctl over a daemon with puppet workers (tests/unit/master) and over the embedded broker."""

import json
import os
import subprocess
import sys
import threading

SOURCE, BUILD = os.environ["PAWL_SOURCE"], os.environ["PAWL_BUILD"]
sys.path.insert(0, SOURCE + "/tests/unit/master")
from puppets import contains, equal, run, wait_for  # noqa: E402

EVENT = {"event_type": "workflow.work_started", "request_id": 1, "contractor_id": 2}


def ctl(*arguments, text=None):
    return subprocess.run([BUILD + "/tools/pawlctl", *arguments], input=text, capture_output=True, text=True, timeout=60,
                          check=False)


def on(host, *arguments):
    return ctl("--config", host.dir + "/pawl.conf", *arguments)


class Broker:
    def __enter__(self):
        self.process = subprocess.Popen([BUILD + "/tools/pawl-broker", "--topics", SOURCE + "/etc/topics.conf"],
                                        stdout=subprocess.PIPE, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return self.process.stdout.readline().strip().split("=", 1)[1]

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stdin.close()


def help_names_every_command(_make):
    done = ctl("help")
    equal("exit status", done.returncode, 0)
    for name in ("status", "reload", "drain", "log-level", "topics", "publish", "consume", "schema", "pawlctl PLUGIN"):
        contains("help", done.stdout, name)
    equal("no command", ctl().returncode, 2)
    equal("unknown option", ctl("status", "--nonsense").returncode, 2)
    contains("version", ctl("--version").stdout, "pawlctl ")
    contains("help of one", ctl("consume", "--help").stdout, "--follow")


def daemon_that_is_not_there_is_said_in_words(make):
    host = make(audit="")
    for arguments in (["status", "--json"], ["reload"], ["drain"], ["log-level", "debug"]):
        done = on(host, *arguments)
        equal(f"exit status of {arguments}", done.returncode, 1)
        contains("text", done.stderr, f"pawld does not answer on {host.dir}/run/admin.sock")
    equal("a plugin's command", on(host, "audit", "verify").returncode, 125)
    # Where the configuration is broken, the path is a guess, and that is said too.
    host.write("pawl.conf", f'run_dir = "{host.dir}/run";\nkafka = {{ brokers = 5\n')
    for arguments in (["status"], ["reload"]):
        done = on(host, *arguments)
        contains("text", done.stderr, f"pawld does not answer on {host.dir}/run/admin.sock")
        contains("text", done.stderr, f"the configuration has errors (pawld --check --config {host.dir}/pawl.conf shows all")


def status_shows_what_runs(make):
    host = make(audit='text = "counting";').start()
    done = on(host, "status", "--no-groups", "--partitions")
    equal("exit status", done.returncode, 0)
    contains("worker", done.stdout, "audit/0                serving")
    contains("partition", done.stdout, "request-events/0: reading, position 12, committed 10, end 15, lag 5, in hand 2")
    equal("json", json.loads(on(host, "status", "--json").stdout)["plugins"][0]["name"], "audit")


def reload_waits_and_tells(make):
    host = make(audit='text = "old";').start()
    contains("nothing", on(host, "reload").stdout, "nothing changed")
    host.plugin("audit", 'text = "new";')
    done = on(host, "reload")
    equal("exit status", done.returncode, 0)
    contains("outcome", done.stdout, "✅ audit: beside (settings)")
    host.plugin("audit", 'trial = "refuse";')
    done = on(host, "reload", "audit")
    equal("refused", done.returncode, 1)
    contains("refused", done.stderr, "error: create: the database is away")
    # The daemon is found, and says what is wrong, also when the main file is broken.
    host.write("pawl.conf", f'run_dir = "{host.dir}/run";\nkafka = {{ brokers = 5\n')
    done = on(host, "reload")
    equal("broken", done.returncode, 1)
    contains("broken", done.stderr, "pawl.conf:3")


def commands_of_plugins_give_their_output_and_status(make):
    host = make(audit="").start()
    done = on(host, "audit", "echo", "--json", "два")
    equal("echo", (done.returncode, done.stdout), (0, "--json\nдва\n"))
    equal("status", on(host, "audit", "exit", "7").returncode, 7)
    done = on(host, "audit", "crash")
    equal("crash", done.returncode, 125)
    contains("crash", done.stderr, "SIGABRT")
    wait_for("it is back", host.serving)
    done = on(host, "nobody", "echo")
    equal("no plugin", done.returncode, 125)
    contains("no plugin", done.stderr, "neither a command of pawlctl's")


def drain_and_log_level(make):
    host = make(audit="").start()
    contains("level", on(host, "log-level", "warn").stdout, "log level: warn")
    equal("wrong level", on(host, "log-level", "loud").returncode, 1)
    equal("drain", on(host, "drain").returncode, 0)
    equal("pawld", host.process.wait(5), 0)


def publish_counts_and_consume_shows(_make):
    with Broker() as brokers:
        def kafka(*arguments, text=None):
            return ctl("--brokers", brokers, *arguments, text=text)

        contains("topics", kafka("topics", "list").stdout, "request-events")
        lines = [json.dumps({**EVENT, "request_id": n % 50, "contractor_id": n}) for n in range(20000)]
        done = kafka("publish", text="\n".join(lines[:10000] + ["", "nonsense"] + lines[10000:]))
        equal("one of them is nonsense", (done.returncode, done.stdout), (1, "📤 20000 delivered, 1 failed\n"))
        contains("line", done.stderr, "line 10002: expected a JSON object")
        found = [json.loads(line) for line in kafka("consume", "--topic", "workflow-events", "--json").stdout.splitlines()]
        equal("count", len(found), 20000)
        by_key = {}
        for event in found:
            equal("key", event["key"], str(event["value"]["request_id"]))
            by_key.setdefault(event["key"], []).append(event)
        for key, events in by_key.items():
            equal(f"partitions of key {key}", len({e["partition"] for e in events}), 1)
            order = [e["value"]["contractor_id"] for e in sorted(events, key=lambda e: e["offset"])]
            equal(f"order of key {key}", order, sorted(order))
        equal("ids differ", len({e["value"]["event_id"] for e in found}), 20000)
        done = kafka("consume", "--topic", "workflow-events", "--key", "7", "--count", "3", "--type", "workflow.*")
        equal("pretty", done.stdout.count("key 7\n"), 3)
        equal("none of that type", kafka("consume", "--topic", "workflow-events", "--type", "request.*").stdout, "")
        equal("over several lines", kafka("publish", "-", text=json.dumps(EVENT, indent=2)).returncode, 0)
        equal("argument", kafka("publish", "--json", json.dumps(EVENT)).stdout, "📤 1 delivered, 0 failed\n")
        equal("missing file", kafka("publish", "/no/such/file").returncode, 1)


def publish_partitions_as_java_does(_make):
    """murmur2 of the key, as the producers that exist: the partition of some keys on six partitions."""
    event = {"event_type": "request.cancelled", "customer_id": 1, "cancelled_by": 1, "cancellation_reason": "x"}
    with Broker() as brokers:
        lines = "\n".join(json.dumps({**event, "request_id": n}) for n in range(100))
        equal("publish", ctl("--brokers", brokers, "publish", text=lines).returncode, 0)
        out = ctl("--brokers", brokers, "consume", "--topic", "request-events", "--json").stdout
        for line in out.splitlines():
            found = json.loads(line)
            equal(f"partition of {found['key']}", found["partition"], (murmur2(found["key"].encode()) & 0x7FFFFFFF) % 6)


def murmur2(data):
    """org.apache.kafka.common.utils.Utils.murmur2"""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = 0x9747B28C ^ len(data)
    for i in range(0, len(data) & ~3, 4):
        k = int.from_bytes(data[i:i + 4], "little") * m & mask
        h = (h * m & mask) ^ ((k ^ k >> 24) * m & mask)
    rest = data[len(data) & ~3:]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def follow_sees_what_comes(_make):
    with Broker() as brokers:
        follower = subprocess.Popen([BUILD + "/tools/pawlctl", "--brokers", brokers, "consume", "--topic", "workflow-events",
                                     "--follow", "--from", "beginning", "--count", "2", "--json"], stdout=subprocess.PIPE,
                                    text=True)
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(follower.stdout))
        reader.start()
        for _ in range(2):
            ctl("--brokers", brokers, "publish", "--json", json.dumps(EVENT))
        equal("exit status", follower.wait(20), 0)
        reader.join()
        follower.stdout.close()
        equal("lines", len(lines), 2)


def cluster_that_is_away_is_said_in_words(_make):
    away = ("--brokers", "127.0.0.1:1")
    done = ctl(*away, "publish", "--timeout", "1s", "--json", json.dumps(EVENT))
    equal("publish", (done.returncode, done.stdout), (1, "📤 0 delivered, 1 failed\n"))
    contains("publish", done.stderr, "the cluster does not answer")


run([help_names_every_command, daemon_that_is_not_there_is_said_in_words, status_shows_what_runs, reload_waits_and_tells,
     commands_of_plugins_give_their_output_and_status, drain_and_log_level, publish_counts_and_consume_shows,
     publish_partitions_as_java_does, follow_sees_what_comes, cluster_that_is_away_is_said_in_words])
