#!/usr/bin/env python3
"""A million keyed events, and kill -9 of the worker ten times meanwhile: nothing is missing, duplicates are only of what was in
hand, commits never go back, order per key holds, handling resumes within 3 s, and the second member sees no rebalance.
"""
import collections
import os
import signal
import sys
import time

from daemon import Commits, check, check_order, duplicates, lost, main, say, wait_for

EVENTS = int(os.environ.get("PAWL_TEST_EVENTS", "1000000"))
KILLS = 10
# A worker that dies again within 10 s of its start is restarted with back-off; this test is about single deaths.
BETWEEN = 10.5
RESUME = 3.0
SECONDS = (KILLS + 1) * BETWEEN  # how long the load should last: two instances of four threads
PARTITIONS = 6
IN_HAND = 20000


def kill(trial, commits):
    """Kills instance 0 as it works. Returns the places that may come again, and how long nothing of its partitions was handled."""
    worker = trial.worker()
    mine = {(p["topic"], p["partition"]) for p in worker["partitions"]}
    os.kill(worker["pid"], signal.SIGSTOP)
    time.sleep(0.3)  # what it had sent is stored by now, and has been read back
    committed = dict(commits.at)
    before = trial.effects()
    in_hand = {(e.topic, e.partition, e.offset) for e in before
               if (e.topic, e.partition) in mine and e.offset >= committed.get((e.topic, e.partition), 0)}
    started = time.monotonic()
    os.kill(worker["pid"], signal.SIGKILL)
    size = os.path.getsize(trial.effects_file())

    def resumed():
        with open(trial.effects_file(), "rb") as file:
            file.seek(size)
            return any(tuple([f[2].decode(), int(f[3])]) in mine
                       for f in (line.split(b"\t") for line in file.read(1 << 20).split(b"\n")[:-1]))

    wait_for("handling resumes", resumed, 30, interval=0.005)
    return in_hand, time.monotonic() - started


def test(trial):
    topic = trial.load(EVENTS, PARTITIONS)
    trial.plugins = {"recorder": trial.recorder(topic, instances=2, threads=4,
                                                settings={"pause": f"{int(SECONDS * 1e6 / EVENTS * 8)}us"})}
    trial.configure()
    commits = Commits(trial, f"group-{trial.id}")
    trial.start()
    wait_for("both members read", lambda: trial.reading(instance=0) and trial.reading(instance=1), 60)
    member = trial.reading(instance=1)
    in_hand, pauses = [], []
    for number in range(KILLS):
        time.sleep(BETWEEN)
        hand, pause = kill(trial, commits)
        in_hand.append(hand)
        pauses.append(pause)
        say(f"kill {number + 1}: {len(hand)} handled events in hand, handling resumed after {pause * 1000:.0f} ms")
    wait_for("every event is committed", lambda: sum(commits.at.values()) >= EVENTS, 300)
    other = trial.worker(instance=1)
    check(trial.stop() == 0, "pawld ends with status 0")

    effects = trial.effects()
    sizes = {place: offset for place, offset in commits.at.items()}
    missing = lost(effects, sizes)
    again = duplicates(effects)
    allowed = collections.Counter(place for hand in in_hand for place in hand)
    beyond = {place: n for place, n in again.items() if n - 1 > allowed[place]}
    say(f"{EVENTS} events, {len(effects)} effects, {len(missing)} missing, {sum(again.values()) - len(again)} duplicates, "
        f"{sum(map(len, in_hand))} in hand at the kills, {commits.count} commits, slowest resume {max(pauses) * 1000:.0f} ms")
    check(sum(sizes.values()) == EVENTS, f"the committed offsets end at {sum(sizes.values())}")
    check(not missing, f"missing: {missing[:5]}")
    check(not beyond, f"handled again though not in hand: {list(beyond.items())[:5]}")
    check(all(len(hand) <= 2 * IN_HAND for hand in in_hand), "more in hand than the limits allow")
    check(max(pauses) <= RESUME, f"handling resumed after {max(pauses):.2f} s")
    check((other["pid"], other["broker"]) == (member["pid"], member["broker"]),
          f"the second member saw a rebalance: {member['broker']}, then {other['broker']}")
    commits.check_never_back()
    check_order(effects)


sys.exit(main(test))
