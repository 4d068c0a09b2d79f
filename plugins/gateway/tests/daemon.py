#!/usr/bin/env python3
"""The gateway in a whole pawld: a reload refuses no connection and loses no request, the death of a worker refuses none; and what
callers are told while Kafka is away."""
import hashlib
import http.client
import json
import os
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.environ["PAWL_SOURCE"], "tools"))

from trial import Trial, wait_for  # noqa: E402

EVENT = json.dumps({"event_type": "audit.system_event", "component": "test", "action": "run"})


class Caller(threading.Thread):
    """Publishes event after event, each on a connection of its own, and notes what became of each."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.found, self.ended = port, [], False

    def run(self):
        while not self.ended:
            self.found.append(post(self.port)[0])


def post(port):
    """Status and body; or what kept the caller from both."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/v1/events", EVENT,
                           {"Authorization": "Bearer admin", "Content-Type": "application/json", "Connection": "close"})
        answer = connection.getresponse()
        return answer.status, json.load(answer)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__, {}
    finally:
        connection.close()


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.load(answer)
    except OSError:
        return 0, {}
    finally:
        connection.close()


def worker(trial):
    status = trial.try_status()
    pids = [w["pid"] for w in status["plugins"][0]["workers"] if w["pid"]] if status else []
    return pids[0] if pids else None


def while_called(port, act):
    """Carries out `act` while four callers publish, and lets them go on for a while behind it; what they found."""
    callers = [Caller(port) for _ in range(4)]
    for caller in callers:
        caller.start()
    wait_for("callers are served", lambda: all(len(c.found) > 5 for c in callers))
    act()
    seen = [len(c.found) for c in callers]
    wait_for("callers are served again", lambda: all(len(c.found) > n + 5 for c, n in zip(callers, seen)))
    for caller in callers:
        caller.ended = True
        caller.join()
    return [status for caller in callers for status in caller.found]


def main():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with Trial(os.environ["PAWL_BUILD"]) as trial:
        trial.embedded_broker()
        trial.write("tokens", f"admin role=admin user=1 rate=1000000 sha256={hashlib.sha256(b'admin').hexdigest()}\n")
        trial.plugins = {"gateway": {"group": "gateway-{host_id}", "topics": ["request-events", "workflow-events"],
                                     "threads": 3, "listen": {"http": f"127.0.0.1:{port}"},
                                     "settings": {"tokens": trial.path("tokens"), "ack_timeout": "1s"}}}
        trial.configure()
        trial.start()
        wait_for("the gateway is there", lambda: get(port, "/healthz")[0] == 200)
        first = get(port, "/readyz")
        assert first[0] == 200 or "Kafka" in first[1]["detail"], first
        wait_for("the gateway is ready", lambda: get(port, "/readyz")[0] == 200)

        def reload():
            trial.plugins["gateway"]["settings"]["idle_time"] = "20s"
            trial.configure()
            trial.pawlctl("reload")
        found = while_called(port, reload)
        assert set(found) == {202}, set(found)

        def kill():
            before = worker(trial)
            os.kill(before, signal.SIGKILL)
            wait_for("another worker", lambda: worker(trial) not in (None, before))
        found = while_called(port, kill)
        assert "ConnectionRefusedError" not in found and found.count(202) > 40, set(found)
        assert set(found) <= {202, "ConnectionResetError", "RemoteDisconnected", "BadStatusLine"}, set(found)

        assert post(port)[0] == 202
        dict(trial.children)["broker"].kill()
        status, problem = post(port)
        assert status == 503 and "not known" in problem["detail"], (status, problem)
        began = time.monotonic()
        status, problem = post(port)
        assert status == 503 and "nothing is published" in problem["detail"], (status, problem)
        assert time.monotonic() - began < 0.9, "nobody waits for what is away"
        assert get(port, "/readyz")[0] == 503
        assert get(port, "/healthz")[0] == 200
    print("no connection was refused")


main()
