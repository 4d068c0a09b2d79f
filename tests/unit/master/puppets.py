"""A scratch host with pawld_fake (the real master over puppet workers): its files, its process, its admin socket."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time

BUILD = os.environ["PAWL_BUILD"]


def wait_for(what, condition, seconds=10):
    """Waits until the condition is true; returns its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.01)


def equal(what, found, expected):
    if found != expected:
        raise AssertionError(f"{what}: expected {expected!r}, found {found!r}")


def contains(what, found, expected):
    if expected not in found:
        raise AssertionError(f"{what}: expected {expected!r} within {found!r}")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=30):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Host:
    program = BUILD + "/tests/unit/master/pawld_fake"

    def __init__(self, directory, host="", **plugins):
        self.dir = os.path.abspath(directory)
        os.makedirs(self.dir + "/plugins.d")
        self.write("topics.conf", "topics = ( { name = \"request-events\"; partitions = 6; retention = \"7d\"; } );\n")
        self.host(host)
        for name, settings in plugins.items():
            self.plugin(name, settings)
        self.process = None

    def write(self, name, text):
        with open(f"{self.dir}/{name}", "w", encoding="utf-8") as file:
            file.write(text)

    def host(self, more="", name="pawl.conf"):
        self.write(name, f'state_dir = "{self.dir}/state"; run_dir = "{self.dir}/run"; plugin_dir = "{self.dir}";\n'
                         'log = { level = "debug"; format = "logfmt"; };\nkafka = { brokers = "127.0.0.1:1"; };\n'
                         f'trial_deadline = "2s";\n{more}\n')

    def plugin(self, name, settings, keys="", build="one"):
        """Writes the plugin's configuration, and a file that stands for its build."""
        self.write(f"{name}.so", build)
        self.write(f"plugins.d/{name}.conf", f'enabled = true; plugin = "{name}"; group = "{name}-service";\n'
                                             f'topics = ["request-events"]; drain = "3s";\n{keys}\nsettings = {{ {settings} }};\n')

    def start(self, wait=True, config="pawl.conf"):
        log = open(self.dir + "/log", "ab")
        self.process = subprocess.Popen([self.program, "--config", f"{self.dir}/{config}"],
                                        stderr=log, stdin=subprocess.DEVNULL)
        log.close()
        if wait:
            wait_for("all workers serve", self.serving)
        return self

    def serving(self):
        if self.process.poll() is not None:
            raise AssertionError(f"pawld ended with {self.process.returncode}: {self.log()}")
        try:
            status = self.status()
        except OSError:
            return False
        return status["state"] == "running" and all(
            w["state"] == "serving" for p in status["plugins"] if p["enabled"] for w in p["workers"]) and status

    def log(self):
        with open(self.dir + "/log", encoding="utf-8") as file:
            return file.read()

    def request(self, method, path, body=None, timeout=30):
        """(status, body as text)"""
        connection = UnixConnection(self.dir + "/run/admin.sock", timeout)
        connection.request(method, path, body=json.dumps(body) if body is not None else None)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, text

    def status(self):
        return json.loads(self.request("GET", "/v1/status")[1])

    def worker(self, plugin, instance=0):
        found = next(p for p in self.status()["plugins"] if p["name"] == plugin)
        return found["workers"][instance]

    def reload(self, plugin=None):
        """(HTTP status, outcome)"""
        status, text = self.request("POST", "/v1/reload" + (f"?plugin={plugin}" if plugin else ""))
        return status, json.loads(text)

    def report(self, outcome, plugin):
        return next(p for p in outcome["plugins"] if p["plugin"] == plugin)

    def send(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM, seconds=15):
        self.send(number)
        return self.process.wait(seconds)


def run(tests):
    """Runs each (name, function) in a directory of its own; a host that still runs is killed."""
    for test in tests:
        hosts = []

        def make(host="", _name=test.__name__, _hosts=hosts, **plugins):
            _hosts.append(Host(f"{_name}-{len(_hosts)}", host, **plugins))
            return _hosts[-1]

        started = time.monotonic()
        try:
            test(make)
        except Exception:
            for host in hosts:
                print(f"--- log of {host.dir}\n{host.log() if os.path.exists(host.dir + '/log') else ''}")
            raise
        finally:
            for host in hosts:
                if host.process and host.process.poll() is None:
                    host.process.kill()
                    host.process.wait()
        print(f"ok {test.__name__} {time.monotonic() - started:.1f} s", flush=True)
