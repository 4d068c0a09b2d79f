#!/usr/bin/env python3
"""The admin interface: every request, and clients that are slow, rude or gone."""

import json
import os
import re
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from puppets import UnixConnection, contains, equal, run, wait_for  # noqa: E402

COMMANDS = "/v1/plugins/audit/commands"


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def status_tells_all(make):
    host = make(audit='text = "works";').start()
    host.write("plugins.d/off.conf", 'enabled = false; plugin = "audit"; group = "off"; topics = ["request-events"];')
    host.reload()
    status = host.status()
    equal("state", (status["state"], status["healthy"], status["pid"]), ("running", True, host.process.pid))
    with open(host.dir + "/state/host_id", encoding="utf-8") as file:
        equal("host id", status["host_id"], file.read().strip())
    worker = status["plugins"][0]["workers"][0]
    equal("partition", worker["partitions"][0], {"topic": "request-events", "partition": 0, "state": "reading", "position": 12,
                                                 "committed": 10, "end": 15, "lag": 5, "in_hand": 2})
    equal("counter", worker["counters"]["events_handled"], 7)
    equal("disabled", [(p["name"], p["enabled"], p["workers"]) for p in status["plugins"]][1], ("off", False, []))
    equal("last reload", status["last_reload"]["ok"], True)
    equal("health", host.request("GET", "/healthz"), (200, "ok\n"))


def metrics_are_prometheus_text(make):
    host = make(audit="", hr="").start()
    text = host.request("GET", "/metrics")[1]
    seen, family = set(), None
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            family = line.split()[2]
            assert family not in seen, f"two families of one name: {family}"
            seen.add(family)
        elif not line.startswith("#"):
            match = re.fullmatch(r'([a-z_:]+)(?:\{(?:[a-z_]+="[^"\\]*",?)*\})? (NaN|[+-]?Inf|[-+0-9.e]+)', line)
            assert match, f"no sample: {line!r}"
            assert match[1].startswith(family), f"{match[1]} stands in the family {family}"
    contains("counter", text, 'pawl_events_handled_total{plugin="audit",instance="0"} 7\n')
    contains("lag", text, 'pawl_partition_lag{plugin="hr",instance="0",topic="request-events",partition="0"} 5\n')
    contains("histogram", text, 'pawl_handler_seconds_bucket{plugin="audit",instance="0",le="+Inf"} 0\n')
    contains("up", text, 'pawl_worker_up{plugin="audit",instance="0"} 1\n')


def wrong_requests_are_told(make):
    host = make(audit="").start()
    equal("unknown page", host.request("GET", "/v1/stats")[0], 404)
    equal("wrong method", host.request("GET", "/v1/reload")[0], 405)
    equal("no level", host.request("POST", "/v1/log-level", {"level": "loud"})[0], 400)
    contains("no level", host.request("POST", "/v1/log-level", {"level": "loud"})[1], "loud")
    equal("no argv", host.request("POST", COMMANDS, {"argv": "echo"})[0], 400)
    equal("unknown plugin", host.request("POST", "/v1/plugins/hr/commands", {"argv": ["echo"]})[0], 404)
    equal("unknown instance", host.request("POST", COMMANDS + "?instance=7", {"argv": ["echo"]})[0], 404)
    equal("too large", host.request("POST", COMMANDS, {"argv": ["x" * 70000]})[0], 413)


def log_level_reaches_the_workers(make):
    host = make(audit="").start()
    equal("answer", host.request("POST", "/v1/log-level", {"level": "info"})[0], 200)
    wait_for("the worker has it", lambda: "puppet audit/0: log level info" in host.log())
    equal("status", host.status()["log_level"], "info")
    os.kill(host.worker("audit")["pid"], 9)
    wait_for("the next worker has it too", lambda: host.log().count("puppet audit/0: log level info") == 2)


