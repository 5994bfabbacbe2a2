"""What the engine tests are made of: an engine, a fault proxy, a probe."""
import collections
import glob
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
Line = collections.namedtuple("Line", "blade run fd ts text")
Gap = collections.namedtuple("Gap", "blade run from_at to_at lines why")


class Failed(Exception):
    pass


def check(what, ok):
    if not ok:
        raise Failed(what)


def equal(what, got, want):
    if isinstance(got, list) and isinstance(want, list) and got != want:
        at = next((i for i, (g, w) in enumerate(zip(got, want)) if g != w),
                  min(len(got), len(want)))
        raise Failed(f"{what}: {len(got)} instead of {len(want)}, from {at}: "
                     f"{str(got[at:at + 3])[:150]}, not "
                     f"{str(want[at:at + 3])[:150]}")
    if got != want:
        raise Failed(f"{what}: {got!r}, not {want!r}"[:400])


def wait(what, condition, seconds=15.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = condition()
        if got:
            return got
        time.sleep(0.05)
    raise Failed(f"{what}: not within {seconds:g} s")


def clean_up_when_told_to_end(work):
    """SIGTERM and SIGINT end the engines below work, and all of this."""
    def end(number, _frame):
        for directory in glob.glob(os.path.join(work, "**", "engine"),
                                   recursive=True):
            subprocess.run([os.path.join(HERE, "dockerd"), "stop", directory],
                           timeout=60, check=False)
        shutil.rmtree(work, ignore_errors=True)
        os._exit(128 + number)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)


class Engine:
    """A private dockerd and the image bb:1: busybox, emit, udpong.

    One that is apart has a network namespace of its own, in which networks
    may be made and ports published."""

    def __init__(self, directory, apart=False):
        self.dir = directory
        self.apart = apart
        self.address = None
        self.args = ""

    @property
    def socket(self):
        return self.address[len("unix://"):]

    def control(self, *words):
        env = dict(os.environ, DOCKERD_ARGS=self.args)
        command = [os.path.join(HERE, "dockerd"), *words]
        if self.apart and words[0] == "start":
            command = ["unshare", "-n", "sh", "-c",
                       'busybox ip link set lo up; exec "$@"', "-", *command]
        done = subprocess.run(command, stdout=subprocess.PIPE, env=env,
                              text=True)
        if done.returncode:
            raise Failed(f"dockerd {' '.join(words)} failed")
        return done.stdout.strip()

    def start(self):
        self.address = self.control("start", self.dir)

    def stop(self):
        self.control("stop", self.dir)

    def clear(self):
        for listed, remove in (("ps -aq", "rm -fv"),
                               ("network ls -q -f type=custom", "network rm"),
                               ("volume ls -q", "volume rm")):
            ids = self.docker(*listed.split(), ok=False).split()
            if ids:
                self.docker(*remove.split(), *ids, ok=False)

    def inspect(self, which):
        return json.loads(self.api("GET", f"/containers/{which}/json")[1])

    def api(self, method, path, body=None):
        """The code and the bytes of an answer, as the engine sends them."""
        c = http.client.HTTPConnection("docker")
        c.sock = socket.socket(socket.AF_UNIX)
        c.sock.connect(self.socket)
        c.request(method, "/v1.41" + path, body and json.dumps(body),
                  {"Content-Type": "application/json"})
        answer = c.getresponse()
        got = answer.status, answer.read()
        c.close()
        return got

    def signal(self, name):
        with open(os.path.join(self.dir, "pid")) as f:
            pid = int(f.read())
        self.control("signal", self.dir, name)
        wait("the engine ends", lambda: not os.path.exists(f"/proc/{pid}"), 60)

    def docker(self, *words, ok=True, timeout=60):
        done = subprocess.run(["docker", "-H", self.address, *words],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=timeout)
        if ok and done.returncode:
            raise Failed(f"docker {' '.join(words)}: {done.stdout.strip()}")
        return done.stdout.strip()

    def run(self, name, script, *options, mode="text", image="bb:1"):
        words = ["run", "-d", "--network", "none", "--label",
                 f"bladewatch={mode}"]
        if name:
            words += ["--name", name]
        command = ["/bin/sh", "-c", script] if script else []
        return self.docker(*words, *options, image, *command)

    def import_image(self):
        root = tempfile.mkdtemp(dir=self.dir)
        os.mkdir(os.path.join(root, "bin"))
        busybox = shutil.which("busybox")
        shutil.copy(busybox, os.path.join(root, "bin", "busybox"))
        for applet in ("sh sleep cat echo seq yes head tr true false printf rm "
                       "kill date nc httpd usleep touch").split():
            os.symlink("busybox", os.path.join(root, "bin", applet))
        for program in ("emit", "udpong"):
            subprocess.run([os.environ.get("CC", "cc"), "-O2", "-static", "-o",
                            os.path.join(root, "bin", program),
                            os.path.join(HERE, "image", program + ".c")],
                           check=True)
        tar = subprocess.run(["tar", "-C", root, "-c", "."], check=True,
                             stdout=subprocess.PIPE)
        subprocess.run(["docker", "-H", self.address, "import", "-", "bb:1"],
                       input=tar.stdout, check=True,
                       stdout=subprocess.DEVNULL)
        shutil.rmtree(root)


