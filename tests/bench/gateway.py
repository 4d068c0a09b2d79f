"""tools/bench gateway: callers against the gateway, on a real Kafka; every 202 is an event that the broker has acknowledged.

wrk has no rate: the 500 requests a second are a closed loop of connections that each wait 100 ms, on average, between an answer
and their next request. Broker, gateway and wrk share the machine.
"""
import hashlib
import json
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tools"))

from trial import Trial, TrialError, wait_for  # noqa: E402

TOKEN = "bench"
REPLACED_MS = 200  # what the replaced system promised
MOST_P99_MS, LEAST_SINGLE, LEAST_BATCHED = 20, 3000, 30000
PREPARED = 20000  # requests that the routes of one are measured on
BATCH = 5000

REQUEST = {"customer_id": 101, "title": "Ремонт холодильника", "description": "Не морозит камера, на дисплее ошибка E5",
           "urgency": "high", "region": "Москва", "city": "Москва", "address": "ул. Ленина, д. 1",
           "equipment_type": "refrigerator"}
ACTION = {"user_id": 101, "user_role": "customer", "action": "create", "resource_type": "request", "ip_address": "192.0.2.7",
          "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101", "success": True}


class Bench:
    def __init__(self, trial, options):
        self.trial, self.options = trial, options
        self.port = free_port()

    def start(self):
        trial = self.trial
        trial.real_kafka()
        digest = hashlib.sha256(TOKEN.encode()).hexdigest()
        trial.write("tokens", f"{TOKEN} role=admin user=1 rate=1000000 burst=1000000 sha256={digest}\n")
        trial.plugins = {"gateway": {
            "group": "gateway-service-{host_id}", "topics": ["request-events", "workflow-events"], "threads": 3,
            "kafka_producer_properties": ["linger.ms=1"],
            "listen": {"http": f"127.0.0.1:{self.port}"},
            "settings": {"tokens": trial.path("tokens"), "request_ids": {"first": 100000000, "last": 200000000}}}}
        trial.configure()
        trial.pawlctl("topics", "create")
        trial.start()
        wait_for("the gateway is ready", lambda: self.get("/readyz")[0] == 200)
        self.body("request", json.dumps(REQUEST, ensure_ascii=False))

    def body(self, name, text):
        self.trial.write(name, text)
        return self.trial.path(name)

    def get(self, path):
        return self.call("GET", path)

    def call(self, method, path, body=None, kind="application/json"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method,
                                         data=body.encode() if body else None,
                                         headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, None

    def wrk(self, method, path, body=None, kind="application/json", connections=64, delay=0, first=0, seconds=None):
        environment = {**os.environ, "BENCH_METHOD": method, "BENCH_PATH": path, "BENCH_TYPE": kind, "BENCH_TOKEN": TOKEN,
                       "BENCH_DELAY": str(delay), "BENCH_FIRST": str(first)}
        if body:
            environment["BENCH_BODY"] = body
        out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds or self.options.seconds}s", "--timeout", "30s",
                              "-s", os.path.join(HERE, "gateway.lua"), f"http://127.0.0.1:{self.port}"],
                             env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
        result = json.loads(out.strip().splitlines()[-1])
        if result["bad"]:
            raise TrialError(f"{method} {path}: {result['bad']} of {result['requests']} requests failed")
        result["rate"] = result["requests"] / result["seconds"]
        return result

    def settle(self):
        """The read model has read what was published so far."""
        def lag():
            partitions = [p for w in self.trial.try_status()["plugins"][0]["workers"] for p in w["partitions"]]
            return partitions and all(p["lag"] == 0 for p in partitions)
        wait_for("the read model is at the topics' end", lag, 300)
        time.sleep(0.5)

    def publish(self, events):
        for at in range(0, len(events), BATCH):
            text = "\n".join(json.dumps(e, ensure_ascii=False) for e in events[at:at + BATCH])
            status, answer = self.call("POST", "/v1/events", text, "application/x-ndjson")
            if status != 202:
                raise TrialError(f"a batch: expected 202, found {status}: {str(answer)[:500]}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def medians(results, *names):
    return {name: statistics.median(r[name] for r in results) for name in names}


def prepare(bench):
    """Requests 1 to PREPARED, each sent to contractors."""
    def events(event_type, **members):
        bench.publish([{"event_type": event_type, "request_id": i, **members} for i in range(1, PREPARED + 1)])
    events("request.created", **REQUEST)
    events("workflow.manager_assigned", manager_id=7, assigned_by=1)
    events("workflow.sent_to_contractors", manager_id=7, contractor_ids=[55])
    bench.settle()


def routes(bench):
    """Each route that replaces one of the old system's, at a moderate rate."""
    trial = bench.trial
    at = {"connections": 20, "delay": 100, "seconds": 5}
    yield "file a request", bench.wrk("POST", "/v1/requests", trial.path("request"), **at)
    yield "a request", bench.wrk("GET", "/v1/requests/%d", first=1, **at)
    yield "its timeline", bench.wrk("GET", "/v1/requests/%d/timeline", first=1, **at)
    yield "assign", bench.wrk("POST", "/v1/requests/%d/assign", bench.body("assign", '{"contractor_id": 55}'), first=1, **at)
    bench.settle()
    bench.publish([{"event_type": "workflow.work_started", "request_id": i, "contractor_id": 55} for i in range(1, 1500)])
    bench.settle()
    done = bench.body("complete", '{"completion_data": {"works": [{"name": "Замена компрессора", "quantity": 1, '
                                  '"unit": "шт.", "price": 12000}], "amount": 12000}}')
    at["seconds"] = 3
    yield "complete", bench.wrk("POST", "/v1/requests/%d/complete", done, first=1, **at)
    cancel = bench.body("cancel", '{"cancellation_reason": "Починил сам"}')
    yield "cancel", bench.wrk("POST", "/v1/requests/%d/cancel", cancel, first=10000, **at)
    event = bench.body("event", json.dumps({"event_type": "audit.system_event", "component": "bench", "action": "run"}))
    yield "an event", bench.wrk("POST", "/v1/events", event, **at)


def run(options):
    with Trial(os.path.join(ROOT, "build", "release")) as trial:
        bench = Bench(trial, options)
        bench.start()
        actions = bench.body("actions", lines([{"event_type": "audit.user_action", "request_id": i, **ACTION} for i in range(1000)]))
        created = bench.body("created", lines([{"event_type": "request.created", "request_id": 10000000 + i, **REQUEST}
                                               for i in range(1000)]))
        bench.wrk("POST", "/v1/requests", trial.path("request"), seconds=10)  # the broker's JVM becomes warm
        bench.settle()
        paced, single, batched, read_back = [], [], [], []
        for _ in range(options.rounds):
            paced.append(bench.wrk("POST", "/v1/requests", trial.path("request"), connections=52, delay=100))
            bench.settle()
            single.append(bench.wrk("POST", "/v1/requests", trial.path("request"), connections=128))
            bench.settle()
            batched.append(bench.wrk("POST", "/v1/events", actions, "application/x-ndjson", connections=4))
            read_back.append(bench.wrk("POST", "/v1/events", created, "application/x-ndjson", connections=4))
            bench.settle()
        prepare(bench)
        table = list(routes(bench))
        trial.stop()
    return report(paced, single, batched, read_back, table)


def lines(events):
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)


