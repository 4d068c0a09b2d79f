"""A producer and a consumer that know nothing of Pawl (peer.c), for tests that look at what is on the wire."""
import collections
import json
import os
import subprocess
import threading

from daemon import BUILD, Daemon, TrialError, wait_for

# `headers` is a list of (name, value): a name may come twice.
Message = collections.namedtuple("Message", "partition offset key value headers")


def encode(data):
    if isinstance(data, str):
        data = data.encode()
    return "-" if data is None else data.hex() or "."


def decode(text):
    return None if text == "-" else b"" if text == "." else bytes.fromhex(text)


# A member of a group hears of a rebalance by its heartbeat, which is every 10 s unless a test has less time.
QUICK_REBALANCE = ["heartbeat.interval.ms=500"]


def event(event_type="request.created", **members):
    return json.dumps({"event_type": event_type, **members})


class Producer:
    """Sends messages; `acknowledged` has the (topic, partition, offset) of each that the broker took, in that order, and when."""

    def __init__(self, trial):
        self.sent = 0
        self.acknowledged = {}  # place → nanoseconds of the monotonic clock
        self.process = trial.spawn("producer", [f"{BUILD}/tests/kafka/peer", trial.bootstrap, "produce"],
                                   stdout=subprocess.PIPE)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            topic, partition, offset, when = line.decode().split()
            self.acknowledged[topic, int(partition), int(offset)] = int(when)

    def send(self, topic, value, key=None, partition=-1, headers=()):
        words = [topic, str(partition), encode(key), encode(value), *(f"{name}={encode(text)}" for name, text in headers)]
        self.process.stdin.write((" ".join(words) + "\n").encode())
        self.process.stdin.flush()
        self.sent += 1

    def close(self):
        """Waits until all is acknowledged; returns (topic, partition) → number of events."""
        self.process.stdin.close()
        if self.process.wait(60) != 0:
            raise TrialError("the producer failed; see producer.log")
        self.thread.join()
        return collections.Counter(place[:2] for place in self.acknowledged)


class Load:
    """Keyed events at a steady rate, from a thread, until it is stopped. `members(n)` are what steers the recorder."""

    def __init__(self, trial, topic, rate=1000, keys=200, members=lambda n: {}):
        self.producer = Producer(trial)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(topic, rate, keys, members), daemon=True)
        self.thread.start()

    def run(self, topic, rate, keys, members):
        pause = 0.01
        while not self.over.wait(pause):
            for _ in range(int(rate * pause)):
                n = self.producer.sent
                try:
                    self.producer.send(topic, event(request_id=n % keys, **members(n)), key=str(n % keys))
                except (OSError, ValueError):
                    return  # the producer has ended; close() says how

    def stop(self):
        """Returns what Producer.close() does."""
        self.over.set()
        self.thread.join()
        return self.producer.close()


def another_host(trial):
    """A second host, with a pawld of its own, on the same cluster."""
    os.environ.setdefault("PAWL_TEST_BOOTSTRAP", trial.bootstrap)
    host = Daemon()
    host.id, host.topics = trial.id, trial.topics
    return host


def publish(trial, messages):
    """Sends messages, each a dict of Producer.send's arguments; returns their (topic, partition, offset), in the order of sending
    within a partition."""
    producer = Producer(trial)
    for message in messages:
        producer.send(**message)
    producer.close()
    return list(producer.acknowledged)


def messages_of(trial, topic, count, seconds=30):
    """The first `count` messages of a topic, all partitions together."""
    found = []
    process = trial.spawn("consumer", [f"{BUILD}/tests/kafka/peer", trial.bootstrap, "consume", topic], stdout=subprocess.PIPE)

    def read():
        for line in process.stdout:
            partition, offset, key, value, *headers = line.decode().split()
            found.append(Message(int(partition), int(offset), decode(key), decode(value),
                                 [(name, decode(text)) for name, text in (h.split("=", 1) for h in headers)]))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        wait_for(f"{count} messages in {topic}", lambda: len(found) >= count, seconds)
    finally:
        process.stdin.close()
        process.wait(10)
        thread.join()
    return found
