"""The three scenarios of the service-request aggregator, played over the gateway: HTTP in, and then what must be seen of them in
every place where they have effects. The demo shows them; the tests play them on real Kafka, also while workers are killed.

A Stage is one host with every plugin, configured by the plugins' own samples, and the peers that they talk to. A Story is one request on its
way through all three scenarios.
"""
import datetime
import email
import email.policy
import glob
import hashlib
import json
import os
import re
import secrets
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
import uuid

from trial import ROOT, TrialError, wait_for

PLUGINS = ["audit", "gateway", "hr", "notifications", "security", "workflow"]
TOPICS = ["request-events", "workflow-events", "notification-events", "security-events", "hr-events", "audit-events"]

# Who they are stands in plugins/notifications/recipients.csv and plugins/hr/hr.conf.
CUSTOMER, MANAGER, CONTRACTOR, OFFICER, ADMIN = 101, 7, 501, 900, 1
TOKENS = {"customer": CUSTOMER, "manager": MANAGER, "contractor": CONTRACTOR, "security": OFFICER, "admin": ADMIN}

# Beside the sample's rules: what is critical goes to the manager by SMS too.
CRITICAL = """ { event = "workflow.manager_assigned"; to = "manager"; template = "manager_assignment"; channels = [ "sms" ];
                 urgent = true; when = { urgency = "critical"; }; },"""

REQUEST = {
    "title": "Ремонт холодильника",
    "description": "Не морозит камера, на дисплее ошибка E5",
    "urgency": "critical",
    "region": "Москва",
    "city": "Москва",
    "address": "ул. Ленина, д. 1",
    "equipment_type": "refrigerator",
}
COMPLETION = {
    "completion_data": {
        "works": [
            {"name": "Диагностика холодильника", "quantity": 1, "unit": "шт.", "price": 1500},
            {"name": "Замена компрессора", "quantity": 1, "unit": "шт.", "price": 8700.50},
            {"name": "Заправка хладагентом R600a", "quantity": 0.5, "unit": "кг", "price": 3200},
        ],
        "amount": 11800.50,
    },
    "completion_notes": "Холодильник морозит, проверено при заказчике",
}


# ---- HTTP


class Answer:
    """An HTTP answer: its status, its headers, its body as JSON."""

    def __init__(self, status, headers, text):
        self.status = status
        self.headers = headers
        self.body = json.loads(text) if text else None


def http(url, body=None, token=None, key=None, seconds=20):
    """One request; a POST where there is a body. ConnectionError where nobody answered."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if key:
        headers["Idempotency-Key"] = key
    data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
    request = urllib.request.Request(url, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())
    except (urllib.error.URLError, OSError) as error:
        raise ConnectionError(f"{url}: {error}") from error


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# ---- the stage


def sample(name, changes):
    """A plugin's sample configuration, with paths as from the installed place and the values of this stage."""
    with open(f"{ROOT}/plugins/{name}/{name}.conf", encoding="utf-8") as file:
        text = file.read()
    text = text.replace('"../', f'"{ROOT}/plugins/')
    for pattern, value in changes:
        text, count = re.subn(pattern, lambda _, v=value: v, text)
        if count == 0:
            raise TrialError(f"{name}.conf: expected something like {pattern}, found nothing")
    return text


