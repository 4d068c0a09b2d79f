#!/usr/bin/env python3
"""SIGHUP under load swaps version 1 of the recorder for version 2, to and fro, twenty times by hand-over and twenty times beside: each
event is handled exactly once, order per key holds, and no other member of the group sees a rebalance. Then what a reload must refuse:
each with a text that names the cause, while the old one serves on. Then plugins that come and go by reload.
"""
import json
import os
import shutil
import signal
import sys
import time

from daemon import BUILD, check, check_order, duplicates, lost, main, say, wait_for
from wire import QUICK_REBALANCE, Load, another_host, event, messages_of, publish

SWAPS = int(os.environ.get("PAWL_TEST_SWAPS", "20"))
PARTITIONS = 4
# Generous, since a test must not fail by a busy machine: what is meant is the drain and 300 ms, and 20 ms.
PAUSE_BOUND = {"hand-over": 5.0, "beside": 1.0}
FIXTURES = f"{BUILD}/tests/plugins"


def steering(n, emitted):
    """Some of the events take a ticket, some fail at first, some emit another: a swap comes upon all of these."""
    return {"defer_ms": 40} if n % 31 == 0 else {"retry": 1} if n % 37 == 0 else {"emit": emitted} if n % 10 == 0 else {}


class Looked:
    """What the recorder's lines say of a time (nanoseconds of the monotonic clock), in seconds: `pauses` between the last event that one
    instance handled and the first of the next, and `waited`, the longest time from an event's acknowledgement until it was handled."""

    def __init__(self, path, load, began, ended):
        self.pauses, self.waited = [], 0.0
        before = None  # who handled, and when
        with open(path, encoding="utf-8") as file:
            for line in file:
                if not line.endswith("\n"):
                    break  # being written
                version, pid, topic, partition, offset, _, _, _, when = line.split("\t")
                who, when = (version, pid), int(when)
                if not began <= when <= ended:
                    continue
                if before and before[0] != who:
                    self.pauses.append(max(0, when - before[1]) / 1e9)
                before = (who, when)
                came = load.producer.acknowledged.get((topic, int(partition), int(offset)), when)
                self.waited = max(self.waited, (when - came) / 1e9)


def put(build, path):
    """Replaces a file by rename, as an installation does."""
    shutil.copy(f"{FIXTURES}/{build}.so", path + ".part")
    os.rename(path + ".part", path)


def install(trial, number, base):
    """The other version, in the one way or the other: a file under the same name, or another name in the configuration."""
    keys = trial.plugins["recorder"]
    build = f"{base}_v2" if number % 2 == 0 else base
    if number // 2 % 2 == 0:
        if keys["plugin"] != trial.path("recorder.so"):
            keys["plugin"] = trial.path("recorder.so")
        put(build, trial.path("recorder.so"))
    else:
        path = trial.path(f"recorder-{number}.so")
        put(build, path)
        keys["plugin"] = path
    trial.configure(**HOST)
    return "2" if build.endswith("_v2") else "1"


HOST = {"trial_deadline": "3s"}


def last_reload(trial, generation):
    """The outcome of the reload that made this generation; None before it."""
    status = trial.try_status()
    outcome = status["last_reload"]
    return outcome if status["state"] == "running" and outcome["generation"] >= generation else None


def swap(trial, number, base, way):
    """One reload by SIGHUP; returns how long drain and pause took, in seconds."""
    generation = trial.try_status()["generation"] + 1
    version = install(trial, number, base)
    trial.pawld.send_signal(signal.SIGHUP)
    outcome = wait_for("the reload is over", lambda: last_reload(trial, generation))
    report = next(p for p in outcome["plugins"] if p["plugin"] == "recorder")
    check(outcome["ok"] and report["ok"], f"swap {number}: {outcome}")
    check(report["action"] == way, f"swap {number} was carried out by {report['action']}, expected {way}: {report}")
    others = [p for p in outcome["plugins"] if p["plugin"] != "recorder"]
    check(all(p["action"] == "unchanged" for p in others), f"swap {number} touched others: {others}")
    wait_for(f"version {version} handles events", lambda: version_of_last(trial) == version)
    return report["drain_seconds"], report["pause_seconds"]


def version_of_last(trial):
    """The version that wrote the newest line; a rough look, at the file's end only."""
    with open(trial.effects_file(), "rb") as file:
        file.seek(-min(os.path.getsize(trial.effects_file()), 4096), os.SEEK_END)
        lines = file.read().split(b"\n")
    return lines[-2].split(b"\t")[0].decode()


