#!/usr/bin/env python3
"""What becomes of an event that is rejected, of one whose attempts are spent, and of messages that are no events: each stands in
the dead-letter topic with its headers, key and value byte for byte, its neighbours are handled, and the offset is past it. A
tombstone and a type that nobody takes are skipped and counted.
"""
import sys

from daemon import BUILD, Commits, check, main, say, wait_for
from wire import event, messages_of, publish

ATTEMPTS = 3
# A name that comes twice, a null, an empty one, bytes that are no text.
HEADERS = [("trace", b"one"), ("trace", b"two"), ("null", None), ("empty", b""), ("bytes", b"\x00\xff\xfe=\n")]
KEY = b"k\x00\xff\n"

REJECTED = event(reject=True, text="отклонено").encode()
SPENT = event(retry=1000, request_id=2).encode()
MALFORMED = {
    "no JSON": b"hello",
    "empty": b"",
    "truncated": b'{"event_id":"1","event_typ',
    "invalid UTF-8": b'{"event_type":"request.\xff\xfe"}',
    "array": b'["event_type","request.created"]',
    "no event_type": b'{"event_id":"1","request_id":7}',
    "event_type a number": b'{"event_type":17}',
    "event_type null": b'{"event_type":null}',
    "binary": bytes(range(256)),
}
# Found out by the first accessor, since routing stops at event_type.
MALFORMED_BEHIND = {
    "truncated behind": b'{"event_type":"request.created","sleep_ms":1',
    "invalid UTF-8 behind": b'{"event_type":"request.created","text":"\xc3\x28"}',
    "member repeated": b'{"event_type":"request.created","reject":false,"reject":true}',
}
# For the greeter, which takes request.created only and needs customer_id.
GREETED = [event("nobody.takes.this"), None, event(customer_id=7), event(customer_id="seven"), event(customer_id=8)]


def reason_of(name):
    return {"rejected": "rejected", "spent": "attempts"}.get(name, "malformed")


def check_letter(trial, letter, name, value, place, topic):
    """One dead letter against the message that it was."""
    check(letter.key == KEY, f"{name}: key {letter.key!r}")
    check(letter.value == value, f"{name}: value {letter.value!r}, expected {value!r}")
    check(letter.headers[: len(HEADERS)] == HEADERS, f"{name}: headers {letter.headers}")
    added = dict(letter.headers[len(HEADERS):])
    check(len(added) == len(letter.headers) - len(HEADERS) and all(h.startswith("pawl-dlq-") for h in added),
          f"{name}: headers added: {added}")
    added = {h.removeprefix("pawl-dlq-"): text.decode() for h, text in added.items()}
    expected = {"plugin": "recorder", "version": "1.0.0", "group": f"group-{trial.id}", "reason": reason_of(name),
                "topic": topic, "partition": "0", "offset": str(place),
                "attempts": {"spent": str(ATTEMPTS), "rejected": "1"}.get(name, added.get("attempts"))}
    for header, text in expected.items():
        check(added.get(header) == text, f"{name}: pawl-dlq-{header}: {added.get(header)!r}, expected {text!r}")
    for header in ("error", "timestamp", "first-failure", "last-failure"):
        check(added.get(header), f"{name}: pawl-dlq-{header} is missing")
    if name in ("rejected", "spent"):
        check("the event says" in added["error"], f"{name}: pawl-dlq-error: {added['error']}")
        check(added.get("handler") == "on_any", f"{name}: pawl-dlq-handler: {added.get('handler')}")
    else:
        check("at byte " in added["error"], f"{name}: pawl-dlq-error does not say where: {added['error']}")
    say(f"{name}: {added['reason']}: {added['error']}")


def check_skipped(trial, topic):
    """What no handler takes, and a tombstone, are skipped; a field of the wrong type is named with what was expected and found."""
    publish(trial, [{"topic": topic, "partition": 0, "value": value} for value in GREETED])
    counters = wait_for("the greeter is past its events", lambda: passed(trial, len(GREETED)))["counters"]
    for name, count in {"events_skipped": 2, "events_dead_lettered": 1, "events_rejected": 1, "events_handled": 2,
                        "events_received": 5}.items():
        check(counters[name] == count, f"greeter: {name}: {counters[name]}, expected {count}")
    letter = dict(messages_of(trial, f"{topic}-dlq", 1)[0].headers)
    error = letter["pawl-dlq-error"].decode()
    say(f"field of the wrong type: {error}")
    for part in ("customer_id", "an integer", "seven"):
        check(part in error, f"a rejected field's text does not say {part!r}: {error}")


