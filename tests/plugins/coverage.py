#!/usr/bin/python3
"""Each of the 26 types is consumed or emitted by the plugins that should: what each plugin does on the tests' host (observe.c) is printed as one table
and held against what the domain demands. notifications talks to a mail server, a Telegram Bot API and an SMS gateway, gateway to an HTTP caller."""
import hashlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

SOURCE, BUILD = os.environ["PAWL_SOURCE"], os.environ["PAWL_BUILD"]
PLUGINS = ["workflow", "notifications", "security", "hr", "audit", "gateway"]
TOKEN = "token-of-this-test"

# What each plugin must consume and emit. audit takes, and gateway publishes, whatever there is.
CONSUMES = {
    "workflow": ["request.created", "request.updated", "request.cancelled", "request.clarification_needed", "workflow.manager_assigned",
                 "workflow.sent_to_contractors", "workflow.contractor_assigned", "workflow.work_started", "workflow.work_completed",
                 "workflow.status_changed"],
    "notifications": ["request.created", "request.cancelled", "request.clarification_needed", "workflow.manager_assigned",
                      "workflow.contractor_assigned", "workflow.work_completed", "hr.payment_processed"],
    "security": ["workflow.contractor_assigned", "security.contractor_verified", "security.contractor_rejected",
                 "security.access_granted", "security.access_revoked"],
    "hr": ["workflow.work_completed", "security.contractor_verified", "security.contractor_rejected"],
}
CONSUMES["gateway"] = CONSUMES["workflow"]
EMITS = {
    "workflow": ["workflow.manager_assigned", "workflow.status_changed", "audit.system_event"],
    "notifications": ["notification.email.sent", "notification.telegram.sent", "notification.sms.sent", "notification.failed"],
    "security": ["security.access_granted", "security.access_revoked", "audit.user_action"],
    "hr": ["hr.document_created", "hr.document_signed", "hr.contract_generated", "hr.payment_processed"],
    "audit": ["audit.error_occurred"],
}


class Peer:
    """A server of tests/peers; ends when its standard input does."""

    def __init__(self, script):
        os.makedirs(script, exist_ok=True)
        self.process = subprocess.Popen(["/usr/bin/python3", f"{SOURCE}/tests/peers/{script}.py", script], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.port = self.process.stdout.readline().strip().removeprefix("port=")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate(timeout=20)


def samples():
    done = subprocess.run([f"{BUILD}/tools/pawlctl", "schema", "--samples"], stdout=subprocess.PIPE, text=True, check=True)
    found = {}
    for line in done.stdout.splitlines():
        found.setdefault(json.loads(line)["event_type"], line)
    return found


def call_gateway(port, events):
    """One body with an event of each type; it is answered when all of them are on the bus. Each has an id of its own."""
    lines = [json.dumps({**json.loads(line), "event_id": f"00000000-0000-4000-9000-{number:012}"}) for number, line in enumerate(events)]
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/events", data="\n".join(lines).encode(), method="POST", headers={
        "Authorization": f"Bearer {TOKEN}", "Content-Type": "application/x-ndjson"})
    end = time.monotonic() + 20
    while True:
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
                answer.read()
            return
        except urllib.error.HTTPError as problem:
            text = problem.read().decode()
            if problem.code != 503 or time.monotonic() > end:  # a caller may come before all is open, and comes again
                sys.exit(f"gateway: expected a yes, found {problem.code}: {text[:2000]}")
            print(f"gateway: {text}", file=sys.stderr)


def observed(plugin, arguments, events):
    """(the types that it consumes, those that it emits)"""
    arguments = [f"{BUILD}/tests/plugins/observe", plugin, "--until", ",".join(EMITS[plugin]), *arguments]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        port = process.stdout.readline().strip().removeprefix("port=")
        if plugin == "gateway" and port:
            call_gateway(port, events)
        lines = [line.split() for line in process.stdout.read().splitlines()]
    if process.returncode != 0:
        sys.exit(f"{plugin}: {' '.join(arguments)} ended with {process.returncode}")
    return {type_ for verb, type_ in lines if verb == "consumes"}, {type_ for verb, type_ in lines if verb == "emits"}


def observe_all(events):
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    with open("tokens", "w", encoding="utf-8") as file:
        file.write(f"test role=admin user=1 rate=100000 sha256={digest}\n")
    with Peer("smtp") as smtp, Peer("http_peer") as http:
        arguments = ["--smtp", smtp.port, "--http", http.port, "--tokens", os.path.abspath("tokens")]
        return {plugin: observed(plugin, arguments, events.values()) for plugin in PLUGINS}


def cell(plugin, type_, found):
    consumed, emitted = found[plugin]
    return " ".join(word for word, types in (("consumes", consumed), ("emits", emitted)) if type_ in types)


def main():
    events = samples()
    CONSUMES["audit"] = EMITS["gateway"] = list(events)
    found = observe_all(events)
    print(f"| type | {' | '.join(PLUGINS)} |\n|---|{'---|' * len(PLUGINS)}")
    for type_ in events:
        print(f"| {type_} | {' | '.join(cell(plugin, type_, found) for plugin in PLUGINS)} |")
    missing = [f"{plugin} must {verb} {type_}" for at, (verb, demands) in enumerate((("consume", CONSUMES), ("emit", EMITS)))
               for plugin, types in demands.items() for type_ in types if type_ not in found[plugin][at]]
    if missing:
        sys.exit("\n".join(missing))
    print(f"\nall {len(events)} types are consumed and emitted by the plugins that should")


main()