class Stage:
    """Every plugin on `trial`, and the peers. Start the trial's broker first."""

    def __init__(self, trial, refuse_first=False, changes=None):
        self.trial = trial
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.tokens = {role: "pawl_" + secrets.token_urlsafe(32) for role in TOKENS}
        refusing = ["--refuse-first"] if refuse_first else []
        smtp = trial.first_line("smtp", ["/usr/bin/python3", f"{ROOT}/tests/peers/smtp.py", trial.path("mail"), *refusing])
        peer = trial.first_line("http_peer", ["/usr/bin/python3", f"{ROOT}/tests/peers/http_peer.py", trial.path("http"), *refusing])
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", trial.path("audit.key")], check=True,
                       stderr=subprocess.DEVNULL)
        own = {
            "audit": [("threads = 1;", f'threads = 1;\nsettings = {{ checkpoint_key = "{trial.path("audit.key")}"; }};')],
            "gateway": [("0\\.0\\.0\\.0:8000", f"127.0.0.1:{self.port}"), ('"[^"]*gateway\\.tokens"', f'"{trial.path("gateway.tokens")}"')],
            "hr": [("# documents = [^;]*;", f'documents = "{trial.path("documents")}";')],
            "notifications": [
                ("smtp://[^\"]*", f"smtp://127.0.0.1:{smtp}"),
                ("# telegram = [^\n]*", f'telegram = {{ token = "4711:demo"; base_url = "http://127.0.0.1:{peer}"; }};'),
                ("# sms = [^\n]*", f'sms = {{ url = "http://127.0.0.1:{peer}/sms"; }};'),
                ("rules = \\(", "rules = (" + CRITICAL)],
            "workflow": [("\\[ 101, 102 \\]", f"[ {MANAGER} ]")],
        }
        trial.plugins = {name: sample(name, own.get(name, []) + (changes or {}).get(name, [])) for name in PLUGINS}
        os.makedirs(trial.path("documents"), exist_ok=True)
        trial.write("gateway.tokens", "".join(
            f"{role} role={role} user={TOKENS[role]} rate=1000 burst=1000 sha256={hashlib.sha256(token.encode()).hexdigest()}\n"
            for role, token in self.tokens.items()))

    # -- calling

    def get(self, path, role="manager"):
        return http(self.url + path, token=self.tokens[role])

    def post(self, path, body, role, seconds=60):
        """What a caller does who wants to be sure: the same request with the same key until it is answered for good. 409 may be too early: what
        the gateway knows of a request comes over the bus."""
        key = str(uuid.uuid4())
        deadline = time.monotonic() + seconds
        while True:
            try:
                answer = http(self.url + path, body, self.tokens[role], key)
                if answer.status == 202:
                    return answer.body
                why = f"{answer.status} {answer.body}"
                if answer.status not in (404, 409, 429) and answer.status < 500:
                    raise TrialError(f"POST {path}: {why}")
            except ConnectionError as error:
                why = error
            if time.monotonic() > deadline:
                raise TrialError(f"POST {path}: no 202 within {seconds} s: {why}")
            time.sleep(0.1)

    # -- looking

    def events(self, *topics):
        """The events of the topics (all six), as pawlctl prints them for machines, and `at`, Kafka's time in seconds, by which they are sorted."""
        names = [word for topic in topics or TOPICS for word in ("--topic", topic)]
        lines = self.trial.pawlctl("consume", *names, "--from", "beginning", "--json").stdout.splitlines()
        found = [json.loads(line) for line in lines]
        for event in found:
            event["at"] = datetime.datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00")).timestamp()
        return sorted(found, key=lambda e: (e["at"], e["topic"], e["offset"]))

    def rows(self, plugin, database, query, *values):
        """The rows of a plugin's database, read beside it; none while it does not exist."""
        rows = []
        for path in glob.glob(self.trial.path("state", "plugins", plugin, database)):
            db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
            try:
                rows += db.execute(query, values).fetchall()
            except sqlite3.OperationalError:  # not migrated yet, or locked at this moment
                pass
            finally:
                db.close()
        return rows

    def mails(self):
        """Every mail that the mail server accepted."""
        found = []
        for path in sorted(glob.glob(self.trial.path("mail", "*.eml"))):
            with open(path, "rb") as file:
                found.append(email.message_from_binary_file(file, policy=email.policy.default))
        return found

    def posts(self):
        """Every request that the Telegram-like and SMS-like peer got, refused ones too."""
        found = []
        for path in sorted(glob.glob(self.trial.path("http", "*.json*"))):
            with open(path, encoding="utf-8") as file:
                channel = os.path.basename(path).split(".")[0]
                found += [{"channel": channel, **json.loads(line)} for line in file.read().splitlines()]
        return found

    def all_reading(self):
        status = self.trial.try_status()
        workers = [w for p in status["plugins"] for w in p["workers"]] if status else []
        return len(workers) == len(PLUGINS) and all(
            w["partitions"] and all(p["state"] in ("reading", "full") for p in w["partitions"]) for w in workers)

    def lag(self):
        """Events that no plugin has committed yet, over all; None while one is not known."""
        lags = [p["lag"] for plugin in self.trial.try_status()["plugins"] for w in plugin["workers"] for p in w["partitions"]]
        return None if None in lags else sum(lags)


