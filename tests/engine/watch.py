"""bladewatch beside an engine: what it is told, what it says and does."""
import collections
import datetime
import glob
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from kit import Engine, Failed, Proxy, check, equal, wait

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
# Actions whose times and numbers are kept for each container.
ACTIONS = ("create start die kill stop restart pause unpause rename update "
           "oom").split()
# All that bladewatch may ever ask an engine for, beside what it reads.
ACTS = re.compile(
    r"POST (/v[\d.]+)?/(containers/[^/ ]+/(start|restart)|containers/create|"
    r"networks/[^/ ]+/connect)(\?\S*)? HTTP/1.1")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def instant(text):
    """RFC 3339 with nanoseconds as seconds."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    at = datetime.datetime.fromisoformat(whole + "+00:00").timestamp()
    return at + float("0." + (fraction or "0"))


def in_a_network_of_its_own():
    """Bridges, published ports and addresses are nobody else's: begins this
    program anew."""
    if os.environ.get("BW_OWN_NETWORK") == str(os.getpid()):
        return
    os.execvp("unshare", [
        "unshare", "--net", "sh", "-c", "ip link set lo up && "
        "echo 1 >/proc/sys/net/ipv4/ip_forward; "
        "BW_OWN_NETWORK=$$ exec \"$@\"", "sh", sys.executable, *sys.argv])


def rules(directory, label, policy):
    """The shipped rules of healing, for containers with role=LABEL and with
    another policy."""
    with open(os.path.join(TOP, "rules", "healing.yaml")) as f:
        text = f.read()
    text, n = re.subn(r"== 'node'", f"== '{label}'", text)
    text, m = re.subn(r"policy: \{.*\}", "policy: {%s}" % policy, text)
    if n != 1 or m != 1:
        raise Failed("rules/healing.yaml has no such revive rule")
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, "healing.yaml"), "w") as f:
        f.write(text)
    return directory


class Events:
    """What the engine itself says has happened, counted."""

    def __init__(self, engine):
        self.all = []
        self.process = subprocess.Popen(
            ["docker", "-H", engine.address, "events", "--filter",
             "type=container", "--format", "{{json .}}"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            event = json.loads(line)
            self.all.append((event["Actor"]["Attributes"].get("name"),
                             event["Action"].split(":")[0],
                             event["timeNano"] / 1e9, event["Actor"]["ID"]))

    def times(self, name, action):
        return [e[2] for e in list(self.all) if e[0] == name and
                e[1] == action]

    def counts(self, container):
        return collections.Counter(e[1] for e in list(self.all)
                                   if e[3] == container and e[1] in ACTIONS)

    def stop(self):
        self.process.kill()
        self.process.wait()


class Watch:
    """bladewatch run, and what it wrote."""

    def __init__(self, program, directory, endpoint, ruledir, *options,
                 config=""):
        self.program, self.endpoint = program, endpoint
        self.directory, self.rules, self.options = directory, ruledir, options
        self.port = free_port()
        self.data = os.path.join(directory, "data")
        self.errors = os.path.join(directory, "log")
        self.config = os.path.join(directory, "bladewatch.yaml")
        with open(self.config, "w") as f:
            f.write(config or "docker: {history: none}\n")
        self.process = None

    def start(self):
        options = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=8"
        with open(self.errors, "a") as err:
            self.process = subprocess.Popen(
                [self.program, "run", "--docker", self.endpoint, "--listen",
                 f"127.0.0.1:{self.port}", "--data", self.data, "--config",
                 self.config, "--rules", self.rules, *self.options],
                stdout=err, stderr=err, cwd=TOP,
                env=dict(os.environ, ASAN_OPTIONS=options.lstrip(":")))
        wait("bladewatch is ready", self.is_ready, 30)
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise Failed(f"bladewatch ended: {self.log()[-1500:]}")
        try:
            self.ask("/-/ready")
            return True
        except (OSError, urllib.error.HTTPError):
            return False

    def ask(self, path, method="GET"):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()

    def state(self, path):
        try:
            return json.loads(self.ask("/state?path=" +
                                       urllib.parse.quote(path)))
        except urllib.error.HTTPError as e:
            if e.code == 404:
                return None
            raise

    def firing(self):
        """(alert, container or rule) of what fires."""
        alerts = json.loads(self.ask("/api/v1/alerts"))["data"]["alerts"]
        return {(a["labels"]["alertname"],
                 a["labels"].get("name", a["labels"].get("rule", "")))
                for a in alerts if a["state"] == "firing"}

    def log(self):
        try:
            with open(self.errors, errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def lines(self, pattern):
        return [line for line in self.log().split("\n")
                if re.search(pattern, line)]

    def replay(self, *options):
        done = subprocess.run([self.program, "replay", self.data, *options],
                              stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise Failed(f"replay {' '.join(options)} failed")
        return done.stdout

    def timeline(self):
        """Every transition, the bytes of each."""
        text = self.ask("/report")
        at = text.index('"timeline":[') + len('"timeline":[')
        equal("left out of the timeline",
              text[text.index('"timeline_left_out":'):].strip(),
              '"timeline_left_out":0}')
        return text[at:text.index('],"timeline_left_out"')]

    def fds(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if not self.process:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed("bladewatch did not end") from None
        if code:
            raise Failed(f"bladewatch ended with {code}: "
                         f"{self.log()[-1500:]}")


class Bench:
    """An engine with a network, which scenarios share; its addresses are no
    other engine's, whose bridges are beside it."""

    POOLS = itertools.count(1)

    def __init__(self, work, program):
        self.work, self.program = work, program
        self.engine = Engine(os.path.join(work, "engine"))
        self.engine.args = ("--userland-proxy=true --default-address-pool "
                            f"base=10.{next(self.POOLS) % 256}.0.0/16,size=24")
        self.network = "nodes"

    def open(self):
        self.engine.start()
        self.engine.import_image()
        self.engine.docker("network", "create", self.network)

    def close(self):
        """Its bridges would outlive it."""
        try:
            self.engine.clear()
        finally:
            self.engine.stop()