def swap_to_and_fro(trial, other, load, base, way):
    began = time.monotonic_ns()
    figures = [swap(trial, number, base, way) for number in range(SWAPS)]
    drains, said = zip(*figures)
    host, beside_it = (Looked(each.effects_file(), load, began, time.monotonic_ns()) for each in (trial, other))
    pauses = sorted(host.pauses)
    say(f"{SWAPS} swaps {way}: drained within {max(drains) * 1000:.1f} ms, and a pause of {max(said) * 1000:.1f} ms at most, as pawld says; "
        f"between the last event of the one and the first of the other {pauses[len(pauses) // 2] * 1000:.1f} ms in the median, "
        f"{pauses[-1] * 1000:.1f} ms at most; an event waited {host.waited * 1000:.0f} ms at most, back-off of retries included "
        f"({beside_it.waited * 1000:.0f} ms on the host that was not reloaded)")
    check(len(pauses) >= SWAPS - 1, f"{way}: {len(pauses)} changes of the handling instance, expected one a swap")
    check(pauses[-1] < PAUSE_BOUND[way], f"{way}: a pause of {pauses[-1]:.3f} s")


def refuse(trial, what, names):
    """A reload that must be refused with a text that has all of `names`; the old one serves on."""
    before = trial.worker()
    done = trial.pawlctl("reload", check=False)
    check(done.returncode != 0, f"{what}: pawlctl reload ends with status 0: {done.stdout}")
    said = done.stdout + done.stderr
    status = trial.try_status()
    outcome = status["last_reload"]
    check(not outcome["ok"] and outcome["refused"], f"{what}: status says {outcome}")
    for text in (said, " ".join(outcome["errors"])):
        check(all(name in text for name in names), f"{what}: expected {names} in: {text}")
    say(f"refused, {what}: {'; '.join(outcome['errors'])}")
    after = trial.worker()
    check((after["pid"], after["build"]) == (before["pid"], before["build"]), f"{what}: the old one did not stay")
    count = trial.effect_count()
    wait_for(f"{what}: events go on being handled", lambda: trial.effect_count() > count + 100)