# ---- the story


def fits(event, event_type, members):
    value = event["value"]
    return value["event_type"] == event_type and all(value.get(name) == wanted for name, wanted in members.items())


def missing(events, expected):
    """Those of (type, members) that no event fits."""
    return [e for e in expected if not any(fits(event, *e) for event in events)]


class Story:
    """One request. Each scenario returns once all its effects are seen, with the correlation id of what began it."""

    def __init__(self, stage, request=None):
        self.stage = stage
        self.request = {**REQUEST, **(request or {})}
        self.id = None

    def of_request(self, events):
        return [e for e in events if e["value"].get("request_id") == self.id]

    def expect(self, what, *expected, seconds=60):
        """Waits until each (type, members) stands on its topic for this request."""
        def left():
            return missing(self.of_request(self.stage.events()), expected)
        wait_for(what, lambda: left() == [] or None, seconds, interval=0.3)

    def created(self):
        body = self.stage.post("/v1/requests", self.request, "customer")
        self.id = int(body["key"])
        self.expect(
            f"what request {self.id} causes",
            ("workflow.manager_assigned", {"manager_id": MANAGER}),
            ("notification.email.sent", {"message_type": "request_confirmation", "recipient_id": CUSTOMER}),
            ("notification.email.sent", {"message_type": "manager_assignment", "recipient_id": MANAGER}),
            *[("notification.sms.sent", {"message_type": "manager_assignment", "recipient_id": MANAGER})]
            * (self.request["urgency"] == "critical"))
        return body["correlation_id"]

    def verified(self, contractor=CONTRACTOR):
        """Before somebody may be assigned: three verifications, the offer to contractors."""
        for kind in ("identity", "documents", "background_check"):
            self.stage.post("/v1/events", {"event_type": "security.contractor_verified", "contractor_id": contractor,
                                           "verification_type": kind, "verification_result": "approved",
                                           "verified_by": OFFICER, "documents_verified": ["passport"]}, "security")

    def offered(self, contractor=CONTRACTOR):
        self.stage.post("/v1/events", {"event_type": "workflow.sent_to_contractors", "request_id": self.id,
                                       "manager_id": MANAGER, "contractor_ids": [contractor, 502]}, "manager")

    def assigned(self, contractor=CONTRACTOR):
        body = self.stage.post(f"/v1/requests/{self.id}/assign", {"contractor_id": contractor}, "manager")
        self.expect(
            f"what the assignment of request {self.id} causes",
            ("notification.telegram.sent", {"message_type": "assignment", "recipient_id": contractor}),
            ("notification.email.sent", {"recipient_id": CUSTOMER, "message_type": "contractor_assigned"}),
            ("security.access_granted", {"contractor_id": contractor}))
        return body["correlation_id"]

    def started(self, contractor=CONTRACTOR):
        self.stage.post("/v1/events", {"event_type": "workflow.work_started", "request_id": self.id,
                                       "contractor_id": contractor}, "manager")

    def completed(self):
        body = self.stage.post(f"/v1/requests/{self.id}/complete", COMPLETION, "contractor")
        self.expect(
            f"what the completion of request {self.id} causes",
            ("hr.document_created", {"document_type": "work_completion_act"}),
            ("hr.document_created", {"document_type": "invoice"}),
            ("notification.email.sent", {"recipient_id": CUSTOMER, "message_type": "completion"}),
            ("notification.email.sent", {"recipient_id": MANAGER, "message_type": "completion_report"}))
        return body["correlation_id"]
