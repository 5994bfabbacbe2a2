"""Each event of the engine once: restarts, cuts, other names, lost journals.

What the engine says to a listener that is never interrupted is the truth.
"""
import os
import random
import time

from kit import Failed, Proxy, Watch, check, equal, wait

SCENARIOS = []


def scenario(fn):
    SCENARIOS.append(fn)
    return fn


def watch(b, endpoint=None, *options):
    program = os.path.join(os.path.dirname(b.program), "bladewatch")
    b.probe = Watch(program, b.work, endpoint or b.engine.address, *options)
    return b.probe.ready()


def agree(t, p, seconds=15):
    """Soon, and then for good."""
    def same():
        try:
            t.compare(p.facts())
            return True
        except Failed:
            return False
    try:
        wait("every event once", same, seconds)
    except Failed:
        pass  # what is wrong is said better below
    time.sleep(0.5)
    t.compare(p.facts())


@scenario
def e01_one_of_each(b):
    t = b.listen()
    p = watch(b)
    e = b.engine
    e.run("e1", "trap 'exit 7' TERM; while :; do sleep 0.1; done")
    e.docker("pause", "e1")
    e.docker("unpause", "e1")
    e.docker("kill", "-s", "WINCH", "e1")
    e.docker("update", "--cpu-shares", "512", "e1")
    e.docker("stop", "-t3", "e1")
    e.docker("start", "e1")
    e.docker("restart", "-t3", "e1")
    e.docker("kill", "e1")
    wait("it has died three times", lambda: p.facts()["e1"]["events"]
         .get("die", {}).get("n") == 3)
    agree(t, p)
    c = p.facts()["e1"]
    equal("exit code", c["events"]["die"]["exitCode"], 137)
    equal("signal", c["events"]["kill"]["signal"], 9)
    equal("the last one", c["event"]["action"], "die")
    stamps = {a: max(v["timeNano"] for i, x, v in t.events() if x == a)
              for a in c["events"]}
    for action, nanos in stamps.items():
        at = c["events"][action]["at"].rstrip("Z")
        equal(f"nanoseconds of {action}", at.split(".")[1],
              str(nanos % 10**9).zfill(9))


@scenario
def e02_a_name_goes_and_another_comes(b):
    t = b.listen()
    p = watch(b)
    e = b.engine
    e.run("e2", "sleep 600")
    e.docker("stop", "-t0", "e2")
    wait("it is down", lambda: p.facts().get("e2", {}).get("state") ==
         "exited")
    before = p.facts()["e2"]["events"]
    e.docker("rename", "e2", "e2x")
    wait("the facts have moved", lambda: "rename" in
         p.facts().get("e2x", {}).get("events", {}))
    for action, was in before.items():
        equal(action, p.facts()["e2x"]["events"][action], was)
    check("nothing is left behind", "e2" not in p.facts())
    e.run("e2", "sleep 600")
    for _ in range(3):
        e.docker("rm", "-f", "e2")
        e.run("e2", "sleep 600")
    wait("the last of them is there", lambda: p.facts().get("e2", {})
         .get("state") == "running")
    agree(t, p)
    e.docker("rename", "e2x", "e2y")
    e.docker("rename", "e2", "e2x")
    e.docker("rename", "e2y", "e2")
    wait("they have changed places", lambda: p.facts().get("e2", {})
         .get("state") == "exited")
    agree(t, p)


