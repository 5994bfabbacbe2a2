"""What rules cost: replay with them, and rules that wait."""
import os
import statistics
import time
import urllib.request

from measure import Case, CPU_COLUMNS, alternate, fixed, percent, row
import measure
import post
import replay

GROUP = "groups:\n  - name: bench\n    rules:\n"

# The one that cares: a tenth of the lines say how long a blade is up.
UPTIME = """\
      - alert: UpForTooLong
        foreach: blade, up in state.*.up
        expr: up > 1000000000000
        annotations: {summary: "{{ blade }} is up for {{ up }} ms"}
"""

# The others, in turn: nothing that they read is ever logged.
OTHERS = ["""\
      - alert: QueueLong%d
        expr: state.services.service_%d.queue > 100
        for: 1m
""", """\
      - alert: NodeSilent%d
        foreach: name, n in state.fleets.fleet_%d
        expr: "!has(n.alive) || stale(n, '5m')"
        for: 10s
        annotations: {summary: "{{ name }} says nothing"}
""", """\
      - count: jobs_%d
        foreach: id, job in state.jobs.kind_%d
        value: job.done
""", """\
      - intent: order_%d
        foreach: id, order in state.orders.shop_%d
        parties: order.hosts
        answers: order.?answers.orValue({})
        deadline: 30s
"""]

INTENT = """\
      - intent: scrape
        foreach: id, intent in state.intents
        when: has(intent.host) && has(intent.spotter)
        parties: "{'scraper': intent.host, 'spotter': intent.spotter}"
        answers: intent.?resolution.orValue({})
        deadline: 30s
"""

WAIT = """\
      - alert: DownForAnHour
        foreach: name, n in state.waiting
        expr: n.down == 1
        for: 1h
      - alert: OldByAnHour
        foreach: name, n in state.waiting
        expr: age(n) > duration('1h')
"""
WAITING = 10000
IDLE_S = 20


def write(env, name, text):
    path = env.cache / ("rules-%s.yaml" % name)
    path.write_text(GROUP + text)
    return path


def careless(env, n):
    """n rules, of which the first cares for what is logged."""
    text = UPTIME + "".join(
        OTHERS[k % len(OTHERS)] % (k, k) for k in range(1, n))
    return write(env, str(n), text)


def rules(env):
    corpus = env.corpus("intents", env.lines)
    env.title("Replay with rules, %s" % corpus.title,
              "A line is a millisecond: an evaluation after ten lines. n "
              "rules: one cares for every tenth line, the others for what "
              "is never logged. Ratio: CPU time by that without rules; "
              "1,000 rules: by that with one.")
    with_rules = {
        "no rules": None,
        "1 rule": careless(env, 1),
        "10 rules": careless(env, 10),
        "1,000 rules": careless(env, 1000),
        "an intent rule, %d live" % (corpus.lines // 50):
            write(env, "intent", INTENT),
        "rules/, all of them": env.top / "rules",
    }
    done = alternate(env, [
        Case(name, replay.ours(env, corpus, *env.limits,
                               *(["--rules", path] if path else [])),
             corpus.lines) for name, path in with_rules.items()])
    by_name = {case.name: case for case in done}
    rows = []
    for case in done:
        if case.name == "1,000 rules":
            entry = row(case, by_name.get("1 rule"), ("<=", 1.15))
        else:
            entry = row(case, by_name.get("no rules"))
        if case.name == "10 rules":
            entry["note"] = "goal >= 900 k lines a CPU s: " + (
                "met" if entry["lines_per_cpu_s"] >= 900e3 else "MISSED")
        rows.append(entry)
    env.put("rules", rows, CPU_COLUMNS)


def cpu_ns(pid):
    """CPU time of all threads of a living process, exact."""
    total = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, task)) as f:
            total += int(f.read().split()[0])
    return total


def say(port, lines):
    url = "http://127.0.0.1:%d/logs" % port
    body = urllib.request.Request(url, "".join(lines).encode())
    with urllib.request.urlopen(body, timeout=20):
        pass


def idle_cost(env, path):
    """us of CPU a second while nothing is logged; what waits, before it."""
    options = ["--rules", path] if path else []
    with post.Server(env, lambda port, where: [
            env.program, "run", "--no-docker", *options, "--listen",
            "127.0.0.1:%d" % port, "--data", where + "/data"]) as server:
        for first in range(0, WAITING, 1000):
            say(server.port, ['{"waiting":{"n%d":{"down":1}}}\n' % n
                              for n in range(first, first + 1000)])
        time.sleep(3)  # all merged, evaluated and written
        before, start = cpu_ns(server.process.pid), time.monotonic()
        time.sleep(IDLE_S)
        used = cpu_ns(server.process.pid) - before
        return used / 1000 / (time.monotonic() - start)


def waiting(env):
    env.title("Rules that wait",
              "A live process, %d keys, nothing logged for %d s: without "
              "rules, and with two whose %d instances wait for an hour "
              "(`for: 1h`, `age() > 1h`). Ratio: with by without."
              % (WAITING, IDLE_S, 2 * WAITING))
    ways = {"no rules": None, "20,000 instances wait": write(
        env, "wait", WAIT)}
    seen = {name: [] for name in ways}
    for _ in range(min(env.rounds, 3)):
        for name, path in ways.items():
            seen[name].append(idle_cost(env, path))
    base = seen["no rules"]
    rows = []
    for name, every in seen.items():
        entry = {"name": name, "us": statistics.median(every),
                 "spread": measure.spread(every)}
        if every is not base:
            pairs = measure.ratios(every, base)
            entry.update(ratio=statistics.median(pairs),
                         ratio_spread=measure.spread(pairs))
            entry["verdict"] = measure.judge(
                entry["ratio"], entry["ratio_spread"], None)
        rows.append(entry)
    env.put("waiting", rows, [
        ("what", "name", str), ("us CPU a second", "us", fixed(0)),
        ("spread", "spread", percent), ("ratio", "ratio", fixed(2)),
        ("its spread", "ratio_spread", percent), ("", "verdict", str)])