class Proxy:
    """Between a program and the engine: cuts, refuses, delays, counts."""

    METHODS = ("GET ", "POST ", "PUT ", "DELETE ", "HEAD ")

    def __init__(self, path, upstream):
        self.path, self.upstream = path, upstream
        self.refusing = False
        self.deny = None     # a pattern of request lines answered with 403
        self.idle = None     # (pattern, seconds): cut when silent that long
        self.before = None   # (pattern, function): called before it passes
        self.stall = None    # a pattern of those with the head of an answer only
        self.requests = []   # their first lines
        self.posts = []      # (when, first line) of what is no GET
        self.pairs = set()
        self.lock = threading.Lock()
        self.listener = None
        self.open()

    @property
    def address(self):
        return "unix://" + self.path

    def open(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(256)
        threading.Thread(target=self.accept, args=(self.listener,),
                         daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            if self.refusing:
                client.close()
                continue
            threading.Thread(target=self.serve, args=(client,),
                             daemon=True).start()

    def serve(self, client):
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self.upstream)
        except OSError:
            client.close()
            return
        pair = (client, server)
        with self.lock:
            self.pairs.add(pair)
        state = {"stalled": False}
        threading.Thread(target=self.pump_back, args=(pair, state),
                         daemon=True).start()
        try:
            while True:
                data = client.recv(65536)
                if not data:
                    break
                line = data.split(b"\r\n", 1)[0].decode("latin-1")
                if line.startswith(self.METHODS):
                    self.note(line)
                    if self.before and re.search(self.before[0], line):
                        self.before[1]()
                if self.deny and re.search(self.deny, line):
                    body = b"<html>forbidden</html>"
                    client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Type: "
                                   b"text/html\r\nContent-Length: %d\r\n\r\n"
                                   % len(body) + body)
                    continue
                if self.idle and re.search(self.idle[0], line):
                    server.settimeout(self.idle[1])
                if self.stall and re.search(self.stall, line):
                    state.update(stalled=True, headed=False)
                server.sendall(data)
        except OSError:
            pass
        self.close_pair(pair)

    def pump_back(self, pair, state):
        client, server = pair
        try:
            while True:
                data = server.recv(65536)
                if not data:
                    break
                if state["stalled"]:
                    head, end, _ = data.partition(b"\r\n\r\n")
                    data = b"" if state["headed"] else head + end
                    state["headed"] |= bool(end)
                client.sendall(data)
        except OSError:
            pass
        self.close_pair(pair)

    def note(self, line):
        self.requests.append(line)
        if not line.startswith(("GET ", "HEAD ")):
            self.posts.append((time.time(), line))

    def close_pair(self, pair):
        with self.lock:
            self.pairs.discard(pair)
        for s in pair:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def drop_all(self):
        with self.lock:
            pairs = list(self.pairs)
        for pair in pairs:
            self.close_pair(pair)

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.drop_all()

    def count(self, pattern):
        return sum(1 for r in self.requests if re.search(pattern, r))