def refusals(trial):
    keys = trial.plugins["recorder"]
    good = f"{FIXTURES}/recorder_beside.so"
    path = keys["plugin"] = trial.path("recorder.so")
    shutil.copy(good, path)
    trial.configure(**HOST)
    trial.pawlctl("reload", "recorder")

    for what, text, names in (
            ("an unknown key", "treads = 4;\n", ["plugins.d/recorder.conf:", "treads", "threads"]),
            ("a value out of range", "threads = 0;\n", ["plugins.d/recorder.conf:", "threads", "1"]),
            ("a syntax error", "threads = ;\n", ["plugins.d/recorder.conf:", "syntax"]),
            ("an unknown setting", 'settings = { file = "x"; pawse = "1s"; };\n', ["plugins.d/recorder.conf", "pawse", "pause"]),
            ("a setting of the wrong type", "settings = { file = 7; };\n", ["plugins.d/recorder.conf", "file", "7"])):
        kept = dict(keys)
        for key in [word for word in ("settings",) if text.startswith(word)]:
            del kept[key]
        trial.plugins["recorder"] = kept
        trial.configure(**HOST)
        trial.plugins["recorder"] = keys
        with open(trial.path("plugins.d", "recorder.conf"), "a", encoding="utf-8") as file:
            file.write(text)
        refuse(trial, what, names)
    trial.configure(**HOST)

    with open(good, "rb") as file:
        whole = file.read()
    for length in (0, 40, len(whole) // 2):
        with open(path + ".part", "wb") as file:
            file.write(whole[:length])
        os.rename(path + ".part", path)
        refuse(trial, f"a file cut after {length} bytes", [path])
    for kind, names in (("minor", ["wants version 1.3", "provides 1."]), ("major", ["wants version 2.", "provides 1."]),
                        ("descriptor", ["*"]), ("fails", ["the moon is in the wrong phase"]), ("crashes", ["SIGSEGV"]),
                        ("hangs", ["create", "3s"])):
        put(f"hostile_{kind}", path)
        refuse(trial, f"hostile_{kind}", ["recorder", *names])
    os.unlink(path)
    refuse(trial, "a missing file", [path, "No such file"])
    put("recorder_beside", path)


def come_and_go(trial, topic):
    """A second plugin is added, disabled, enabled and taken away by reload; the first one is not touched."""
    first = trial.worker()["pid"]
    effects = trial.path("second-effects")

    def reload(keys, action):
        trial.plugins["second"] = keys
        if keys is None:
            del trial.plugins["second"]
        trial.configure(**HOST)
        trial.pawlctl("reload")
        actions = {p["plugin"]: p["action"] for p in trial.try_status()["last_reload"]["plugins"]}
        check(actions == {"recorder": "unchanged", "second": action}, f"actions: {actions}")

    keys = trial.recorder(topic, group="second", settings={"file": effects})
    publish(trial, [{"topic": topic, "value": event(request_id=1)}])
    reload(keys, "added")
    wait_for("the added plugin handles", lambda: os.path.exists(effects) and os.path.getsize(effects))
    pid = trial.worker("second")["pid"]
    reload({**keys, "enabled": False}, "removed")
    check(trial.worker("second") is None and not os.path.exists(f"/proc/{pid}"), "the disabled plugin's worker is still there")
    size = os.path.getsize(effects)
    publish(trial, [{"topic": topic, "value": event(request_id=2)}])
    reload(keys, "added")
    wait_for("the enabled plugin goes on", lambda: os.path.getsize(effects) > size)
    with open(effects, encoding="utf-8") as file:
        check([line.split("\t")[4] for line in file] == ["0", "1"], "disabled and enabled: not each event once")
    reload(None, "removed")
    check(trial.worker()["pid"] == first, "the other plugin's worker changed")
    done = trial.pawlctl("reload", "nobody", check=False)
    check(done.returncode != 0 and "nobody" in done.stdout + done.stderr, f"reload nobody: {done}")


def partition_counts(host):
    """How many partitions each worker of the recorder reads."""
    workers = [w for p in host.try_status()["plugins"] if p["name"] == "recorder" for w in p["workers"]]
    return [sum(p["state"] in ("reading", "full") for p in w["partitions"]) for w in workers]


def members_come_and_go(trial, other):
    """Under load, a second instance comes and goes, and the plugin is disabled and enabled: the group shares out its partitions
    each time, at once, and every event is still handled once (which is checked at the end)."""
    keys = trial.plugins["recorder"]
    for changed, expected in (({"instances": 2}, [1, 1, 2]), ({}, [2, 2]), ({"enabled": False}, [4]), ({}, [2, 2])):
        trial.plugins["recorder"] = {**keys, **changed}
        trial.configure(**HOST)
        started = time.monotonic()
        trial.pawlctl("reload")
        wait_for(f"{changed}: {expected} partitions for the members",
                 lambda: sorted(partition_counts(trial) + partition_counts(other)) == expected)
        say(f"{changed or 'as before'}: the members have {expected} partitions after {time.monotonic() - started:.1f} s")


def check_untouched(other, before):
    after = other.worker()
    check(after["pid"] == before["pid"], "the other member's worker changed")
    check(after["counters"]["rebalances"] == before["counters"]["rebalances"],
          f"the other member saw {after['counters']['rebalances'] - before['counters']['rebalances']} rebalances")


def test(trial):
    topic, quiet, emitted = trial.topic("reload", PARTITIONS), trial.topic("quiet"), trial.topic("emitted")
    trial.settings["consumer_properties"] = QUICK_REBALANCE
    trial.plugins = {"recorder": trial.recorder(topic, plugin=f"{FIXTURES}/recorder.so")}
    trial.configure(**HOST)
    trial.pawlctl("topics", "create")
    trial.start()
    with another_host(trial) as other:
        other.settings["consumer_properties"] = QUICK_REBALANCE
        other.plugins = {"recorder": other.recorder(topic)}
        other.configure()
        other.start()
        wait_for("both members read half of the partitions",
                 lambda: all((w := host.reading()) and len(w["partitions"]) == PARTITIONS // 2 for host in (trial, other)), 60)
        load = Load(trial, topic, members=lambda n: steering(n, emitted))
        wait_for("both handle", lambda: trial.effect_count() and other.effect_count())
        before = other.worker()
        swap_to_and_fro(trial, other, load, "recorder", "hand-over")
        check_untouched(other, before)
        trial.plugins["recorder"]["plugin"] = f"{FIXTURES}/recorder_beside.so"
        trial.configure(**HOST)
        trial.pawlctl("reload", "recorder")
        pid = trial.worker()["pid"]
        swap_to_and_fro(trial, other, load, "recorder_beside", "beside")
        check(trial.worker()["pid"] == pid, "a swap beside changed the process")
        refusals(trial)
        check(trial.worker()["pid"] == pid, "the refused reloads changed the process")
        check_untouched(other, before)
        members_come_and_go(trial, other)
        counts = load.stop()
        total = sum(counts.values())
        wait_for("all events are handled", lambda: trial.effect_count() + other.effect_count() >= total)
        come_and_go(trial, quiet)
        check(trial.stop() == 0 and other.stop() == 0, "both pawld end with status 0")
        effects, others = trial.effects(), other.effects()
    say(f"{total} events, {len(effects)} handled by the reloaded host, {len(others)} by the other")
    again = duplicates(effects + others)
    check(not lost(effects + others, counts), f"missing: {lost(effects + others, counts)[:5]}")
    check(not again, f"handled twice: {len(again)}, as {list(again.items())[:5]}")
    check_order(effects)
    check_order(others)
    emits = sum("emit" in steering(n, emitted) for n in range(total))
    found = messages_of(trial, emitted, emits)
    ids = {json.loads(message.value)["event_id"] for message in found}
    check(len(found) == len(ids) == emits, f"{emits} events emit one each; found {len(found)} of {len(ids)} ids")


sys.exit(main(test))
