#!/usr/bin/env python3
"""The three scenarios on real Kafka, for several requests at once, over the gateway; all effects are there, none is there twice.

  three_scenarios.py              one broker; besides, everything else that the domains do, so that all 26 types of events were seen
  three_scenarios.py --brokers 3  three brokers
  three_scenarios.py --kill       three brokers, and kill -9 of every worker in turn meanwhile

What a repeat after a crash may do: an event may stand on its topic again under the same event_id, and a message may go out once more, a
mail under the same Message-ID. Nothing else.
"""
import argparse
import collections
import os
import re
import signal
import subprocess
import sys
import threading
import time

from daemon import BUILD, SOURCE, Failed, check, say

sys.path.insert(0, os.path.join(SOURCE, "tools"))

from scenarios import CUSTOMER, MANAGER, OFFICER, PLUGINS, TOPICS, Stage, Story  # noqa: E402
from trial import Trial, TrialError, wait_for  # noqa: E402

STORIES = 5
AUDIT = [("settings = \\{", "settings = { largest = \"64KiB\";")]

# What one request causes on the topics, besides what its callers publish: type → how many, in all three scenarios.
CAUSED = {
    "workflow.manager_assigned": 1,
    "security.access_granted": 1,
    "hr.document_created": 2,
    "notification.telegram.sent": 1,
}


class Killer(threading.Thread):
    """Kills every worker in turn, each once the one before is back."""

    def __init__(self, stage):
        super().__init__(daemon=True)
        self.stage = stage
        self.killed = collections.Counter()
        self.ending = threading.Event()
        self.error = None

    def pids(self):
        status = self.stage.trial.try_status()
        return {p["name"]: w["pid"] for p in status["plugins"] for w in p["workers"]} if status else {}

    def done(self):
        """Everybody had his turn, or it cannot go on."""
        return len(self.killed) == len(PLUGINS) or self.error is not None

    def kill(self, name):
        pid = wait_for(f"{name} has a process", lambda: self.pids().get(name), 40)
        os.kill(pid, signal.SIGKILL)
        wait_for(f"{name} is back", lambda: self.pids().get(name) not in (None, 0, pid), 40)
        self.killed[name] += 1

    def run(self):
        try:
            while not self.ending.is_set():
                for name in PLUGINS:
                    self.kill(name)
                    if self.ending.wait(1.0):
                        break
        except (TrialError, OSError) as error:
            self.error = error

    def end(self):
        self.ending.set()
        self.join()
        check(self.error is None, f"the killing: {self.error}")


def in_parallel(stories, play):
    """Plays the same for all stories, each on a thread."""
    errors = []

    def one(story):
        try:
            play(story)
        except Exception as error:  # pylint: disable=broad-except
            errors.append(error)

    threads = [threading.Thread(target=one, args=[story]) for story in stories]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def wave(stage, first):
    """New requests on their way through all three scenarios, side by side."""
    stories = [Story(stage, {"title": f"Ремонт холодильника № {n}"}) for n in range(first, first + STORIES)]
    for name, play in (("scenario 1", Story.created), ("the offers", Story.offered), ("scenario 2", Story.assigned),
                       ("the beginnings", Story.started), ("scenario 3", Story.completed)):
        started = time.monotonic()
        in_parallel(stories, play)
        say(f"{name} of requests {first} to {first + STORIES - 1}: {time.monotonic() - started:.1f} s")
    return stories


# ---- what must hold


def once(events):
    """The events without repeats of the same event_id, and how many repeats there were."""
    unique = {}
    for event in events:
        unique.setdefault(event["value"]["event_id"], event)
    return list(unique.values()), len(events) - len(unique)


