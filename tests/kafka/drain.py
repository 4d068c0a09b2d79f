#!/usr/bin/env python3
"""How pawld ends. By SIGTERM while handlers sleep: what is in hand is finished, exit status 0 within the deadline, and after the next
start nothing is handled twice. By SIGTERM while no broker can be reached: at once. By kill -9 of the master: its workers drain and
exit by themselves.
"""
import os
import signal
import socket
import sys
import time

from daemon import Commits, check, check_order, duplicates, lost, main, say, wait_for
from wire import QUICK_REBALANCE, another_host, event, publish

SLEEP_MS = 2000
THREADS = 4
EVENTS = 12
DRAIN = 10.0


def alive(pid):
    """Whether the process runs; one that nobody has waited for yet has ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def sleepers(topic, count, sleep_ms=SLEEP_MS):
    return [{"topic": topic, "key": f"key-{n}", "value": event(request_id=n, sleep_ms=sleep_ms)} for n in range(count)]


def handlers_sleep(trial):
    worker = trial.worker()
    return worker if worker and worker["counters"]["running_events"] >= THREADS else None


def check_once(trial, commits, topic, count):
    """Everything is committed, and was handled exactly once."""
    wait_for("every event is committed", lambda: sum(commits.at.values()) >= count)
    trial.pawlctl("drain")
    check(trial.pawld.wait(DRAIN) == 0, "pawlctl drain: pawld ends with status 0")
    effects = trial.effects()
    check(len(effects) == count, f"{len(effects)} effects of {count} events; twice: {list(duplicates(effects))[:5]}")
    check(not lost(effects, dict(commits.at)), f"missing: {lost(effects, dict(commits.at))[:5]}")
    check({e.topic for e in effects} == {topic}, "another topic's events")
    check_order(effects)
    commits.check_never_back()


def test_sigterm(trial):
    topic = trial.topic("drain", partitions=3)
    trial.plugins = {"recorder": trial.recorder(topic, threads=THREADS)}
    trial.configure(drain=f"{DRAIN:g}s")
    trial.pawlctl("topics", "create")
    publish(trial, sleepers(topic, EVENTS))
    commits = Commits(trial, f"group-{trial.id}")
    trial.start()
    worker = wait_for("handlers sleep", lambda: handlers_sleep(trial))
    done = trial.effect_count()
    started = time.monotonic()
    check(trial.stop(seconds=DRAIN) == 0, "SIGTERM while handlers sleep: pawld ends with status 0")
    took = time.monotonic() - started
    finished = trial.effect_count() - done
    say(f"SIGTERM while {THREADS} handlers sleep {SLEEP_MS / 1000:g} s: ended after {took:.2f} s, {finished} events finished meanwhile")
    check(finished >= THREADS, f"{finished} events were finished by the drain, expected the {THREADS} that had a handler")
    check(not alive(worker["pid"]), "the worker is still there")
    trial.start()
    check_once(trial, commits, topic, EVENTS)


def test_master_killed(trial):
    topic = trial.topic("orphans", partitions=3)
    trial.settings["consumer_properties"] = QUICK_REBALANCE
    trial.plugins = {"recorder": trial.recorder(topic, group="orphans", threads=THREADS, instances=2)}
    trial.configure(drain=f"{DRAIN:g}s")
    trial.pawlctl("topics", "create")
    os.unlink(trial.effects_file())
    commits = Commits(trial, f"orphans-{trial.id}")
    trial.start()
    wait_for("both workers read", lambda: trial.reading(instance=0) and trial.reading(instance=1))
    publish(trial, sleepers(topic, 2 * EVENTS))
    wait_for("handlers sleep", lambda: handlers_sleep(trial))
    pids = [trial.worker(instance=n)["pid"] for n in range(2)]
    started = time.monotonic()
    trial.stop(signal.SIGKILL)
    wait_for("the workers have ended", lambda: not any(map(alive, pids)), DRAIN)
    say(f"kill -9 of the master: its workers drained and ended after {time.monotonic() - started:.2f} s")
    trial.start()
    check_once(trial, commits, topic, 2 * EVENTS)


def test_no_broker(trial):
    """A port that is bound but does not listen refuses every connection."""
    with socket.socket() as nobody, another_host(trial) as away:
        nobody.bind(("127.0.0.1", 0))
        away.bootstrap = f"127.0.0.1:{nobody.getsockname()[1]}"
        away.plugins = {"recorder": away.recorder("nothing")}
        away.configure()
        away.start()
        worker = wait_for("the worker says that it reaches no broker",
                          lambda: (w := away.worker()) and w["alarm"] and w)
        say(f"no broker: {worker['alarm']}")
        started = time.monotonic()
        check(away.stop(seconds=5) == 0, "SIGTERM without a broker: pawld ends with status 0")
        say(f"SIGTERM without a broker: ended after {time.monotonic() - started:.2f} s")
        check(away.bootstrap in worker["alarm"], f"the alarm does not name {away.bootstrap}: {worker['alarm']}")
        check(not alive(worker["pid"]), "the worker is still there")


def test(trial):
    test_sigterm(trial)
    test_master_killed(trial)
    test_no_broker(trial)


sys.exit(main(test))
