#!/usr/bin/env python3
"""One key's handler sleeps 5 s: the events of all other keys of its partition are handled meanwhile, and after a kill -9 those that an
acknowledged commit covers, by its offset or by the map in its metadata, are not handled again.
"""
import os
import signal
import sys

from daemon import Commits, check, check_order, duplicates, main, say, wait_for
from wire import event, publish

EVENTS = 3000
SLOW_AT = 10  # its offset
SLEEP_MS = 5000


def messages(topic):
    for n in range(EVENTS):
        if n == SLOW_AT:
            yield {"topic": topic, "partition": 0, "key": "slow", "value": event(request_id=n, sleep_ms=SLEEP_MS)}
        elif n == SLOW_AT + 1000:
            yield {"topic": topic, "partition": 0, "key": "slow", "value": event(request_id=n)}
        else:
            yield {"topic": topic, "partition": 0, "key": f"key-{n % 50}", "value": event(request_id=n)}


def test(trial):
    topic = trial.topic("slow")
    trial.plugins = {"recorder": trial.recorder(topic)}
    trial.configure()
    trial.pawlctl("topics", "create")
    publish(trial, messages(topic))
    commits = Commits(trial, f"group-{trial.id}")
    trial.start()

    slow = {SLOW_AT, SLOW_AT + 1000}
    others = EVENTS - len(slow)
    wait_for("the events of all other keys are handled", lambda: trial.effect_count() >= others)
    say(f"{others} events of other keys of the partition were handled while one slept")
    check(not slow & {e.offset for e in trial.effects()}, "the slow key was handled before its sleep was over")

    def all_commits_in():
        worker = trial.worker()
        return worker if worker["counters"]["in_hand_events"] == len(slow) else None

    # In hand is what no acknowledged commit covers.
    worker = wait_for("a commit covers all others", all_commits_in, SLEEP_MS / 1000)
    check(worker["partitions"][0]["committed"] == SLOW_AT, f"committed: {worker['partitions'][0]['committed']}")
    check(not slow & {e.offset for e in trial.effects()}, "too late for this test: the sleep was over before the commit")
    os.kill(worker["pid"], signal.SIGKILL)
    wait_for("all is committed", lambda: commits.at.get((topic, 0)) == EVENTS)
    successor = trial.worker()
    check(trial.stop() == 0, "pawld ends with status 0")

    effects = trial.effects()
    check(successor["pid"] != worker["pid"], "the worker was not killed")
    check(len({e.offset for e in effects}) == EVENTS, f"{len(effects)} effects of {EVENTS} events")
    again = duplicates(effects)
    check(not again, f"handled again though a commit covered them: {len(again)}, as {list(again)[:5]}")
    check({e.offset for e in effects if e.pid == successor["pid"]} == slow, "the successor handled others than the slow key's")
    restored = successor["counters"]["events_restored_done"]
    check(restored == others - SLOW_AT, f"done by the map: {restored}, expected {others - SLOW_AT}")
    check_order(effects)
    commits.check_never_back()


sys.exit(main(test))