def report_batches(what, results):
    rates = [r["rate"] * 1000 for r in results]
    print(f"NDJSON, 1000 events a body, 4 connections, {what}: {statistics.median(rates):,.0f} events a second "
          f"({min(rates):,.0f} to {max(rates):,.0f})")
    return statistics.median(rates)


def report(paced, single, batched, read_back, table):
    p, s = (medians(results, "rate", "p50", "p99", "max") for results in (paced, single))
    print(f"closed loop with a delay, {p['rate']:.0f} requests a second: p50 {p['p50']:.1f} ms, p99 {p['p99']:.1f} ms "
          f"({min(r['p99'] for r in paced):.1f} to {max(r['p99'] for r in paced):.1f}), slowest {p['max']:.1f} ms")
    print(f"single requests, 128 connections: {s['rate']:,.0f} a second ({min(r['rate'] for r in single):,.0f} to "
          f"{max(r['rate'] for r in single):,.0f}), p99 {s['p99']:.1f} ms")
    rate = report_batches("audit.user_action", batched)
    report_batches("request.created, which the gateway reads back into its model meanwhile", read_back)
    print(f"\n{'route':<16} {'p50 ms':>8} {'p99 ms':>8} {'the replaced system promised':>30}")
    for name, r in table:
        print(f"{name:<16} {r['p50']:8.1f} {r['p99']:8.1f} {f'under {REPLACED_MS} ms':>30}")
    missed = [text for good, text in (
        (p["p99"] < MOST_P99_MS, f"expected a p99 under {MOST_P99_MS} ms at 500 requests a second"),
        (s["rate"] >= LEAST_SINGLE, f"expected at least {LEAST_SINGLE} single requests a second"),
        (rate >= LEAST_BATCHED, f"expected at least {LEAST_BATCHED} events a second as NDJSON"),
        (all(r["p99"] < REPLACED_MS for _, r in table), f"expected every route under {REPLACED_MS} ms")) if not good]
    print("\n".join(missed), end="\n" if missed else "")
    return 1 if missed else 0
