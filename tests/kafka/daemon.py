"""What the tests of the whole daemon on a real Kafka share: a trial on the stage's broker, the effects that the recorder
plugin (tests/plugins/recorder.c) wrote, and the broker's own record of commits.

Identity of an event is its topic, partition and offset. The checks are those of a delivery guarantee: nothing lost, duplicates
only of what was in hand, commits never back, order within each key.
"""
import collections
import os
import subprocess
import sys
import threading
import time
import uuid

SOURCE = os.environ["PAWL_SOURCE"]
BUILD = os.environ["PAWL_BUILD"]
sys.path.insert(0, os.path.join(SOURCE, "tools"))

from trial import Trial, TrialError, wait_for  # noqa: E402, F401

Effect = collections.namedtuple("Effect", "version pid topic partition offset key attempt")


class Failed(Exception):
    """A check that does not hold."""


def check(condition, text):
    if not condition:
        raise Failed(text)


def say(text):
    print(text, flush=True)


class Daemon(Trial):
    """A trial on the Kafka of the stage (PAWL_TEST_BOOTSTRAP), or on one of its own."""

    def __init__(self):
        super().__init__(BUILD)
        self.id = uuid.uuid4().hex[:8]
        self.bootstrap = os.environ.get("PAWL_TEST_BOOTSTRAP")
        if not self.bootstrap:
            self.real_kafka()

    def load(self, events, partitions=6, size=553):
        """A new topic, filled with keyed events; returns its name."""
        topic = f"load-{self.id}"
        subprocess.run([f"{BUILD}/tests/bench/bench-load", self.bootstrap, topic, str(partitions), str(events), str(size)],
                       check=True, stdout=subprocess.DEVNULL)
        return topic

    def topic(self, name, partitions=1):
        """Names a topic of this run, and its dead-letter topic; made by create_topics()."""
        name = f"{name}-{self.id}"
        self.topics = (self.topics or []) + [{"name": name, "partitions": partitions, "retention": "1d",
                                              "dead_letter": {"name": f"{name}-dlq", "partitions": partitions}}]
        return name

    def recorder(self, topic, group="group", **keys):
        """The recorder plugin on a topic, in a group of this run."""
        settings = {"file": self.effects_file(), **keys.pop("settings", {})}
        return {"enabled": True, "plugin": f"{BUILD}/tests/plugins/recorder.so", "group": f"{group}-{self.id}",
                "topics": [topic], "settings": settings, **keys}

    def reading(self, plugin="recorder", instance=0):
        """The worker, once it reads all its partitions, or has as much of them as it may have in hand."""
        w = self.worker(plugin, instance)
        return w if w and w["partitions"] and all(p["state"] in ("reading", "full") for p in w["partitions"]) else None

    def worker(self, plugin="recorder", instance=0):
        """A worker as `pawlctl status --json` shows it; None while it has no process."""
        status = self.try_status()
        for p in status["plugins"] if status else []:
            for w in p["workers"]:
                if p["name"] == plugin and w["instance"] == instance and w["pid"]:
                    return w
        return None

    def effects_file(self):
        return self.path("effects")

    def effects(self):
        """All effects so far, in the order of their writing. A last line that is being written is left out."""
        try:
            with open(self.effects_file(), encoding="utf-8") as file:
                text = file.read()
        except FileNotFoundError:
            return []
        return [parse(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def effect_count(self):
        try:
            with open(self.effects_file(), "rb") as file:
                return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
        except FileNotFoundError:
            return 0


def parse(line):
    version, pid, topic, partition, offset, key, attempt = line.split("\t")[:7]
    return Effect(version, int(pid), topic, int(partition), int(offset), key, int(attempt))


class Commits:
    """What the group coordinator has stored, as it comes: (partition → committed offset), and whether it ever went back."""

    def __init__(self, trial, group):
        self.at = {}
        self.faults = []
        self.count = 0
        self.process = trial.spawn("commits", [f"{BUILD}/tests/kafka/commits", trial.bootstrap, group],
                                   stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            topic, partition, offset, _ = line.split(" ", 3)
            place, offset = (topic, int(partition)), int(offset)
            if offset < self.at.get(place, -1):
                self.faults.append(f"{topic}/{partition}: {self.at[place]} → {offset}")
            self.at[place] = offset
            self.count += 1

    def check_never_back(self):
        check(not self.faults, f"commits went back: {self.faults[:5]}")


def lost(effects, expected):
    """Of (topic, partition) → number of events: those without an effect."""
    seen = collections.defaultdict(set)
    for e in effects:
        seen[e.topic, e.partition].add(e.offset)
    return [(place, offset) for place, count in expected.items() for offset in range(count) if offset not in seen[place]]


def duplicates(effects):
    """Place and offset of each event that has more than one effect → how many."""
    counts = collections.Counter((e.topic, e.partition, e.offset) for e in effects)
    return {place: n for place, n in counts.items() if n > 1}


def check_order(effects):
    """Within each key the *first* effects come in the order of the offsets."""
    last = {}
    seen = set()
    for e in effects:
        place = (e.topic, e.partition, e.offset)
        if place in seen:
            continue
        seen.add(place)
        lane = (e.topic, e.partition, e.key)
        check(e.offset > last.get(lane, -1), f"key {e.key} of {e.topic}/{e.partition}: {e.offset} after {last.get(lane)}")
        last[lane] = e.offset


def main(test):
    """Runs a test; prints its faults and the end of pawld's log."""
    started = time.monotonic()
    with Daemon() as trial:
        try:
            test(trial)
        except (Failed, TrialError, subprocess.SubprocessError) as error:
            print(f"FAILED: {error}\n--- the end of pawld's log:\n{trial.log('pawld')[-8000:]}")
            return 1
    print(f"passed in {time.monotonic() - started:.1f} s")
    return 0
