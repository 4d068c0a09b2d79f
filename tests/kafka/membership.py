#!/usr/bin/env python3
"""A static member comes back with other topics, after a hand-over and after everything was killed: it reads what is configured
now. A position that retention took away: an alarm and the configured policy, no silent jump.
"""
import os
import signal
import subprocess
import sys

from daemon import BUILD, check, duplicates, main, say, wait_for
from wire import event, publish


def send(trial, topic, count):
    publish(trial, ({"topic": topic, "key": f"key-{n}", "value": event(request_id=n)} for n in range(count)))


def reads(trial, *topics):
    """Waits until the worker reads these topics and no other."""
    def there():
        worker = trial.reading()
        return worker and {p["topic"] for p in worker["partitions"]} == set(topics)

    wait_for(f"the worker reads {' and '.join(topics)}", there)


def other_topics(trial):
    first, second = trial.topic("first", 2), trial.topic("second", 2)
    trial.plugins = {"recorder": trial.recorder(first)}
    trial.configure()
    trial.pawlctl("topics", "create")
    send(trial, first, 100)
    send(trial, second, 100)
    trial.start()
    reads(trial, first)

    trial.plugins["recorder"]["topics"] = [first, second]
    trial.configure()
    trial.pawlctl("reload")
    reads(trial, first, second)
    say("one topic more, by hand-over: it is read")

    worker = trial.worker()["pid"]
    trial.pawld.kill()
    trial.pawld.wait()
    os.kill(worker, signal.SIGKILL)
    trial.plugins["recorder"]["topics"] = [second]
    trial.configure()
    trial.start()
    reads(trial, second)
    say("one topic less, after a kill -9 of pawld and its worker: it is read no more")
    wait_for("all is handled", lambda: trial.effect_count() >= 200)
    check(trial.stop() == 0, "pawld ends with status 0")
    check(len(trial.effects()) - len(duplicates(trial.effects())) == 200, f"{trial.effect_count()} effects of 200 events")


def gap(trial):
    topic = trial.topic("gap")
    trial.plugins = {"recorder": trial.recorder(topic, group="gap", settings={"file": trial.path("gap-effects")})}
    trial.settings = {"on_gap": "stop"}
    trial.configure()
    trial.pawlctl("topics", "create")
    send(trial, topic, 100)
    trial.start()
    wait_for("the first hundred are handled", lambda: handled(trial) == 100)
    check(trial.stop() == 0, "pawld ends with status 0")

    send(trial, topic, 200)
    subprocess.run([f"{BUILD}/tests/kafka/trim", trial.bootstrap, topic, "0", "250"], check=True)
    trial.start()
    wait_for("the alarm names the topic", lambda: topic in alarm(trial))
    check(trial.stop() == 0, "pawld ends with status 0")
    check(handled(trial) == 100, 'on_gap = "stop": nothing is read on')
    say('on_gap = "stop": an alarm, and the partition stands still')

    trial.settings = {"on_gap": "earliest"}
    trial.configure()
    trial.start()
    wait_for("what is left is handled", lambda: handled(trial) == 150)
    send(trial, topic, 10)
    wait_for("what comes later too", lambda: handled(trial) == 160)
    check(trial.stop() == 0, "pawld ends with status 0")
    trial.start()
    send(trial, topic, 10)
    wait_for("it goes on from there", lambda: handled(trial) == 170)
    check(trial.stop() == 0, "pawld ends with status 0")
    offsets = [int(line.split("\t")[4]) for line in open(trial.path("gap-effects"), encoding="utf-8")]
    check(sorted(offsets) == [*range(100), *range(250, 320)], "each event once, and those that retention left")
    say('on_gap = "earliest": goes on where the log begins')


def handled(trial):
    try:
        with open(trial.path("gap-effects"), "rb") as file:
            return file.read().count(b"\n")
    except FileNotFoundError:
        return 0


def alarm(trial):
    worker = trial.worker()
    return (worker or {}).get("alarm") or ""


def test(trial):
    other_topics(trial)
    gap(trial)


sys.exit(main(test))