class Case:
    """One scenario: a label and a monitor of its own on a shared engine."""

    # What is blocked is looked at again after max_backoff.
    POLICY = ("attempts: 5, window: 30m, backoff: 500ms, max_backoff: %s, "
              "verify_after: 1s, verify_timeout: 5s, reset_after: 10m, "
              "breaker: off")
    QUICK, PATIENT = POLICY % "2s", POLICY % "5m"
    PROBE = ("docker: {history: none}\n"
             "probe: {interval: 500ms, timeout: 400ms, failures: 3, "
             "start_period: 1s}\n")

    def __init__(self, bench, name, keep=None):
        self.bench, self.engine, self.name = bench, bench.engine, name
        self.dir = os.path.join(bench.work, name)
        os.makedirs(self.dir)
        self.keep = keep  # where its recording is put, which names no place
        self.proxy = Proxy("/run/docker-proxy.sock" if keep else
                           os.path.join(self.dir, "proxy.sock"),
                           self.engine.socket)
        self.watch = self.events = None
        self.inexact = False  # events were missed on purpose
        self.docker = self.engine.docker

    def begin(self, *options, policy=QUICK, config=PROBE):
        """With policy=None under the rules as they are shipped."""
        where = "rules"
        if policy:
            where = rules(os.path.join(self.dir, "rules"), self.name, policy)
        self.events = Events(self.engine)
        self.watch = Watch(self.bench.program, self.dir, self.proxy.address,
                           where, *options, config=config)
        self.watch.start()
        wait("the engine is known", lambda: self.watch.state(
            "docker.engine.state") == "up")
        return self.watch

    def run(self, name, *command, options=(), scoped=True, image="bb:1"):
        """A container on the bridge of the scenarios, and its id."""
        words = ["run", "-d", "--name", name, "--label",
                 "bwcase=" + self.name]
        if scoped:
            words += ["--label", "role=" + self.name]
        if "--network" not in options:
            words += ["--network", self.bench.network]
        said = self.docker(*words, *options, image, *command)
        return said.split("\n")[-1]

    def pong(self, name, *mode, options=()):
        """A node that is asked whether it answers."""
        return self.run(name, "udpong", "8888", *mode, options=(
            "--label", "bladewatch.probe=udp:8888", *options))

    def containers(self):
        """Its containers in the state, by name."""
        return {name: x for name, x in
                (self.watch.state("docker.containers") or {}).items()
                if x.get("labels", {}).get("bwcase") == self.name}

    def known(self):
        """Names of its containers in the state."""
        return list(self.containers())

    def revival(self, name):
        return self.watch.state("monitor.revivals.nodes." + name) or {}

    def becomes(self, name, state, seconds=15.0):
        try:
            return wait("", lambda: self.revival(name).get("state") == state,
                        seconds)
        except Failed:
            raise Failed(f"{name} is no {state} within {seconds:g} s: "
                         f"{self.revival(name)}") from None

    def leaves(self, name, state, seconds=15.0):
        wait(f"{name} is {state} no more", lambda: self.revival(name).get(
            "state") != state, seconds)

    def stays(self, name, state, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            equal(name, self.revival(name).get("state"), state)
            time.sleep(0.2)

    def fires(self, alert, name="", seconds=15.0):
        try:
            wait("", lambda: (alert, name) in self.watch.firing(), seconds)
        except Failed:
            raise Failed(f"{alert} of {name} does not fire: "
                         f"{self.watch.firing()}, {self.revival(name)}"
                         ) from None

    def ends(self, alert, name="", seconds=15.0):
        wait(f"{alert} of {name} ends",
             lambda: (alert, name) not in self.watch.firing(), seconds)

    def pid(self, name):
        return int(self.docker("inspect", "-f", "{{.State.Pid}}", name))

    def crash(self, name):
        """kill -9 from the host: no kill event, only a death."""
        os.kill(self.pid(name), signal.SIGKILL)

    def status(self, name):
        return self.docker("inspect", "-f", "{{.State.Status}}", name)

    def posts(self, container=""):
        """When and what was sent that is no GET, of a container or all."""
        return [p for p in list(self.proxy.posts) if container in p[1]]

    def untouched(self, container=""):
        equal("POST requests", self.posts(container), [])

    def decisions(self, name):
        return self.watch.state("docker.decisions." + name) or []

    def counted_exactly(self):
        """Each event of each container counts once."""
        for name, c in self.containers().items():
            counts = self.events.counts(c["id"])
            got = {a: e["n"] for a, e in c["events"].items() if a in ACTIONS}
            if got != dict(counts):
                return f"events of {name}: {got}, not {dict(counts)}"
        return None

    def only_allowed_acts(self):
        equal("requests that change what they must not",
              [line for _, line in self.posts() if not ACTS.fullmatch(line)],
              [])

    def finish(self):
        """What has to hold of every scenario; ends the monitor."""
        try:
            wait("", lambda: self.inexact or not self.counted_exactly(), 5)
        except Failed:
            raise Failed(self.counted_exactly()) from None
        live = self.watch.timeline()
        self.watch.stop()
        self.only_allowed_acts()
        check("the log holds a complaint of a sanitizer",
              not self.watch.lines(r"Sanitizer|runtime error"))
        self.same_as(live)
        if self.keep:
            self.keep_recording()

    def same_as(self, live):
        """The recording replays to the same transitions, byte for byte."""
        replayed = ",".join(self.watch.replay("--timeline",
                                             "--json").splitlines())
        if not replayed.startswith(live):
            at = next(i for i, (a, b) in enumerate(zip(live, replayed + "\0"))
                      if a != b)
            raise Failed(f"the replay differs: live {live[at - 200:at + 200]}, "
                         f"replay {replayed[at - 200:at + 200]}")

    def tidy(self):
        try:
            if self.watch:
                self.watch.stop()
        finally:
            if self.events:
                self.events.stop()
            self.proxy.close()
            ids = self.docker("ps", "-aq", "--filter",
                              "label=bwcase=" + self.name, ok=False).split()
            if ids:
                self.docker("rm", "-f", "-v", *ids, ok=False)

    def keep_recording(self):
        os.makedirs(self.keep, exist_ok=True)
        with open(os.path.join(self.keep, "recording.bwj"), "wb") as out:
            for path in sorted(glob.glob(os.path.join(self.watch.data,
                                                      "*.bwj"))):
                with open(path, "rb") as f:
                    shutil.copyfileobj(f, out)