class Probe:
    """docker_probe and what it wrote."""

    def __init__(self, program, work, endpoint, *options, name="probe"):
        self.program, self.endpoint = program, endpoint
        self.options = options
        self.journal = os.path.join(work, name + ".journal")
        self.errors = os.path.join(work, name + ".err")
        for path in (self.journal, self.errors):
            if os.path.exists(path):
                os.unlink(path)
        self.process = None
        self.start()

    def start(self, setpriv=()):
        err = open(self.errors, "a")
        # What AddressSanitizer keeps aside is not the program's memory.
        options = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=8"
        self.process = subprocess.Popen(
            [*setpriv, self.program, "--endpoint", self.endpoint,
             "--journal", self.journal, *self.options], stderr=err,
            env=dict(os.environ, ASAN_OPTIONS=options.lstrip(":")))
        err.close()

    def up(self):
        wait("the probe is up", lambda: self.ups() > 0, 20)
        return self

    def ups(self):
        return self.read().count('"engine":{"state":"up"')

    def read(self):
        try:
            with open(self.journal, errors="replace", newline="\n") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def entries(self, kind):
        for line in self.read().split("\n")[:-1]:
            if line.startswith(kind + "\t"):
                yield line.split("\t")[1:]

    def lines(self, blade=None):
        return [Line(e[0], e[1], int(e[2]), int(e[3]), "\t".join(e[4:]))
                for e in self.entries("L") if blade in (None, e[0])]

    def texts(self, blade):
        return [line.text for line in self.lines(blade)]

    def gaps(self, blade=None):
        return [Gap(*e) for e in self.entries("G") if blade in (None, e[0])]

    def docker(self):
        state = {"stalled": False}
        for e in self.entries("F"):
            merge(state, json.loads(e[5]))
        return state.get("docker", {})

    def facts(self):
        return self.docker().get("containers", {})

    def happened(self, name):
        """How often what has happened to a container."""
        events = self.facts().get(name, {}).get("events", {})
        return {action: e["n"] for action, e in events.items()}

    def told(self):
        """How often what has happened, by the id of the container."""
        told = collections.defaultdict(collections.Counter)
        for e in self.entries("F"):
            if e[4]:
                cid, action = e[4].split(" ")[:2]
                told[cid][action.rstrip(":")] += 1
        return told

    def seen(self, name):
        """Where it was, in order, as long as it was anywhere."""
        return re.findall(rf"^seen {re.escape(name)} (\S+ \S* \[.*\].*)$",
                          self.stderr(), re.M)

    def stderr(self):
        with open(self.errors, errors="replace") as f:
            return f.read()

    def shows(self):
        """The containers by name and the text of the metrics."""
        before = self.stderr().count("draining ")
        self.process.send_signal(signal.SIGUSR1)
        wait("the probe shows itself",
             lambda: self.stderr().count("draining ") > before)
        text = self.stderr()
        text = text[:text.rindex("repeated ")]
        text = text[text.rindex("[{" if "[{" in text else "[]"):]
        containers, metrics = text.split("\n", 1)
        return {c["name"]: c for c in json.loads(containers)}, metrics

    def show(self):
        """The containers by name and our own metrics."""
        containers, text = self.shows()
        metrics = {}
        for line in text.split("\n"):
            if line.startswith("bladewatch_docker_"):
                key, value = line.rsplit(" ", 1)
                metrics[key[len("bladewatch_docker_"):]] = float(value)
        return containers, metrics

    def rss(self):
        with open(f"/proc/{self.process.pid}/status") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failed("the probe did not end")
        if code:
            raise Failed(f"the probe ended with {code}: "
                         f"{self.stderr()[-1500:]}")


