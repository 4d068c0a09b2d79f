"""What the demo and the tests of the whole daemon share: a scratch directory with a configuration, a broker, pawld, pawlctl.

Everything that a Trial starts ends with it, whatever happens in between; nothing of it outlives the process that made it.
"""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class TrialError(Exception):
    """Something that was expected did not happen: what, and what was seen instead."""


def wait_for(what, condition, seconds=30.0, interval=0.05):
    """The first true value of condition(), or a TrialError that says what did not come and what the last value was."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TrialError(f"{what}: not seen within {seconds:g} s (last: {value!r})")
        time.sleep(interval)


def setting(value):
    """A Python value as libconfig writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}" if abs(value) < 2**31 else f"{value}L"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, dict):
        return "{ " + " ".join(f"{name} = {setting(item)};" for name, item in value.items()) + " }"
    return "( " + ", ".join(setting(item) for item in value) + " )"


class Trial:
    """One scratch host: its files, its processes. Use it in a `with`."""

    def __init__(self, build, keep=False):
        self.build = os.path.abspath(build)
        self.keep = keep
        self.dir = tempfile.mkdtemp(prefix="pawl-")
        self.children = []  # (name, process), in the order of their start
        self.kafka_dir = None
        self.bootstrap = None
        self.pawld = None
        self.settings = {}
        self.plugins = {}
        self.topics = None  # rows for topics.conf; None: etc/topics.conf

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that __exit__ runs
        return self

    def __exit__(self, *_):
        self.close()

    def path(self, *names):
        return os.path.join(self.dir, *names)

    # ---- processes

    def spawn(self, name, command, **options):
        """Starts a process that ends with the trial, also when the trial is killed. Its stderr goes to NAME.log."""
        log = open(self.path(name + ".log"), "ab")
        process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command], stdin=subprocess.PIPE, stderr=log, **options)
        log.close()
        self.children.append((name, process))
        return process

    def first_line(self, name, command):
        """Starts a process and waits for the KEY=VALUE that it prints first; returns VALUE."""
        process = self.spawn(name, command, stdout=subprocess.PIPE, text=True)
        line = process.stdout.readline().strip()
        if "=" not in line:
            raise TrialError(f"{name}: expected KEY=VALUE as its first line, found {line!r}; its log: {self.log(name)}")
        return line.split("=", 1)[1]

    def log(self, name):
        try:
            with open(self.path(name + ".log"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def close(self):
        for name, process in reversed(self.children):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(40 if name == "pawld" else 5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            for stream in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):  # what it did not read before it ended
                    if stream:
                        stream.close()
        self.children = []
        if self.kafka_dir:
            subprocess.run([f"{ROOT}/tools/kafka", "stop", "--clean", "--dir", self.kafka_dir],
                           check=False, stdout=subprocess.DEVNULL)
            self.kafka_dir = None
        if not self.keep:
            shutil.rmtree(self.dir, ignore_errors=True)

    # ---- brokers

    def embedded_broker(self):
        """librdkafka's mock cluster: no static membership, and an empty fetch waits its whole time."""
        self.bootstrap = self.first_line(
            "broker", [f"{self.build}/tools/pawl-broker", "--topics", f"{ROOT}/etc/topics.conf"])
        self.settings["static_membership"] = False
        # A dead member's partitions stand still until its session is over.
        self.settings["properties"] = ["fetch.wait.max.ms=10", "session.timeout.ms=6000", "heartbeat.interval.ms=1000"]

    def real_kafka(self, brokers=1):
        """An Apache Kafka of the trial's own."""
        self.kafka_dir = self.path("kafka")
        out = subprocess.run([f"{ROOT}/tools/kafka", "start", "--brokers", str(brokers), "--dir", self.kafka_dir],
                             check=True, stdout=subprocess.PIPE, text=True).stdout
        self.bootstrap = next(line.split("=", 1)[1] for line in out.splitlines() if line.startswith("bootstrap="))

    # ---- configuration

    def configure(self, **host):
        """Writes pawl.conf and plugins.d/ from self.settings (kafka's) and self.plugins (name → its keys, or the file's text)."""
        os.makedirs(self.path("plugins.d"), exist_ok=True)
        kafka = {"brokers": self.bootstrap, **self.settings}
        host = {"state_dir": self.path("state"), "run_dir": self.path("run"), "plugin_dir": f"{self.build}/plugins",
                "kafka": kafka, **host}
        if self.topics is None:
            shutil.copy(f"{ROOT}/etc/topics.conf", self.path("topics.conf"))
        else:
            self.write("topics.conf", f"replication = 1;\nmin_insync_replicas = 1;\ntopics = {setting(self.topics)};\n")
        self.write("pawl.conf", "".join(f"{name} = {setting(value)};\n" for name, value in host.items()))
        for name in os.listdir(self.path("plugins.d")):
            if name.removesuffix(".conf") not in self.plugins:
                os.unlink(self.path("plugins.d", name))
        for name, keys in self.plugins.items():
            self.write(f"plugins.d/{name}.conf", keys if isinstance(keys, str) else
                       "".join(f"{key} = {setting(value)};\n" for key, value in keys.items()))

    def write(self, name, text):
        """Writes a file whole or not at all."""
        with open(self.path(name + ".part"), "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(self.path(name + ".part"), self.path(name))

    # ---- pawld and pawlctl

    def start(self, *arguments):
        """Starts pawld and waits until its admin socket answers."""
        self.pawld = self.spawn("pawld", [f"{self.build}/core/pawld", "--config", self.path("pawl.conf"), *arguments])
        wait_for("pawld answers on its admin socket", self.try_status, 20)
        return self.pawld

    def stop(self, number=signal.SIGTERM, seconds=40):
        """Ends pawld; returns its exit status."""
        self.pawld.send_signal(number)
        try:
            return self.pawld.wait(seconds)
        except subprocess.TimeoutExpired as late:
            raise TrialError(f"pawld has not ended {seconds} s after signal {number}: {self.log('pawld')[-2000:]}") from late

    def pawlctl(self, *arguments, text=None, check=True, seconds=60):
        """Runs pawlctl; returns its CompletedProcess. With `check` a non-zero status is a TrialError."""
        done = subprocess.run([f"{self.build}/tools/pawlctl", "--config", self.path("pawl.conf"), *arguments],
                              input=text, capture_output=True, text=True, timeout=seconds, check=False)
        if check and done.returncode != 0:
            raise TrialError(f"pawlctl {' '.join(arguments)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def try_status(self):
        """What `pawlctl status --json` says; None while pawld does not answer."""
        if self.pawld.poll() is not None:
            raise TrialError(f"pawld ended with status {self.pawld.returncode}:\n{self.log('pawld')[-4000:]}")
        done = self.pawlctl("status", "--json", check=False)
        return json.loads(done.stdout) if done.returncode == 0 else None
