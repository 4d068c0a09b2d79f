#!/usr/bin/env python3
"""Every command of README.md is run: those of `sh` blocks one by one, in their order, against a host with every plugin.

A command that another test runs is named in ELSEWHERE with that test; a new command in README.md that is in neither fails here.
"""
import json
import os
import re
import select
import shlex
import subprocess
import sys

from daemon import SOURCE, Failed, check, main, say, wait_for
from scenarios import Stage  # noqa: E402

ELSEWHERE = {
    "./tools/demo": "the tests demo and demo_kafka",
    "./tools/test": "this run",
    "./tools/deps": "tools_deps, and the beginning of every tools/test",
    "cmake --preset release": "the build of every tools/test",
    "cmake --build --preset release": "the build of every tools/test",
    "cmake --install build/release": "the stage install of tools/test",
}
ENDLESS = {"pawlctl consume --topic request-events --follow"}  # ended by the test once it has shown something
STARTS = "pawld --config /etc/pawl/pawl.conf"
ENDS = "pawlctl drain"


def commands():
    """The commands of README.md's sh blocks, without their comments."""
    with open(f"{SOURCE}/README.md", encoding="utf-8") as file:
        blocks = re.findall(r"^```sh\n(.*?)^```", file.read(), re.MULTILINE | re.DOTALL)
    return [line for line in (re.sub(r"\s+#.*", "", text).strip() for text in "".join(blocks).splitlines()) if line]


def greeter(trial):
    """The example of the header's first comment, as a reader would save it."""
    with open(f"{SOURCE}/include/pawl/plugin.h", encoding="utf-8") as file:
        comment = file.read().split("*/", 1)[0]
    lines = [re.sub(r"^ \* ?", "", line) for line in comment.splitlines()]
    code = [line[4:] for line in lines if line.startswith("    ") or not line]
    text = "\n".join(code)
    trial.write("greeter.c", text[text.index("#include"):] + "\n")


def wrappers(trial):
    """pawld and pawlctl on the PATH, with this trial's configuration in place of the installed one."""
    os.mkdir(trial.path("bin"))
    for name, place in (("pawld", "core/pawld"), ("pawlctl", "tools/pawlctl")):
        path = trial.path("bin", name)
        with open(path, "w", encoding="utf-8") as file:
            config = f"--config {trial.path('pawl.conf')} " if name == "pawlctl" else ""
            file.write(f'#!/bin/sh\nexec {trial.build}/{place} {config}"$@"\n')
        os.chmod(path, 0o755)
    os.symlink(f"{SOURCE}/include", trial.path("include"))
    return {**os.environ, "PATH": trial.path("bin") + ":" + os.environ["PATH"]}


def run(trial, command, environment):
    command = command.replace("/etc/pawl/pawl.conf", trial.path("pawl.conf"))
    return subprocess.run(shlex.split(command), cwd=trial.dir, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)


def run_endless(trial, command, environment):
    with subprocess.Popen(shlex.split(command), cwd=trial.dir, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True) as process:
        for _ in range(30):  # --follow begins at the end of the topic
            trial.pawlctl("publish", trial.path("events.ndjson"))
            if select.select([process.stdout], [], [], 1)[0]:
                break
        process.terminate()
        line = process.stdout.readline()
    check(line.strip(), f"{command}: expected an event, found nothing")


def test(trial):
    environment = wrappers(trial)
    greeter(trial)
    stage = Stage(trial)
    trial.configure()
    event = {"event_type": "request.created", "request_id": 1, "customer_id": 101, "title": "Ремонт", "description": "x",
             "urgency": "high", "region": "Москва", "city": "Москва", "address": "ул. 1"}
    trial.write("events.ndjson", json.dumps(event, ensure_ascii=False) + "\n")
    for command in commands():
        if command in ELSEWHERE:
            say(f"{command}: run by {ELSEWHERE[command]}")
            continue
        say(command)
        if command == STARTS:
            trial.start()
            wait_for("every plugin reads", stage.all_reading, 60)
        elif command in ENDLESS:
            run_endless(trial, command, environment)
        else:
            if command == ENDS:
                last_plugin(trial, environment)
            done = run(trial, command, environment)
            check(done.returncode == 0, f"{command}: exit status {done.returncode}\n{done.stdout}")
        if command == ENDS:
            check(trial.pawld.wait(40) == 0, "pawld to end with status 0 after a drain")


def last_plugin(trial, environment):
    """What README.md says of a plugin of one's own: compiled as it says, named in a file, taken over by a reload."""
    compiler = [c for c in commands() if c.startswith("cc ")]
    check(len(compiler) == 1, f"expected one cc command in README.md, found {compiler}")
    done = run(trial, compiler[0], environment)
    check(done.returncode == 0, f"{compiler[0]}: {done.stdout}")
    trial.plugins["greeter"] = {"enabled": True, "plugin": trial.path("greeter.so"), "group": "greeter",
                                "topics": ["request-events"]}
    trial.configure()
    trial.pawlctl("reload")
    # A command that a plugin does not have is answered with those that it has.
    wrong = run(trial, "pawlctl audit help", environment)
    check(wrong.returncode != 0 and "verify" in wrong.stdout, f"pawlctl audit help: {wrong.stdout}")
    wait_for("the greeter has greeted", lambda: "welcome, customer 101" in trial.log("pawld"), 30)


try:
    sys.exit(main(test))
except Failed as error:
    sys.exit(str(error))
