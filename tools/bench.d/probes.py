"""What it costs to ask many targets whether they answer."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from measure import Missing, fixed
import post

TARGETS = 500
INTERVAL = 5
MEASURED = 60  # seconds
GOAL = 2.0     # per cent of a core


def seconds(process):
    """User and system time of all its threads."""
    text = pathlib.Path("/proc/%d/stat" % process.pid).read_text()
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def configuration(ports):
    lines = ["probe:", "  interval: %ds" % INTERVAL]
    lines += ["  targets:"] if ports else []
    for i, (kind, port) in enumerate(ports):
        address = "127.0.0.1:" + port + ("/health" if kind == "http" else "")
        lines.append("    - {name: t%d, %s: '%s'}" % (i, kind, address))
    return "\n".join(lines) + "\n"


def peers(env):
    process = subprocess.Popen(
        [env.python, env.here / "pongs.py", str(TARGETS)],
        stdout=subprocess.PIPE, text=True)
    ports = []
    for line in process.stdout:
        if line == "ready\n":
            return process, ports
        ports.append(line.split())
    raise Missing("the peers did not start")


def watch(env, where, config):
    """Per cent of a core over a while, and what /metrics says at its end."""
    listen = "127.0.0.1:%d" % post.free_port()
    (where / "c.yaml").write_text(config)
    process = subprocess.Popen(
        [env.program, "run", "--no-docker", "--listen", listen, "--data",
         where / "data", "--config", where / "c.yaml"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(3 * INTERVAL)  # past the start period
        if process.poll() is not None:
            raise Missing("the program ended with %d" % process.returncode)
        before, began = seconds(process), time.monotonic()
        time.sleep(MEASURED)
        used = seconds(process) - before
        share = 100 * used / (time.monotonic() - began)
        said = subprocess.run(["curl", "-fsS", "http://%s/metrics" % listen],
                              stdout=subprocess.PIPE, text=True, check=True)
        return share, said.stdout
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(where / "data", ignore_errors=True)


def probes(env):
    env.title("%d targets asked every %d s" % (TARGETS, INTERVAL),
              "A third each by UDP, TCP and HTTP, at ports of another process; "
              "user and system time of the whole program over %d s, every "
              "answer journalled (fsync always) and merged." % MEASURED)
    where = pathlib.Path(tempfile.mkdtemp(prefix="probes.", dir=env.cache))
    process, ports = peers(env)
    try:
        idle, _ = watch(env, where, configuration([]))
        share, said = watch(env, where, configuration(ports))
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(where, ignore_errors=True)
    good = len(re.findall(r"^bladewatch_probe_success.* 1$", said, re.M))
    if good != TARGETS:
        raise Missing("only %d of %d targets answered" % (good, TARGETS))
    env.put("probes", [
        {"name": "no target", "share": idle},
        {"name": "%d targets" % TARGETS, "share": share,
         "verdict": "goal < %.0f %%: %s" % (
             GOAL, "met" if share < GOAL else "MISSED")},
    ], [("", "name", str), ("% of a core", "share", fixed(2)),
        ("", "verdict", str)])
