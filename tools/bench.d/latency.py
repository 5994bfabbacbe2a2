"""From a line in a container's log to /state/watch, and to the webhook."""
import http.client
import http.server
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import threading
import time

from measure import Missing
import post

LINES = 500
EVERY = 0.02
RULE = """\
groups:
  - name: bench
    rules:
      - alert: Said
        foreach: number, value in state.bench
        expr: value == 1
"""


def engine(env, where):
    """Starts the private engine of the tests; its DOCKER_HOST."""
    script = env.top / "tests" / "engine" / "dockerd"
    if not script.exists():
        raise Missing("tests/engine/dockerd is not there")
    done = subprocess.run([str(script), "start", where], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    if done.returncode:
        raise Missing("no engine: " + (done.stderr or done.stdout)[-200:])
    return done.stdout.strip().splitlines()[-1].replace("DOCKER_HOST=", "")


def docker(host, *words):
    done = subprocess.run(["docker", "-H", host, *words], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    if done.returncode:
        raise Missing("docker %s: %s" % (words[0], done.stderr[-200:]))
    return done.stdout.strip()


def image(host, where):
    """An image of busybox alone, from this machine's static busybox."""
    busybox = shutil.which("busybox")
    if not busybox:
        raise Missing("busybox is not installed (busybox-static)")
    root = os.path.join(where, "root")
    os.makedirs(os.path.join(root, "bin"))
    shutil.copy(busybox, os.path.join(root, "bin", "busybox"))
    os.symlink("busybox", os.path.join(root, "bin", "cat"))
    tar = os.path.join(where, "root.tar")
    subprocess.run(["tar", "-C", root, "-cf", tar, "."], check=True)
    docker(host, "import", tar, "bench-busybox")


class Watch(threading.Thread):
    """Reads server-sent events and notes when each number was seen."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port = port
        self.seen = {}
        self.first = threading.Event()

    def run(self):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        link.request("GET", "/state/watch")
        answer = link.getresponse()
        self.first.set()
        try:
            for line in answer:
                self.note(line, time.monotonic())
        except (OSError, ValueError, http.client.HTTPException):
            pass

    def note(self, line, now):
        if not line.startswith(b"data:"):
            return
        for number in numbers(json.loads(line[5:])):
            self.seen.setdefault(number, now)


class Hook(http.server.ThreadingHTTPServer):
    """A webhook's receiver; notes when each alert came."""

    daemon_threads = True

    def __init__(self):
        self.seen = {}
        super().__init__(("127.0.0.1", 0), Delivery)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Delivery(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        now = time.monotonic()
        for alert in json.loads(body)["alerts"]:
            number = int(alert["labels"]["number"][1:])
            self.server.seen.setdefault(number, now)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def numbers(value):
    """Every n<number> member or path that a patch or a state mentions."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key[:1] == "n" and key[1:].isdigit():
                yield int(key[1:])
            yield from numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from numbers(inner)
    elif isinstance(value, str):
        last = value.rsplit("/", 1)[-1]
        if last[:1] == "n" and last[1:].isdigit():
            yield int(last[1:])


def feed(pipe):
    """Writes the lines at a steady pace; when each was due and written."""
    sent = {}
    with open(pipe, "wb", buffering=0) as f:
        time.sleep(3)  # the container's stream must be attached first
        start = time.monotonic()
        for number in range(LINES):
            due = start + number * EVERY
            time.sleep(max(0.0, due - time.monotonic()))
            sent[number] = due
            f.write(b'{"bench":{"n%d":1}}\n' % number)
        time.sleep(3)
    return sent


def observe(env, host, where):
    """When each line was seen, by who saw it, in ms after it was due."""
    pipe = os.path.join(where, "pipe")
    os.mkfifo(pipe)
    image(host, where)
    rules = os.path.join(where, "rules.yaml")
    pathlib.Path(rules).write_text(RULE)
    hook = Hook()
    run = [env.program, "run", "--docker", host, "--rules", rules,
           "--webhook", "http://127.0.0.1:%d/" % hook.server_port, "--listen"]
    with post.Server(env, lambda port, data: run + [
            "127.0.0.1:%d" % port, "--data", data + "/data"]) as server:
        docker(host, "run", "-d", "--name", "bench", "--network", "none",
               "--label", "bladewatch=shard", "-v", pipe + ":/pipe",
               "bench-busybox", "cat", "/pipe")
        watch = Watch(server.port)
        watch.start()
        watch.first.wait(10)
        sent = feed(pipe)
    hook.shutdown()
    return {name: sorted(1000 * (seen[n] - sent[n]) for n in sent if n in seen)
            for name, seen in (("/state/watch", dict(watch.seen)),
                               ("webhook, its alert", hook.seen))}


def figures(name, ms):
    if len(ms) < LINES / 2:
        raise Missing("only %d of %d lines were seen by %s"
                      % (len(ms), LINES, name))
    p99 = ms[int(0.99 * (len(ms) - 1))]
    return {"name": name, "seen": "%d of %d" % (len(ms), LINES),
            "p50": statistics.median(ms), "p99": p99, "max": ms[-1],
            "verdict": "goal p99 <= 250 ms: " + ("met" if p99 <= 250
                                                 else "MISSED")}


def latency(env):
    env.title("From a container's line to who waits for it",
              "%d lines, one every %d ms, from the instant each was due; "
              "default ordering (100 ms). Each line makes an alert of its "
              "own fire." % (LINES, 1000 * EVERY))
    if not shutil.which("docker"):
        raise Missing("the docker command is not installed (docker.io)")
    where = tempfile.mkdtemp(prefix="bwl.")
    stop = [str(env.top / "tests" / "engine" / "dockerd"), "stop", where]
    try:
        host = engine(env, where)
        try:
            seen = observe(env, host, where)
        finally:
            subprocess.run(["docker", "-H", host, "rm", "-f", "bench"],
                           stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)
    finally:
        if os.path.exists(stop[0]):
            subprocess.run(stop, stdout=subprocess.DEVNULL, check=False)
        shutil.rmtree(where, ignore_errors=True)
    env.put("latency", [figures(name, ms) for name, ms in seen.items()], [
        ("to", "name", str), ("lines seen", "seen", str),
        ("p50 ms", "p50", fixed), ("p99 ms", "p99", fixed),
        ("max ms", "max", fixed), ("", "verdict", str)])


def fixed(value):
    return "%.0f" % value