def commands_stream_and_end_with_a_status(make):
    host = make(audit="").start()
    status, text = host.request("POST", COMMANDS, {"argv": ["echo", "привет", "two"]})
    equal("echo", (status, lines(text)), (200, [{"text": "привет\n"}, {"text": "two\n"}, {"status": 0}]))
    equal("exit", lines(host.request("POST", COMMANDS, {"argv": ["exit", "3"]})[1]), [{"status": 3}])
    text = host.request("POST", COMMANDS, {"argv": ["flood", "5000"]})[1]
    equal("a large answer is whole", [int(item["text"]) for item in lines(text)[:-1]], list(range(5000)))
    found = lines(host.request("POST", COMMANDS, {"argv": ["crash"]})[1])
    contains("a worker that dies", found[0]["error"], "SIGABRT")
    wait_for("it is back", host.serving)


def slow_client_stops_nobody(make):
    host = make(audit="", hr="").start()
    slow = UnixConnection(host.dir + "/run/admin.sock")
    slow.request("POST", COMMANDS, body=json.dumps({"argv": ["flood", "20000"]}))  # 20 MB that nobody reads
    began = time.monotonic()
    for _ in range(20):
        host.status()
    assert time.monotonic() - began < 10, "status waits for a slow client"
    with open(f"/proc/{host.process.pid}/status", encoding="utf-8") as file:
        memory = int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])
    assert memory < (400 if "asan" in os.environ["PAWL_BUILD"] else 60) * 1024, f"the master keeps {memory} KiB"
    found = lines(slow.getresponse().read().decode())
    equal("what was waiting is whole", len(found), 20001)
    # One that goes away in the middle takes nothing with it.
    gone = UnixConnection(host.dir + "/run/admin.sock")
    gone.request("POST", COMMANDS, body=json.dumps({"argv": ["flood", "20000"]}))
    gone.close()
    equal("the next command", lines(host.request("POST", COMMANDS, {"argv": ["echo", "x"]})[1])[0], {"text": "x\n"})
    equal("exit status", host.stop(), 0)


def half_requests_and_many_connections(make):
    host = make(audit="").start()
    path = host.dir + "/run/admin.sock"
    rude = []
    for number in range(40):
        client = socket.socket(socket.AF_UNIX)
        client.connect(path)
        client.send(b"GET /v1/sta" if number % 2 else b"\x00\xff nonsense\r\n\r\n")
        rude.append(client)
    equal("status", host.request("GET", "/healthz")[0], 200)
    for client in rude:
        client.close()
    equal("exit status", host.stop(), 0)


def client_that_goes_during_a_reload(make):
    host = make(audit='swap = "handover"; drain = "500ms";').start()
    host.plugin("audit", 'swap = "handover"; drain = "500ms"; text = "new";')
    client = UnixConnection(host.dir + "/run/admin.sock")
    client.request("POST", "/v1/reload")
    wait_for("it has begun", lambda: "handover 1" in host.log())
    client.close()
    wait_for("it ends all the same", lambda: host.status()["plugins"][0]["workers"][0].get("work") == "new")


def tcp_only_reads(make):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    host = make(host=f'admin = {{ listen = "127.0.0.1:{port}"; }};', audit="").start()

    def ask(method, path):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            return int(client.makefile("rb").readline().split()[1])

    equal("metrics", ask("GET", "/metrics"), 200)
    equal("status", ask("GET", "/v1/status"), 200)
    equal("reload", ask("POST", "/v1/reload"), 403)
    equal("drain", ask("POST", "/v1/drain"), 403)


def drain_answers_when_all_have_ended(make):
    host = make(audit='drain = "400ms";').start()
    answers = []
    thread = threading.Thread(target=lambda: answers.append(host.request("POST", "/v1/drain")))
    thread.start()
    wait_for("it stops", lambda: host.status()["state"] == "stopping")
    equal("a reload meanwhile", host.request("POST", "/v1/reload")[0], 503)
    thread.join()
    equal("answer", (answers[0][0], json.loads(answers[0][1])), (200, {"ok": True}))
    equal("exit status", host.process.wait(5), 0)


run([status_tells_all, metrics_are_prometheus_text, wrong_requests_are_told, log_level_reaches_the_workers,
     commands_stream_and_end_with_a_status, slow_client_stops_nobody, half_requests_and_many_connections,
     client_that_goes_during_a_reload, tcp_only_reads, drain_answers_when_all_have_ended])
