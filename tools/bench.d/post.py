"""POST /logs against a bare libmicrohttpd that syncs the same way."""
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

from measure import Missing
import measure

SECONDS = 4
CONNECTIONS = 32


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_of(pid):
    """User and system seconds of a living process."""
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Server:
    """A server on loopback for the length of a with block."""

    def __init__(self, env, make):
        self.env = env
        self.port = free_port()
        self.dir = tempfile.mkdtemp(prefix="post.", dir=env.cache)
        self.command = [str(w) for w in make(self.port, self.dir)]

    def __enter__(self):
        self.said = open(os.path.join(self.dir, "said"), "w+b")
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=self.said,
            stderr=self.said, cwd=self.dir)
        try:
            self.wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait(self):
        url = "http://127.0.0.1:%d/logs" % self.port
        until = time.monotonic() + 10
        while time.monotonic() < until and self.process.poll() is None:
            try:
                body = urllib.request.Request(url, b'{"ready":1}\n')
                with urllib.request.urlopen(body, timeout=2):
                    return
            except OSError:
                time.sleep(0.05)
        self.said.seek(0)
        raise Missing("%s does not answer: %s" % (
            self.command[0],
            self.said.read()[-200:].decode(errors="replace").strip()))

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.said.close()
        shutil.rmtree(self.dir, ignore_errors=True)


def load(env, server, corpus, batch):
    """wrk's figures and the server's CPU a request."""
    before = cpu_of(server.process.pid)
    done = subprocess.run(
        [env.need("wrk"), "-t1", "-c%d" % CONNECTIONS, "-d%ds" % SECONDS,
         "-s", str(env.here / "post.lua"),
         "http://127.0.0.1:%d/logs" % server.port],
        env=dict(os.environ, BATCH=str(batch), CORPUS=str(corpus.path)),
        text=True, stdout=subprocess.PIPE, check=True)
    after = cpu_of(server.process.pid)
    said = json.loads(done.stdout.strip().splitlines()[-1])
    if said["errors"] or not said["requests"]:
        raise Missing("%d of %d requests failed" % (said["errors"],
                                                    said["requests"]))
    return {
        "rate": said["requests"] / (said["usec"] / 1e6),
        "cpu": (after - before) / said["requests"] * 1e6,
        "p50": said["p50"] / 1000, "p99": said["p99"] / 1000,
    }


def servers(env):
    return [
        ("bladewatch", lambda port, where: [
            env.program, "run", "--no-docker", "--listen",
            "127.0.0.1:%d" % port, "--data", where + "/data"]),
        ("bare libmicrohttpd", lambda port, where: [
            env.tool("bare_mhd"), port, where + "/bodies"]),
    ]


def measure_batch(env, corpus, batch):
    """name -> the figures of each round; servers start afresh each round."""
    seen = {}
    for turn in range(env.rounds):
        for name, make in servers(env):
            if name in seen and seen[name] is None:
                continue
            try:
                with Server(env, make) as server:
                    figures = load(env, server, corpus, batch)
                seen.setdefault(name, []).append(figures)
            except (Missing, OSError, subprocess.SubprocessError) as why:
                env.skip("%s, %d a request" % (name, batch), why)
                seen[name] = None
    return {name: runs for name, runs in seen.items() if runs}


def rows_of(seen, batch):
    bare = seen.get("bare libmicrohttpd")
    for name, runs in seen.items():
        def middle(key):
            return statistics.median(run[key] for run in runs)
        rates = [run["rate"] for run in runs]
        entry = {"name": name, "batch": batch, "rate": middle("rate"),
                 "lines": middle("rate") * batch, "cpu": middle("cpu"),
                 "p50": middle("p50"), "p99": middle("p99"),
                 "spread": measure.spread(rates)}
        if bare and runs is not bare:
            every = measure.ratios(rates, [run["rate"] for run in bare])
            entry["ratio"] = statistics.median(every)
            entry["ratio_spread"] = measure.spread(every)
            entry["verdict"] = measure.judge(
                entry["ratio"], entry["ratio_spread"],
                (">=", 0.75)) if batch == 1 else "goal >= 500 k lines/s: " + (
                    "met" if entry["lines"] >= 500000 else "MISSED")
        yield entry


def post(env):
    env.title("POST /logs, durable, %d connections" % CONNECTIONS,
              "wrk on the other core; every answer waits for fdatasync. "
              "Ratio: requests a second by the bare server's, which writes "
              "and syncs the same bodies unread.")
    corpus = env.corpus("intents", 20000)
    rows = []
    for batch in (1, 1000):
        rows += rows_of(measure_batch(env, corpus, batch), batch)
    env.put("post", rows, [
        ("server", "name", str), ("lines a request", "batch", str),
        ("requests/s", "rate", thousands), ("lines/s", "lines", thousands),
        ("us CPU a request", "cpu", measure.fixed(1)),
        ("p50 ms", "p50", measure.fixed(2)),
        ("p99 ms", "p99", measure.fixed(2)), ("spread", "spread", percent),
        ("ratio", "ratio", measure.fixed(2)),
        ("its spread", "ratio_spread", percent), ("", "verdict", str)])


def thousands(value):
    return "%.1f k" % (value / 1000)


percent = measure.percent