@scenario
def e03_what_happens_while_nobody_watches(b):
    t = b.listen()
    p = watch(b)
    e = b.engine
    for name in ("stays", "stops", "goes", "moves", "again"):
        e.run(name, "sleep 600")
    wait("all are there", lambda: all(
        c.get("state") == "running" for c in p.facts().values()) and
        len(p.facts()) == 5)
    p.kill()
    e.docker("stop", "-t0", "stops")
    e.docker("rm", "-f", "goes")
    e.docker("rename", "moves", "moved")
    e.docker("rm", "-f", "again")
    e.run("again", "sleep 600")
    e.run("new", "sleep 600")
    e.run("brief", "true", "--rm")
    p.start()
    p.ready()
    wait("who is there is known", lambda: set(p.facts()) ==
         {"stays", "stops", "moved", "again", "new"})
    agree(t, p)
    equal("the last event", p.facts()["stops"]["event"]["action"], "stop")
    p.kill()
    p.start()
    p.ready()
    time.sleep(1)
    t.compare(p.facts())
    equal("it stays known", p.facts()["stops"]["event"]["action"], "stop")


@scenario
def e04_kills_cuts_and_a_busy_engine(b):
    seed = int(os.environ.get("BW_SEED", time.time()))
    print(f"    BW_SEED={seed}")
    r = random.Random(seed)
    t = b.listen()
    b.proxy = Proxy(os.path.join(b.work, "proxy.sock"), b.engine.socket)
    p = watch(b, b.proxy.address)
    e = b.engine
    names = [f"r{i}" for i in range(5)]
    acts = [("stop", "-t0"), ("start",), ("kill",), ("pause",), ("unpause",),
            ("restart", "-t0"), ("kill", "-s", "WINCH"), ("rm", "-f")]
    end = time.monotonic() + float(os.environ.get("BW_STRESS", 20))
    while time.monotonic() < end:
        name = r.choice(names)
        what = r.random()
        if what < 0.15:
            e.docker("run", "-d", "--network", "none", "--name", name, "bb:1",
                     "sleep", "600", ok=False)
        elif what < 0.25:
            e.docker("rename", name, r.choice(names), ok=False)
        elif what < 0.31:
            p.kill()
            time.sleep(r.choice((0, 0, 0.3, 1)))
            p.start()
        elif what < 0.36:
            b.proxy.drop_all()
        else:
            act = r.choice(acts)
            e.docker(*act, name, ok=False)
    p.ready()
    want = set(e.docker("ps", "-a", "--format", "{{.Names}}").split())
    wait("who is there is known", lambda: set(p.facts()) == want, 40)
    agree(t, p, 40)


@scenario
def e05_a_journal_that_fails(b):
    t = b.listen()
    p = b.start("--discard", "9", "--again", "7")
    e = b.engine
    for i in range(4):
        e.run("e5", "sleep 600")
        e.docker("stop", "-t0", "e5")
        e.docker("start", "e5")
        e.docker("rename", "e5", f"e5{i}")
        e.docker("kill", f"e5{i}")
        if i % 2:
            e.docker("rm", f"e5{i}")
        if i == 2:
            p.kill()
            p.start()
    wait("who is there is known", lambda: set(p.facts()) == {"e50", "e52"})
    agree(t, p)


@scenario
def e06_what_was_stopped_has_not_crashed(b):
    """The founding rules, before and after the monitor is started anew."""
    rules = os.path.join(os.path.dirname(__file__), "..", "..", "rules",
                         "blades.yaml")
    p = watch(b, None, "--rules", rules)
    e = b.engine

    def alerts():
        return sorted(a["labels"]["name"]
                      for a in p.get("/api/v1/alerts")["data"]["alerts"]
                      if a["labels"]["alertname"] == "BladeCrashed")

    for name in ("stopped", "crashed"):
        e.run(name, "trap 'exit 3' TERM; while :; do sleep 0.1; done",
              "--label", "role=node")
    e.docker("stop", "-t5", "stopped")
    e.docker("kill", "crashed")
    wait("one has crashed", lambda: alerts() == ["crashed"])
    equal("as the other ended", p.facts()["stopped"]["exitCode"], 3)
    for end in (p.kill, p.stop):
        end()
        p.start()
        p.ready()
        wait("it is known", lambda: alerts() == ["crashed"])
        time.sleep(4)
        equal("who has crashed", alerts(), ["crashed"])
