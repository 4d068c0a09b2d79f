#!/usr/bin/env python3
"""What bad configuration and a bad environment get: every error with file and line, at once; two plugins in one group, and a second
pawld, named; a broker that is away and a topic that is missing said with what to do, and overcome when they come.
"""
import os
import re
import socket
import subprocess
import sys
import threading
import time

from daemon import BUILD, check, main, say, wait_for
from wire import another_host, event, publish

FIXTURES = f"{BUILD}/tests/plugins"


def pawld(trial, *arguments):
    """Runs pawld to its end, which must come by itself."""
    return subprocess.run([f"{BUILD}/core/pawld", "--config", trial.path("pawl.conf"), *arguments],
                          capture_output=True, text=True, timeout=30, check=False)


def check_says(what, done, lines):
    """Exit status 1, and for each (FILE:LINE, words...) one line of the output that has them all."""
    check(done.returncode == 1, f"{what}: exit status {done.returncode}: {done.stderr}")
    said = done.stderr.splitlines()
    for words in lines:
        check(any(all(word in line for word in words) for line in said), f"{what}: no line has {words}; said:\n{done.stderr}")
    say(f"{what}, exit status 1:\n  " + "\n  ".join(said).replace("/tmp/", ""))


# ---- configuration ----

def every_error_at_once(trial):
    trial.plugins = {}
    trial.configure()
    with open(trial.path("pawl.conf"), "a", encoding="utf-8") as file:
        file.write('\n\ndrian = "1s";\nlog = { level = "loud"; };\n')
    with open(trial.path("pawl.conf"), encoding="utf-8") as file:
        last = len(file.readlines())
    files = {
        "syntax": 'topics = ["a"\ngroup = "x";\n',
        "values": 'plugin = "x";\ngroup = "values";\nthreads = 0;\ndeadline = 7;\ntopics = "a";\nretry = { atempts = 3; };\n',
        "one": 'name = "same";\nenabled = false;\nplugin = "x";\ngroup = "one";\n',
        "two": 'name = "same";\nenabled = false;\nplugin = "x";\ngroup = "two";\n',
    }
    for name, text in files.items():
        trial.write(f"plugins.d/{name}.conf", text)
    lines = [(f"pawl.conf:{last - 1}:", "drian", "drain"), (f"pawl.conf:{last}:", "log.level", "loud"),
             ("syntax.conf:", "syntax"), ("values.conf:3:", "threads", "1 to 256", "0"), ("values.conf:4:", "deadline", "duration", "7"),
             ("values.conf:5:", "topics"), ("values.conf:6:", "atempts", "attempts"), ("two.conf:", "same", "one.conf")]
    check_says("pawld --check", pawld(trial, "--check"), lines)
    check_says("pawld", pawld(trial), lines)


def plugins_are_looked_into(trial):
    topic = trial.topic("looked")
    recorder = trial.recorder(topic)
    trial.plugins = {
        "setting": {**recorder, "group": "setting", "settings": {"file": 7, "pawse": "1s"}},
        "required": {**recorder, "group": "required", "settings": {}},
        "abi": {**recorder, "group": "abi", "plugin": f"{FIXTURES}/hostile_major.so"},
        "missing": {**recorder, "group": "missing", "plugin": "/nowhere/missing.so"},
        "text": {**recorder, "group": "text", "plugin": trial.path("pawl.conf")},
    }
    trial.configure()
    lines = [("setting.conf:", "settings.file", "path", "7"), ("setting.conf:", "pawse", "pause"), ("required.conf", "settings.file"),
             ("abi.conf", "wants version 2.", "provides 1."), ("missing.conf", "/nowhere/missing.so", "No such file"),
             ("text.conf", "pawl.conf", "ELF")]
    check_says("pawld --check, plugins", pawld(trial, "--check"), lines)
    check_says("pawld, plugins", pawld(trial), lines)
    trial.plugins = {"recorder": recorder}
    trial.configure()
    done = pawld(trial, "--check")
    check(done.returncode == 0, f"pawld --check of a valid configuration: {done}")


