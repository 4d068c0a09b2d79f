#!/usr/bin/env python3
"""Supervision: starting, dying, starting again, stopping, and two on one run directory."""

import os
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from puppets import BUILD, contains, equal, run, wait_for  # noqa: E402


def workers_start_and_stop(make):
    host = make(audit='text = "a";', hr='text = "b";').start()
    host.plugin("audit", "")
    equal("state of audit", host.worker("audit")["work"], "a")
    equal("partition", host.worker("hr")["partitions"][0]["lag"], 5)
    equal("exit status", host.stop(), 0)
    contains("log", host.log(), "puppet audit/0 stops: leave 1, handover 0")
    assert not os.path.exists(host.dir + "/run/admin.sock")


def instances_each_have_a_worker(make):
    host = make()
    host.plugin("audit", "", keys="instances = 3;")
    host.start()
    equal("workers", [host.worker("audit", i)["instance"] for i in range(3)], [0, 1, 2])
    equal("exit status", host.stop(signal.SIGINT), 0)


def worker_that_is_killed_starts_at_once(make):
    host = make(audit="", hr="").start()
    old, other = host.worker("audit")["pid"], host.worker("hr")["pid"]
    began = time.monotonic()
    os.kill(old, signal.SIGKILL)
    wait_for("a new worker", lambda: host.worker("audit").get("pid", old) != old and host.worker("audit")["state"] == "serving")
    assert time.monotonic() - began < 1, "the first restart comes at once"
    equal("restarts", host.worker("audit")["restarts"], 1)
    contains("last death", host.worker("audit")["last_death"], "SIGKILL")
    equal("counters go on over deaths", host.worker("audit")["counters"]["events_handled"], 14)
    equal("the other worker", host.worker("hr")["pid"], other)


def death_names_what_was_handled(make):
    host = make(audit='die = "handling";').start(wait=False)
    wait_for("a death", lambda: "worker died" in host.log())
    contains("log", host.log(), "killed by SIGSEGV, while it handled request-events/0 at offset 12")


def worker_that_dies_again_waits(make):
    host = make(audit='die = "start";', hr="").start(wait=False)
    wait_for("the third death", lambda: host.log().count("starts again in") >= 2)
    contains("log", host.log(), "starts again at once")
    contains("log", host.log(), "starts again in 1s")
    contains("log", host.log(), "starts again in 2s")
    contains("the reason", host.worker("audit")["last_death"], "exit status 1: no table of that name")
    equal("state", host.worker("audit")["state"], "waiting to start again")
    equal("health", host.request("GET", "/healthz")[0], 503)
    equal("exit status", host.stop(), 0)


def drain_that_is_stuck_is_killed(make):
    host = make(audit="stuck = true;", host='drain = "1s";').start()
    equal("exit status", host.stop(), 1)
    contains("log", host.log(), "had to be killed")


def second_sigterm_does_not_wait(make):
    host = make(audit='drain = "60s";', host='drain = "60s";').start()
    host.send(signal.SIGTERM)
    wait_for("the stop has arrived", lambda: "stops: leave 1" in host.log())
    equal("state", host.status()["state"], "stopping")
    equal("exit status", host.stop(seconds=5), 0)


def second_pawld_is_refused(make):
    host = make(audit="").start()
    done = subprocess.run([BUILD + "/tests/unit/master/pawld_fake", "--config", host.dir + "/pawl.conf"],
                          capture_output=True, text=True, timeout=10, check=False)
    equal("exit status", done.returncode, 1)
    contains("text", done.stderr, f"process {host.process.pid}")
    equal("the first serves on", host.worker("audit")["state"], "serving")


def workers_end_when_the_master_dies(make):
    host = make(audit="").start()
    pid = host.worker("audit")["pid"]
    host.process.kill()
    host.process.wait()
    wait_for("the worker ends", lambda: "the master is gone" in host.log() and not os.path.exists(f"/proc/{pid}/fd"))
    host.start()
    assert host.worker("audit")["pid"] != pid


def bad_configuration_ends_with_all_errors(make):
    host = make(audit="", hr='trial = "refuse";')
    host.plugin("notifications", "", keys='thread = 4; deadline = "soon";')
    host.start(wait=False)
    equal("exit status", host.process.wait(10), 1)
    contains("unknown key", host.log(), "thread")
    contains("wrong value", host.log(), "soon")
    contains("the trial's words", host.log(), "create: the database is away")
    assert "puppet" not in host.log(), "no worker may start"
    host = make(audit="", hr='trial = "refuse";').start(wait=False)
    equal("exit status", host.process.wait(10), 1)
    contains("the trial's words", host.log(), "create: the database is away")


def systemd_is_told(make):
    linked = subprocess.run(["ldd", BUILD + "/tests/unit/master/pawld_fake"], capture_output=True, text=True, check=True).stdout
    if "libsystemd" not in linked:
        print("built without libsystemd")
        return
    host = make(audit="")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(host.dir + "/notify")
        systemd.settimeout(10)
        os.environ.update({"NOTIFY_SOCKET": host.dir + "/notify", "WATCHDOG_USEC": "200000"})
        try:
            host.start()
        finally:
            del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]

        def told(text):
            while text not in systemd.recv(4096).decode():
                pass

        told("READY=1\nSTATUS=1 workers, 1 plugins")
        told("WATCHDOG=1")
        told("WATCHDOG=1")
        host.send(signal.SIGHUP)
        told("RELOADING=1\nMONOTONIC_USEC=")
        told("READY=1")
        host.send(signal.SIGTERM)
        told("STOPPING=1")
        equal("exit status", host.process.wait(10), 0)


def check_names_every_plugin(make):
    host = make(audit='trial = "refuse";', hr='trial = "crash";', workflow="")
    done = subprocess.run([BUILD + "/tests/unit/master/pawld_fake", "--check", "--config", host.dir + "/pawl.conf"],
                          capture_output=True, text=True, timeout=20, check=False)
    equal("exit status", done.returncode, 1)
    contains("refused", done.stderr, "create: the database is away")
    contains("crashed", done.stderr, "plugin hr: the trial crashed: killed by SIGABRT")
    assert not os.path.exists(host.dir + "/run"), "a check leaves nothing behind"
    host.plugin("workflow", "", keys="thread = 4;")
    done = subprocess.run([BUILD + "/tests/unit/master/pawld_fake", "--check", "--config", host.dir + "/pawl.conf"],
                          capture_output=True, text=True, timeout=20, check=False)
    contains("a file with an error", done.stderr, "thread")
    contains("and what the other plugins say", done.stderr, "create: the database is away")
    host = make(audit="")
    done = subprocess.run([BUILD + "/tests/unit/master/pawld_fake", "--check", "--config", host.dir + "/pawl.conf"],
                          capture_output=True, text=True, timeout=20, check=False)
    equal("exit status", done.returncode, 0)


run([workers_start_and_stop, instances_each_have_a_worker, worker_that_is_killed_starts_at_once, death_names_what_was_handled,
     worker_that_dies_again_waits, drain_that_is_stuck_is_killed, second_sigterm_does_not_wait, second_pawld_is_refused,
     workers_end_when_the_master_dies, bad_configuration_ends_with_all_errors, check_names_every_plugin,
     systemd_is_told])