def check_effects(stage, stories):
    events, repeats = once(stage.events())
    say(f"{len(events)} events, {repeats} of them more than once under one event_id")
    for story in stories:
        mine = collections.Counter(e["value"]["event_type"] for e in story.of_request(events))
        for event_type, count in CAUSED.items():
            check(mine[event_type] == count, f"request {story.id}: {count} {event_type} expected, found {mine[event_type]}")
        told = collections.Counter(
            (e["value"]["event_type"], e["value"]["message_type"], e["value"].get("recipient_id"))
            for e in story.of_request(events) if e["topic"] == "notification-events")
        check(all(n == 1 for n in told.values()), f"request {story.id}: told of twice: {told}")
        check(not mine["notification.failed"], f"request {story.id}: a delivery failed")
        state = stage.rows("workflow", "workflow*.db", "SELECT state FROM request WHERE request_id = ?", story.id)
        check(state == [("completed",)], f"request {story.id}: expected to be completed, found {state}")
        told = stage.get(f"/v1/requests/{story.id}").body
        check((told["state"], told["priority"]) == ("completed", "urgent"), f"the gateway tells {told}")
    check(not stage.events(*[f"{topic}-dlq" for topic in TOPICS]), "a dead letter")
    return events


def check_documents(stage, stories, events):
    files = {os.path.join(where, name) for where, _, names in os.walk(stage.trial.path("documents")) for name in names}
    told = [e["value"]["document_path"] for e in events if e["value"]["event_type"] == "hr.document_created"]
    check(sorted(told) == sorted(files), f"documents: told of {sorted(told)}, found {sorted(files)}")
    check(len(files) == 2 * len(stories) + 1, f"expected two documents a request and one contract, found {sorted(files)}")
    numbers = sorted(int(re.search(r"(\d+)\.pdf$", path)[1]) for path in files if "/act-" in path)
    check(numbers == list(range(1, len(stories) + 1)), f"expected numbers without gaps, found {numbers}")


def check_messages(stage, stories, killed):
    most = 2 if killed else 1
    ids = collections.Counter((str(m["To"]), str(m["Message-ID"])) for m in stage.mails())
    subjects = collections.Counter((str(m["To"]), str(m["Subject"])) for m in stage.mails())
    check(max(ids.values(), default=0) <= most, f"a mail {max(ids.values(), default=0)} times: {ids.most_common(3)}")
    # As many different Message-IDs as different mails: a repeat carries the first one's.
    check(len(ids) == len(subjects), f"{len(ids)} Message-IDs of {len(subjects)} different mails")
    texts = collections.Counter((p["to"], p["text"]) for p in stage.posts() if p["status"] == 200)
    check(max(texts.values(), default=0) <= most, f"a message {max(texts.values(), default=0)} times: {texts.most_common(3)}")
    again = sum(ids.values()) - len(ids) + sum(texts.values()) - len(texts)
    say(f"{len(ids)} mails, {len(texts)} other messages, {again} sent once more; {len(stories)} requests")


def check_audit(stage):
    total = sum(e["value"].get("description", "")[:64] != "x" * 64 for e in stage.events())
    rows = wait_for("every event in the audit log", lambda: [
        r for r in [stage.rows("audit", "audit*.db", "SELECT topic, partition, offset FROM log WHERE event_type IS NOT NULL")]
        if len(r) >= total] or None)[0]
    check(len(rows) == len(set(rows)) == total, f"{total} events on the topics, {len(rows)} in the log, {len(set(rows))} different")
    say(stage.trial.pawlctl("audit", "verify").stdout.strip())


# ---- everything else that the domains do


