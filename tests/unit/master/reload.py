#!/usr/bin/env python3
"""Reload: what changed is tried, then swapped; what is refused changes nothing."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from puppets import contains, equal, run, wait_for  # noqa: E402


def nothing_changed_touches_nothing(make):
    host = make(audit="", hr="").start()
    pids = [host.worker("audit")["pid"], host.worker("hr")["pid"]]
    status, outcome = host.reload()
    equal("status", (status, outcome["ok"], outcome["text"]), (200, True, "nothing changed"))
    equal("workers", [host.worker("audit")["pid"], host.worker("hr")["pid"]], pids)
    assert "trial create" not in host.log()


def changed_settings_swap_beside(make):
    host = make(audit='swap = "beside"; text = "old";', hr="").start()
    pid = host.worker("audit")["pid"]
    host.plugin("audit", 'swap = "beside"; text = "new";')
    status, outcome = host.reload()
    report = host.report(outcome, "audit")
    equal("outcome", (status, report["ok"], report["action"]), (200, True, "beside"))
    contains("why", report["why"], "settings")
    equal("same process, new settings", (host.worker("audit")["pid"], host.worker("audit")["work"]), (pid, "new"))
    equal("generation", host.worker("audit")["generation"], 2)
    equal("unchanged", host.report(outcome, "hr")["action"], "unchanged")
    # A worker that dies now starts with what was accepted.
    os.kill(pid, signal.SIGKILL)
    wait_for("the next worker", lambda: host.worker("audit").get("pid", pid) != pid and host.serving())
    equal("settings", host.worker("audit")["work"], "new")


def changed_build_is_handed_over(make):
    host = make(audit='swap = "handover"; drain = "300ms";').start()
    pid = host.worker("audit")["pid"]
    host.plugin("audit", 'swap = "handover"; drain = "300ms";', build="two")
    status, outcome = host.reload()
    report = host.report(outcome, "audit")
    equal("outcome", (status, report["ok"], report["action"], report["why"]), (200, True, "hand-over", "build"))
    assert report["drain_seconds"] >= 0.3 and report["pause_seconds"] < 0.3, report
    assert host.worker("audit")["pid"] != pid
    equal("restarts: it was no death", host.worker("audit")["restarts"], 0)
    log = host.log()
    contains("the old one stays in the group", log, "stops: leave 0, handover 1")
    assert log.rindex("puppet audit/0 joined") > log.index("handover 1"), "the successor joins after the old one has ended"
    equal("the same file again is no change", host.reload()[1]["text"], "nothing changed")


def process_settings_are_handed_over_even_beside(make):
    host = make(audit='swap = "beside";').start()
    host.plugin("audit", 'swap = "beside";', keys="threads = 9;")
    report = host.report(host.reload()[1], "audit")
    equal("outcome", (report["ok"], report["action"], report["why"]), (True, "hand-over", "threads"))


def swap_that_the_worker_cannot_do_becomes_a_handover(make):
    host = make(audit='swap = "fail"; text = "old";').start()
    host.plugin("audit", 'swap = "fail"; text = "new";')
    report = host.report(host.reload()[1], "audit")
    equal("outcome", (report["ok"], report["action"], report["text"]), (True, "hand-over", "GNU-unique symbols"))
    equal("settings", host.worker("audit")["work"], "new")


def refused_changes_nothing(make):
    host = make(audit='text = "old";', hr='text = "old";').start()
    pids = [host.worker("audit")["pid"], host.worker("hr")["pid"]]
    cases = {
        "refused": ('trial = "refuse";', "create: the database is away"),
        "crashes": ('trial = "crash";', "the trial crashed: killed by SIGABRT"),
        "hangs": ('trial = "hang";', "did not end within 2s"),
    }
    for what, (settings, text) in cases.items():
        host.plugin("audit", 'text = "new";')
        host.plugin("hr", settings)
        status, outcome = host.reload()
        equal(what, (status, outcome["ok"], outcome["refused"], outcome["generation"]), (409, False, True, 1))
        contains(what, "\n".join(outcome["errors"]), text)
    host.write("plugins.d/hr.conf", "enabled = true\nthread 5;")
    status, outcome = host.reload()
    equal("a bad file", status, 409)
    contains("a bad file", outcome["errors"][0], "hr.conf:2")
    equal("workers", [host.worker("audit")["pid"], host.worker("hr")["pid"]], pids)
    equal("settings", host.worker("audit")["work"], "old")
    contains("metrics", host.request("GET", "/metrics")[1], "pawl_config_last_reload_successful 0")
    host.plugin("hr", 'text = "old";')
    host.plugin("audit", 'text = "old";')
    equal("mended", host.reload()[0], 200)
    contains("metrics", host.request("GET", "/metrics")[1], "pawl_config_last_reload_successful 1")


def successor_that_dies_leaves_the_old_one(make):
    host = make(audit='text = "old"; swap = "handover";').start()
    pid = host.worker("audit")["pid"]
    host.plugin("audit", 'die = "start"; swap = "handover";')
    status, outcome = host.reload()
    equal("outcome", (status, outcome["ok"], outcome["refused"]), (409, False, False))
    contains("text", host.report(outcome, "audit")["text"], "no table of that name")
    equal("the old one serves on", (host.worker("audit")["pid"], host.worker("audit")["state"]), (pid, "serving"))
    host.plugin("audit", 'text = "mended"; swap = "handover";')
    equal("mended", host.reload()[0], 200)
    equal("settings", host.worker("audit")["work"], "mended")


def plugins_come_and_go(make):
    host = make(audit="").start()
    host.plugin("hr", 'drain = "200ms";')
    host.plugin("workflow", "")
    outcome = host.reload()[1]
    equal("added", [host.report(outcome, name)["action"] for name in ("hr", "workflow")], ["added", "added"])
    wait_for("they serve", host.serving)
    host.write("plugins.d/hr.conf", 'enabled = false; plugin = "hr"; group = "hr-service"; topics = ["request-events"];')
    os.unlink(host.dir + "/plugins.d/workflow.conf")
    outcome = host.reload()[1]
    equal("removed", [host.report(outcome, name)["why"] for name in ("hr", "workflow")], ["disabled", "its file is gone"])
    contains("they leave their groups", host.log(), "puppet hr/0 stops: leave 1, handover 0")
    equal("left", sorted((p["name"], len(p["workers"])) for p in host.status()["plugins"]), [("audit", 1), ("hr", 0)])


def instances_are_scaled(make):
    host = make(audit="").start()
    pid = host.worker("audit")["pid"]
    host.plugin("audit", "", keys="instances = 3;")
    equal("up", host.report(host.reload()[1], "audit")["action"], "scaled")
    wait_for("three workers", lambda: host.serving() and len(host.status()["plugins"][0]["workers"]) == 3)
    equal("the first is not touched", host.worker("audit")["pid"], pid)
    host.plugin("audit", "", keys="instances = 1;")
    host.reload()
    equal("down", len(host.status()["plugins"][0]["workers"]), 1)
    contains("log", host.log(), "puppet audit/2 stops: leave 1")


def host_keys_are_taken_over_or_warned_of(make):
    host = make(audit="").start()
    pid = host.worker("audit")["pid"]
    host.write("pawl.conf", f'state_dir = "{host.dir}/state"; run_dir = "{host.dir}/run2"; plugin_dir = "{host.dir}";\n'
                            'log = { level = "info"; format = "json"; };\nkafka = { brokers = "127.0.0.1:1"; };\n')
    status, outcome = host.reload()
    equal("outcome", (status, outcome["text"]), (200, "nothing changed"))
    contains("warning", outcome["warnings"][0], "run_dir")
    equal("level", host.status()["log_level"], "info")
    wait_for("the worker is told", lambda: "log level info" in host.log())
    contains("format", host.reload()[1]["text"], "nothing changed")
    contains("format", host.log().splitlines()[-1], '"msg":')
    equal("worker", host.worker("audit")["pid"], pid)


def one_plugin_by_itself(make):
    host = make(audit='text = "old";', hr='text = "old";').start()
    host.plugin("audit", 'text = "new";')
    host.plugin("hr", 'trial = "crash";')
    status, outcome = host.reload("audit")
    equal("outcome", (status, outcome["requested"]), (200, "audit"))
    equal("settings", (host.worker("audit")["work"], host.worker("hr")["work"]), ("new", "old"))
    status, outcome = host.reload("nobody")
    equal("unknown", status, 409)
    contains("unknown", outcome["errors"][0], "nobody")
    equal("all together is still refused", host.reload()[0], 409)


def sighup_reloads_and_many_become_one(make):
    host = make(audit='text = "0"; swap = "beside";').start()
    for number in range(1, 6):
        host.plugin("audit", f'text = "{number}"; swap = "beside";')
        host.send(signal.SIGHUP)
    wait_for("the last one", lambda: host.worker("audit")["work"] == "5")
    results = []
    host.plugin("audit", 'text = "6"; swap = "beside";')
    threads = [threading.Thread(target=lambda: results.append(host.reload())) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal("all are answered", [r[0] for r in results], [200] * 5)


def sockets_outlive_their_workers(make):
    path_of = make()
    address = path_of.dir + "/http.sock"
    host = path_of
    host.plugin("audit", 'swap = "handover";', keys=f'listen = {{ http = "{address}"; }};')
    host.start()
    client = socket.socket(socket.AF_UNIX)
    client.connect(address)  # waits in the backlog over the hand-over
    host.plugin("audit", 'swap = "handover"; text = "b";', keys=f'listen = {{ http = "{address}"; }};')
    equal("reload", host.reload()[0], 200)
    second = socket.socket(socket.AF_UNIX)
    second.connect(address)
    client.send(b"still there")
    host.plugin("audit", 'swap = "handover"; text = "b";')
    equal("reload", host.reload()[0], 200)
    assert not os.path.exists(address), "a socket that nobody names goes"
    host.plugin("audit", "", keys=f'listen = {{ http = "{host.dir}/no/such/http.sock"; }};')
    status, outcome = host.reload()
    equal("cannot be bound", status, 409)
    contains("cannot be bound", outcome["errors"][0], "listen.http")


def many_reloads_leave_nothing_behind(make):
    host = make(audit='swap = "beside"; text = "0";', hr='swap = "handover"; text = "0";').start()

    def open_files():
        return len(os.listdir(f"/proc/{host.process.pid}/fd"))

    def again(number):
        for name in ("audit", "hr"):
            host.plugin(name, f'swap = "{"beside" if name == "audit" else "handover"}"; text = "{number}";', build=str(number % 3))
        equal("reload", host.reload()[0], 200)

    again(1)
    host.status()
    before = open_files()
    for number in range(2, 32):
        again(number)
        host.plugin("hr", 'trial = "crash";')
        equal("refused", host.reload()[0], 409)
    again(32)
    wait_for("no more descriptors than before", lambda: open_files() <= before)
    children = subprocess.run(["ps", "--ppid", str(host.process.pid), "-o", "pid="], capture_output=True, text=True, check=False)
    equal("processes", len(children.stdout.split()), 2)
    equal("exit status", host.stop(), 0)


def strange_bytes_do_not_hide_an_error(make):
    host = make(audit="").start()
    with open(host.dir + "/plugins.d/audit.conf", "wb") as file:
        file.write(b'enabled = true; plugin = "\xff\xfe"; group = "g"; topics = ["request-events"];')
    status, outcome = host.reload()
    equal("refused", (status, outcome["refused"]), (409, True))
    assert outcome["errors"], "without a reason"
    equal("a strange name", host.request("POST", "/v1/reload?plugin=%ff")[0], 409)
    equal("serving on", host.worker("audit")["state"], "serving")


def stop_in_the_middle_of_a_reload(make):
    host = make(audit='drain = "300ms"; swap = "handover";').start()
    host.plugin("audit", 'drain = "300ms"; swap = "handover"; text = "b";')
    answers = []
    thread = threading.Thread(target=lambda: answers.append(host.reload()))
    thread.start()
    wait_for("the drain", lambda: "handover 1" in host.log())
    equal("exit status", host.stop(), 0)
    thread.join()
    equal("answered", (answers[0][0], answers[0][1]["ok"]), (409, False))
    host = make(audit="").start()
    host.plugin("audit", 'trial = "hang";')
    thread = threading.Thread(target=lambda: answers.append(host.reload()))
    thread.start()
    wait_for("the trial", lambda: "trial create" in host.log())
    equal("exit status", host.stop(seconds=1.5), 0)
    thread.join()
    contains("answered", json.dumps(answers[1][1]), "pawld is stopping")


run([nothing_changed_touches_nothing, changed_settings_swap_beside, changed_build_is_handed_over,
     process_settings_are_handed_over_even_beside, swap_that_the_worker_cannot_do_becomes_a_handover,
     refused_changes_nothing, successor_that_dies_leaves_the_old_one, plugins_come_and_go, instances_are_scaled,
     host_keys_are_taken_over_or_warned_of, one_plugin_by_itself, sighup_reloads_and_many_become_one, sockets_outlive_their_workers,
     many_reloads_leave_nothing_behind, strange_bytes_do_not_hide_an_error, stop_in_the_middle_of_a_reload])
