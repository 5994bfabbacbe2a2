"""Lines a second that are on disk when they are acknowledged."""
import csv
import io
import shutil
import statistics
import subprocess
import tempfile
import time

from measure import Case, Missing
import measure
import post


def redis_rate(env, lines):
    """SETs of 190 bytes a second, every one synced before its answer."""
    server = env.need("redis-server")
    client = env.need("redis-benchmark", "redis-tools")
    where = tempfile.mkdtemp(prefix="redis.", dir=env.cache)
    port = str(post.free_port())
    process = subprocess.Popen(
        [server, "--port", port, "--bind", "127.0.0.1", "--dir", where,
         "--appendonly", "yes", "--appendfsync", "always", "--save", "",
         "--daemonize", "no"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        done = subprocess.run(
            [client, "-p", port, "-t", "set", "-d", "190", "-r", "20000",
             "-n", str(lines), "-c", "32", "-P", "64", "--csv"],
            text=True, stdout=subprocess.PIPE, check=True)
        table = list(csv.DictReader(io.StringIO(done.stdout)))
        return float(table[0]["rps"])
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(where, ignore_errors=True)


def wait_for(port):
    until = time.monotonic() + 10
    while subprocess.run(["redis-cli", "-p", port, "ping"],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                         check=False).returncode:
        if time.monotonic() > until:
            raise Missing("redis-server does not answer")
        time.sleep(0.05)


def timed_rate(env, command, lines):
    """Lines a second by the clock on the wall: the disk is part of it."""
    return lines / measure.run(env, Case("durable", command, lines))["wall"]


def post_rate(env, corpus):
    """1,000 lines a request from 32 connections, to the real program."""
    (_, make), *_ = post.servers(env)
    with post.Server(env, make) as server:
        return 1000 * post.load(env, server, corpus, 1000)["rate"]


def durable(env):
    env.title("Acknowledged lines a second, each on disk",
              "By the clock on the wall. Redis: SET of 190 bytes, appendfsync "
              "always, 32 connections x 64 in flight. SQLite: WAL, "
              "synchronous=FULL, 1,024 rows a commit. bladewatch: 32 "
              "connections, 1,000 lines a request; it also parses and "
              "merges. Ratio: ours by theirs.")
    lines = min(500000, env.lines)
    corpus = env.corpus("intents", 20000)
    many = env.corpus("intents", lines)
    ways = {
        "bladewatch, POST /logs": lambda: post_rate(env, corpus),
        "Redis AOF always": lambda: redis_rate(env, lines),
        "SQLite WAL FULL": lambda: timed_rate(
            env, [env.python, env.here / "sqlite_wal.py", many.path,
                  env.cache], lines),
    }
    rates = {}
    for turn in range(env.rounds):
        for name in list(ways):
            try:
                rates.setdefault(name, []).append(ways[name]())
            except (Missing, OSError, subprocess.SubprocessError) as why:
                env.skip(name, why)
                del ways[name]
                rates.pop(name, None)
    put(env, rates)


def put(env, rates):
    own = rates.get("bladewatch, POST /logs")
    rows = []
    for name, every in rates.items():
        entry = {"name": name, "rate": statistics.median(every),
                 "spread": measure.spread(every)}
        if own and every is not own:
            pairs = measure.ratios(own, every)
            entry["ratio"] = statistics.median(pairs)
            entry["ratio_spread"] = measure.spread(pairs)
            entry["verdict"] = measure.judge(
                entry["ratio"], entry["ratio_spread"], (">=", 1.2))
        rows.append(entry)
    env.put("durable", rows, [
        ("what", "name", str), ("lines/s", "rate", measure.thousands),
        ("spread", "spread", measure.percent),
        ("ratio", "ratio", measure.fixed(2)),
        ("its spread", "ratio_spread", measure.percent),
        ("", "verdict", str)])