def everything_else(stage, stories):
    """Publishes and provokes what the three scenarios do not."""
    stage.post("/v1/events", {"event_type": "request.updated", "request_id": stories[0].id, "customer_id": CUSTOMER,
                              "updated_fields": {"address": "ул. Ленина, д. 2"}, "updated_by": CUSTOMER}, "manager")
    other = Story(stage, {"title": "Не греет духовка", "equipment_type": "oven"})
    other.created()
    stage.post("/v1/events", {"event_type": "request.clarification_needed", "request_id": other.id, "customer_id": CUSTOMER,
                              "manager_id": MANAGER, "question": "Какая модель?"}, "manager")
    other.expect("the way into clarification", ("workflow.status_changed", {"new_status": "clarification"}))
    stage.post(f"/v1/requests/{other.id}/cancel", {"cancellation_reason": "Починили сами"}, "customer")
    other.expect("the way out", ("workflow.status_changed", {"new_status": "cancelled"}))
    # Nobody knows customer 999: a failed delivery, no stall. His contractor 502 is rejected: no access. The manager's SMS.
    unknown = Story(stage, {"customer_id": 999})
    body = stage.post("/v1/requests", unknown.request, "manager")
    unknown.id = int(body["key"])
    unknown.expect("a delivery to nobody", ("notification.failed", {"recipient_id": 999}), ("workflow.manager_assigned", {}))
    stage.post("/v1/events", {"event_type": "security.contractor_rejected", "contractor_id": 502, "verification_type": "identity",
                              "rejected_by": OFFICER, "rejection_reason": "Паспорт просрочен"}, "security")
    unknown.offered(502)
    stage.post(f"/v1/requests/{unknown.id}/assign", {"contractor_id": 502}, "manager")
    unknown.expect("no access", ("security.access_revoked", {"contractor_id": 502}))
    # More than audit may store, as AUDIT says: a dead letter, and said so.
    huge = Story(stage, {"description": "x" * 70000})
    body = stage.post("/v1/requests", huge.request, "customer")
    huge.id = int(body["key"])
    wait_for("what audit could not store is told of", lambda: any(
        e["value"]["event_type"] == "audit.error_occurred" for e in stage.events("audit-events")), 30)
    for event in ({"event_type": "audit.system_event", "component": "crm", "action": "backup"},
                  {"event_type": "audit.performance_metric", "component": "crm", "metric": "latency", "value": 0.2}):
        stage.post("/v1/events", event, "admin")
    documents = stage.rows("hr", "hr*.db", "SELECT document_id FROM document WHERE request_id = ? ORDER BY number", stories[0].id)
    stage.trial.pawlctl("hr", "sign", documents[0][0], "--by", str(MANAGER))
    stage.trial.pawlctl("hr", "pay", str(stories[0].id), "--reference", "ПП-1")
    stories[0].expect("the payment", ("hr.payment_processed", {}))


def check_types(stage):
    """Every type of the catalogue was seen on its topic. Who takes and emits each: tests/plugins/coverage.py."""
    seen = collections.Counter(e["value"]["event_type"] for e in stage.events())
    types = re.findall(r"^\| `([a-z_.]+)`", stage.trial.pawlctl("schema", "--markdown").stdout, re.MULTILINE)
    check(len(types) == 26, f"expected 26 types, found {types}")
    check(set(types) == set(seen), f"never seen on the bus: {set(types) - set(seen)}; not in the catalogue: {set(seen) - set(types)}")
    say("seen: " + ", ".join(f"{seen[t]} {t}" for t in types))


# ---- the run


def test(trial, args):
    trial.real_kafka(args.brokers)
    stage = Stage(trial, changes={"audit": AUDIT})
    trial.configure()
    trial.pawlctl("topics", "create")
    trial.start()
    wait_for("every plugin reads its partitions", stage.all_reading, 60)
    Story(stage).verified()
    killer = Killer(stage) if args.kill else None
    if killer:
        killer.start()
    stories = wave(stage, 1)
    while killer and not killer.done():
        stories += wave(stage, len(stories) + 1)
    if killer:
        killer.end()
        say(f"killed while requests were on their way: {dict(killer.killed)}")
    wait_for("lag 0", lambda: stage.all_reading() and stage.lag() == 0, 90)
    events = check_effects(stage, stories)
    check_documents(stage, stories, events)
    check_messages(stage, stories, args.kill)
    if not args.kill and args.brokers == 1:
        everything_else(stage, stories)
        wait_for("lag 0", lambda: stage.lag() == 0, 60)
        check_types(stage)
    check_audit(stage)
    check(trial.stop() == 0, "pawld ends with status 0")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", type=int, default=1)
    parser.add_argument("--kill", action="store_true")
    args = parser.parse_args()
    if args.kill:
        args.brokers = 3
    with Trial(BUILD) as trial:
        try:
            test(trial, args)
        except (Failed, TrialError, subprocess.SubprocessError) as error:
            print(f"{error}\n\nthe end of pawld's log:\n{trial.log('pawld')[-8000:]}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