class Truth:
    """What the engine says, to a listener that is never interrupted."""

    WORDS = ("create start die kill oom stop restart pause unpause rename "
             "update destroy health_status").split()

    def __init__(self, engine, work):
        self.path = os.path.join(work, "truth")
        with open(self.path, "w") as out:
            self.process = subprocess.Popen(
                ["docker", "-H", engine.address, "events", "--filter",
                 "type=container", "--format", "{{json .}}"], stdout=out)
        time.sleep(0.5)

    def events(self):
        with open(self.path) as f:
            for line in f.read().split("\n")[:-1]:
                event = json.loads(line)
                action = event["Action"].split(":")[0]
                if action in self.WORDS:
                    yield event["Actor"]["ID"], action, event

    def counts(self):
        """How often what happened, by the id of the container."""
        seen = collections.defaultdict(collections.Counter)
        for cid, action, _ in self.events():
            seen[cid][action] += 1
        return seen

    def compare(self, facts):
        """Of every container that is there, each event once."""
        counts = self.counts()
        for name, c in sorted(facts.items()):
            got = {a: int(e["n"]) for a, e in c.get("events", {}).items()}
            equal(f"events of {name}", got, dict(counts[c["id"]]))

    def agrees(self, probe, seconds=15):
        """Of every container, also of those that are gone."""
        try:
            wait("all events", lambda: probe.told() == self.counts(), seconds)
        except Failed:
            want, got = self.counts(), probe.told()
            for cid in want.keys() | got.keys():
                equal(f"events of {cid[:12]}", dict(got[cid]), dict(want[cid]))

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Watch:
    """The whole program, watching an engine."""

    def __init__(self, program, work, endpoint, *options):
        self.program, self.endpoint, self.options = program, endpoint, options
        self.data = os.path.join(work, "watched")
        self.errors = os.path.join(work, "watch.err")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        shutil.rmtree(self.data, ignore_errors=True)
        if os.path.exists(self.errors):
            os.unlink(self.errors)
        self.start()

    def start(self):
        with open(self.errors, "a") as err:
            self.process = subprocess.Popen(
                [self.program, "run", "--docker", self.endpoint, "--data",
                 self.data, "--listen", f"127.0.0.1:{self.port}",
                 *self.options], stderr=err)

    def read(self, path):
        with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return answer.read()

    def get(self, path):
        return json.loads(self.read(path))

    def ready(self):
        def is_ready():
            try:
                return self.read("/-/ready") == b"ready\n"
            except OSError:
                return False
        wait("bladewatch is ready", is_ready, 40)
        return self

    def docker(self):
        return self.get("/state").get("docker", {})

    def facts(self):
        return self.docker().get("containers", {})

    def stderr(self):
        with open(self.errors, errors="replace") as f:
            return f.read()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(20)
        if code:
            raise Failed(f"bladewatch ended with {code}: "
                         f"{self.stderr()[-1500:]}")


def merge(to, patch):
    for key, value in patch.items():
        if key == "$ts":
            continue
        if isinstance(value, dict) and "$set" in value:
            to[key] = value["$set"]
        elif isinstance(value, dict) and "$inc" in value:
            to[key] = to.get(key, 0) + value["$inc"]
        elif isinstance(value, dict):
            if not isinstance(to.get(key), dict):
                to[key] = {}
            merge(to[key], value)
        elif value is None:
            to.pop(key, None)
        else:
            to[key] = value


def numbers(texts):
    """The n of emit's lines, in the order they came."""
    return [int(m.group(1)) for t in texts
            for m in [re.match(r'\{"n":(\d+),', t)] if m]


def done_of(texts):
    for t in texts:
        if t.startswith("DONE "):
            return int(t.split()[1])
    return None


def exact(what, texts):
    """Every line of emit once, in order."""
    got, want = numbers(texts), done_of(texts)
    check(f"{what}: emit has not ended", want is not None)
    lost = len(set(range(1, want + 1)) - set(got))
    repeated = len(got) - len(set(got))
    if lost or repeated:
        raise Failed(f"{what}: {lost} lost and {repeated} repeated of {want}")
    return want