def one_group_in_two_plugins(trial):
    recorder = trial.recorder("topic")
    trial.plugins = {"first": recorder, "second": recorder}
    trial.configure()
    check_says("one group in two plugins", pawld(trial), [("second.conf:", "first", f"group-{trial.id}")])


def second_pawld(trial):
    trial.plugins = {}
    trial.configure()
    trial.start()
    check_says("a second pawld", pawld(trial), [("another pawld", str(trial.pawld.pid))])
    check(trial.stop() == 0, "pawld ends with status 0")


# ---- environment ----

class Forwarder:
    """A broker's address that refuses connections until open() is called; then what comes goes on to the real one."""

    def __init__(self, bootstrap):
        host, port = bootstrap.split(",")[0].rsplit(":", 1)
        self.to = (host, int(port))
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"

    def open(self):
        self.socket.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.socket.accept()
            server = socket.create_connection(self.to)
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self.pump, args=pair, daemon=True).start()

    @staticmethod
    def pump(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            end.close()


def times_of(trial, text):
    """When the log's lines with this text were written, in seconds of the day."""
    lines = [line for line in trial.log("pawld").splitlines() if text in line]
    stamps = [re.search(r"T(\d+):(\d+):([\d.]+)Z", line).groups() for line in lines]
    return [int(h) * 3600 + int(m) * 60 + float(s) for h, m, s in stamps]


def broker_away(trial):
    forwarder = Forwarder(trial.bootstrap)
    with another_host(trial) as host:
        topic = host.topic("away")
        host.plugins = {"recorder": host.recorder(topic, group="away")}
        host.configure()
        host.pawlctl("topics", "create")
        publish(host, [{"topic": topic, "value": event()}])
        host.bootstrap = forwarder.address
        host.configure()
        host.start()
        worker = wait_for("status shows that no broker answers", lambda: (w := host.worker()) and w["alarm"] and w)
        check(forwarder.address in worker["alarm"] and forwarder.address in worker["broker"], f"status: {worker}")
        shown = host.pawlctl("status").stdout
        check("no answer" in shown and forwarder.address in shown, f"pawlctl status does not show it: {shown}")
        times = wait_for("it is said again, and again", lambda: len(t := times_of(host, "no answer")) >= 3 and t)
        gaps = [after - before for before, after in zip(times, times[1:])]
        say(f"a broker that is away is said at growing intervals, after {', '.join(f'{gap:.1f} s' for gap in gaps)}: {worker['alarm']}")
        check(all(after > 1.4 * before for before, after in zip(gaps, gaps[1:])), f"the intervals do not grow: {gaps}")
        forwarder.open()
        wait_for("the broker is there, and the event is handled", host.effect_count)
        wait_for("the alarm is over", lambda: host.worker()["alarm"] == "")
        check(host.stop() == 0, "pawld ends with status 0")


def topic_missing(trial):
    topic = trial.topic("missing")
    trial.plugins = {"recorder": trial.recorder(topic)}
    trial.configure()
    trial.start()
    worker = wait_for("status names the missing topic", lambda: (w := trial.worker()) and topic in w["alarm"] and w)
    say(f"a missing topic: {worker['alarm']}")
    command = re.search(r"pawlctl (topics create \S+)", worker["alarm"])
    check(command, f"no command that creates it: {worker['alarm']}")
    trial.pawlctl(*command.group(1).split())
    publish(trial, [{"topic": topic, "value": event()}])
    wait_for("the created topic's event is handled", trial.effect_count)
    wait_for("the alarm is over", lambda: trial.worker()["alarm"] == "")
    started = time.monotonic()
    check(trial.stop() == 0, "pawld ends with status 0")
    check(time.monotonic() - started < 10, "a stop took long")
    os.unlink(trial.effects_file())


def test(trial):
    every_error_at_once(trial)
    plugins_are_looked_into(trial)
    one_group_in_two_plugins(trial)
    second_pawld(trial)
    topic_missing(trial)
    broker_away(trial)


sys.exit(main(test))