def passed(trial, offset):
    worker = trial.worker("greeter")
    return worker if worker and [p["committed"] for p in worker["partitions"]] == [offset] else None


def check_waits_for_its_topic(trial):
    """While the dead-letter topic is missing the offset waits, with an alarm that says what to do, and nothing else does."""
    topic = trial.topic("waits")
    trial.configure()
    trial.pawlctl("topics", "create")
    trial.topics[-1]["dead_letter"]["name"] = later = f"later-{trial.id}"
    trial.plugins = {"waits": trial.recorder(topic, group="waits")}
    trial.configure()
    trial.pawlctl("reload")
    publish(trial, [{"topic": topic, "partition": 0, "value": value} for value in (event(), REJECTED, event())])
    alarm = wait_for("the missing dead-letter topic is named", lambda: (w := trial.worker("waits")) and later in w["alarm"] and w["alarm"])
    say(f"a missing dead-letter topic: {alarm}")
    check(f"pawlctl topics create {later}" in alarm, f"the alarm does not say what to do: {alarm}")
    worker = trial.worker("waits")
    check(worker["partitions"][0]["committed"] in (None, 1), f"the offset is past the event: {worker['partitions']}")
    check(worker["counters"]["events_handled"] == 2, f"its neighbours are not handled: {worker['counters']}")
    work = wait_for("status names the event", lambda: (w := trial.worker("waits")) and "offset 1 for" in w["work"] and w["work"])
    say(f"what the commit waits for: {work}")
    check(f"{topic}/0" in work and "the event says" in work, f"status does not say which event, or why: {work}")
    publish(trial, [{"topic": topic, "partition": 0, "value": event(unavailable=True)}])
    wait_for("both troubles are named", lambda: (a := trial.worker("waits")["alarm"]) and later in a and "depends on" in a)
    trial.pawlctl("topics", "create")
    check(messages_of(trial, later, 1)[0].value == REJECTED, "another dead letter")
    wait_for("the offset goes on", lambda: trial.worker("waits")["partitions"][0]["committed"] == 3)
    wait_for("only its own alarm is over",
             lambda: (a := trial.worker("waits")["alarm"]) and later not in a and "depends on" in a)


def test(trial):
    topic, greeted = trial.topic("events"), trial.topic("greeted")
    trial.plugins = {"recorder": trial.recorder(topic, retry={"attempts": ATTEMPTS, "backoff": "20ms"}),
                     "greeter": {"plugin": f"{BUILD}/tests/plugins/greeter.so", "group": f"greeter-{trial.id}",
                                 "topics": [greeted]}}
    trial.configure()
    trial.pawlctl("topics", "create")
    dead = {"rejected": REJECTED, "spent": SPENT, **MALFORMED, **MALFORMED_BEHIND}
    messages = []  # (name, value); the neighbours' name is None
    for name, value in dead.items():
        messages += [(name, value), (None, event(request_id=len(messages)).encode())]
    places = publish(trial, [{"topic": topic, "partition": 0, "value": value, "headers": HEADERS,
                              "key": KEY if name else f"neighbour {at}"} for at, (name, value) in enumerate(messages)])
    check([p[2] for p in places] == list(range(len(messages))), f"offsets {places}")

    commits = Commits(trial, f"group-{trial.id}")
    trial.start()
    wait_for("the offset is past them all", lambda: commits.at.get((topic, 0)) == len(messages))
    letters = {letter.value: letter for letter in messages_of(trial, f"{topic}-dlq", len(dead))}
    for at, (name, value) in enumerate(messages):
        if name:
            check(value in letters, f"{name}: not in the dead-letter topic")
            check_letter(trial, letters[value], name, value, at, topic)
    # The handler saw also those whose fault only its accessors found, and answered OK.
    neighbours = [at for at, (name, _) in enumerate(messages) if name is None]
    handled = sorted(e.offset for e in trial.effects() if messages[e.offset][0] not in MALFORMED_BEHIND)
    check(handled == neighbours, f"handled: {handled}, expected {neighbours}")
    counters = trial.worker()["counters"]
    for name, count in {"events_dead_lettered": len(dead), "events_rejected": 1 + len(MALFORMED_BEHIND),
                        "events_retried": ATTEMPTS}.items():
        check(counters[name] == count, f"{name}: {counters[name]}, expected {count}")
    check_skipped(trial, greeted)
    commits.check_never_back()
    check_waits_for_its_topic(trial)


sys.exit(main(test))
