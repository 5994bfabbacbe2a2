"""What containers use: the figures of a fake engine and of a real one."""
import collections
import json
import os
import re
import shutil
import subprocess
import threading
import time

from fake_engine import ID, Fake, stamp
from kit import Probe, check, equal, wait

SCENARIOS = []

# Of every size, where a unit begins or a rounding makes another of it.
SIZES = (0, 1, 24, 999, 1000, 1023, 1024, 9994, 9995, 99949, 99950, 999499,
         999500, 999999, 1000000, 1048575, 1048576, 5633114, 10236 << 10,
         10237 << 10, 999 << 20, 1000 << 20, 1023999999, 1 << 30, 25276510208,
         3760390000000, (1 << 40) - 1, 1 << 50, 10**15 - 1, 10**18,
         9223372036854771712, 2**64 - 1)


def scenario(fn):
    SCENARIOS.append(fn)
    return fn


class Uses(Fake):
    """Containers whose counters grow by as much with each question."""

    def __init__(self, path, **versions):
        super().__init__(path, **versions)
        self.use = {}     # id: the figures of one question
        self.asked = collections.Counter()
        self.instead = {}  # id: (body, code), or seconds to wait before
        self.now = self.most = 0
        self.lock = threading.Lock()

    def add(self, name="web", cid=ID, **figures):
        super().add(name, labels={"x": "y"}, cid=cid)
        self.use[cid] = collections.Counter(
            dict(dict(cpu=10**9, system=10**10, mem=1 << 20, limit=1 << 30),
                 **figures))

    def answer(self, c, target, method="GET"):
        if target.endswith("/_ping"):  # Docker's CLI begins with it
            c.sendall(b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n"
                      b"Content-Length: 0\r\n\r\n")
            return True
        for cid, container in self.containers.items():
            target = target.replace("/containers" + container["Name"] + "/",
                                    f"/containers/{cid}/")
        return super().answer(c, target, method)

    def stats(self, cid):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.asked[cid] += 1
            n = self.asked[cid]
        instead = self.instead.get(cid)
        if isinstance(instead, (int, float)):
            time.sleep(instead)
        with self.lock:
            self.now -= 1
        if isinstance(instead, tuple):
            return instead
        return self.figures(cid, n), 200

    def figures(self, cid, n):
        u = self.use[cid]

        def cpu(n):
            return {"cpu_usage": {"total_usage": n * u["cpu"],
                                  "usage_in_usermode": n * u["user"],
                                  "usage_in_kernelmode": n * u["kernel"]},
                    "throttling_data": {"periods": n * u["periods"],
                                        "throttled_periods": n * u["late"],
                                        "throttled_time": n * u["held"]},
                    "system_cpu_usage": n * u["system"], "online_cpus": 4}
        return {
            "read": stamp(time.time()), "name": self.containers[cid]["Name"],
            "id": cid, "cpu_stats": cpu(n), "precpu_stats": cpu(n - 1),
            "memory_stats": {"usage": u["mem"], "limit": u["limit"],
                             "stats": {"inactive_file": u["cache"]}},
            "networks": {"eth0": {"rx_bytes": u["rx"], "tx_bytes": u["tx"]}},
            "blkio_stats": {"io_service_bytes_recursive": [
                {"op": "read", "value": u["read"]},
                {"op": "write", "value": u["write"]}]},
            "pids_stats": {"current": u["pids"]}}


def uses(b, **versions):
    f = Uses(os.path.join(b.work, "fake.sock"), **versions)
    b.proxy = f  # closed with the scenario
    return f


def start(b, f, every=300):
    b.probe = Probe(b.program, b.work, f.address, "--stats", str(every))
    return b.probe.up()


def shown(p, name="web"):
    return p.show()[0][name]["stats"]


def cid_of(i):
    return f"{i:064x}"


def docker_stats(address, *names):
    """What Docker's own CLI says of them, by name."""
    done = subprocess.run(
        ["docker", "-H", address, "stats", "--no-stream", "--format",
         "{{json .}}", *names], stdout=subprocess.PIPE, check=True, text=True,
        timeout=60)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["Name"]: row for row in rows}


def words(row):
    """A row of the CLI under our names."""
    return {"cpu": row["CPUPerc"], "mem": row["MemUsage"],
            "memPercent": row["MemPerc"], "net": row["NetIO"],
            "blk": row["BlockIO"], "pids": row["PIDs"]}


def agreement(address, rows, names, samples):
    """By name the mean CPU that we show and that Docker's CLI does, and how
    often both said the same of memory; rows() are containers by name, whose
    figures are read every 2 s."""
    agreed = {name: {"ours": 0, "theirs": 0, "same": 0} for name in names}

    def figures():
        ours = rows()
        ours = {name: ours[name]["stats"] or {} for name in names}
        return all("cpuPercent" in x for x in ours.values()) and ours

    for _ in range(samples):
        # Both look at the same seconds: ours at 2, the CLI's at one of them.
        them = docker_stats(address, *names)
        time.sleep(1.5)
        us = wait("figures", figures)
        for name, x in agreed.items():
            ours, theirs = us[name]["text"], words(them[name])
            x["ours"] += us[name]["cpuPercent"] / samples
            x["theirs"] += float(theirs["cpu"].rstrip("%")) / samples
            x["same"] += all(ours[k] == theirs[k]
                             for k in ("mem", "memPercent"))
    return agreed


@scenario
def u01_the_words_of_docker_stats(b):
    f = uses(b)
    for i, size in enumerate(SIZES):
        other = SIZES[-1 - i]
        f.add(f"n{i}", cid_of(i), cpu=i * 123456789, mem=min(size, 2**63),
              limit=other, cache=size // 3, rx=min(size, 2**62), tx=i,
              read=min(other, 2**62), write=size // 7, pids=i * 37)
    p = start(b, f)
    names = [f"n{i}" for i in range(len(SIZES))]
    wait("two samples of each", lambda: all(
        "cpuPercent" in (c["stats"] or {}) for c in p.show()[0].values()))
    theirs = docker_stats(f.address, *names)
    ours = p.show()[0]
    for name in names:
        equal(name, ours[name]["stats"]["text"], words(theirs[name]))


@scenario
def u02_the_first_sample_has_no_share(b):
    f = uses(b)
    f.add(pids=3)
    p = start(b, f, every=2000)
    wait("a sample", lambda: shown(p))
    equal("the first", shown(p), {
        "memPercent": 0.1, "memUsage": 1 << 20, "memLimit": 1 << 30,
        "netRx": 0, "netTx": 0, "blkRead": 0, "blkWrite": 0, "pids": 3,
        "text": {"cpu": "--", "mem": "1MiB / 1GiB", "memPercent": "0.10%",
                 "net": "0B / 0B", "blk": "0B / 0B", "pids": "3"}})
    wait("a second", lambda: "cpuPercent" in shown(p))
    equal("the second", shown(p)["cpuPercent"], 40)
    wait("the state", lambda: p.facts()["web"].get("stats", {}).get(
        "cpuPercent") == 40)
    lease = [json.loads(e[-1])["docker"]["containers"]["web"]["stats"]["$ttl"]
             for e in p.entries("F") if '"$ttl"' in e[-1]]
    equal("its lease", set(lease), {6})


@scenario
def u03_another_life_begins_without(b):
    f = uses(b)
    f.add()
    p = start(b, f)
    wait("a share", lambda: "cpuPercent" in (shown(p) or {}))
    # Its counters are higher than before, but they are another life's.
    f.containers[ID]["State"]["StartedAt"] = stamp(time.time() + 1)
    f.event("start")
    wait("none", lambda: "cpuPercent" not in (shown(p) or {"cpuPercent": 0}))
    wait("one again", lambda: "cpuPercent" in (shown(p) or {}))
    f.asked[ID] = 0
    wait("none of lower counters", lambda: "cpuPercent" not in shown(p))
    wait("one again", lambda: "cpuPercent" in shown(p))


@scenario
def u04_who_does_not_answer_has_no_figures(b):
    f = uses(b)
    f.add()
    f.add("slow", cid_of(2))
    p = start(b, f)
    wait("both", lambda: shown(p) and shown(p, "slow"))
    f.instead[cid_of(2)] = 30
    t0 = time.monotonic()
    wait("none of the slow", lambda: not shown(p, "slow"))
    took = time.monotonic() - t0
    check(f"after {took:.1f} s", 3.5 <= took <= 7)
    check("the other has", shown(p))
    check("missed", p.show()[1]["stats_missed_total"] >= 1)
    check("the state keeps what it had", "stats" in p.facts()["slow"])
    del f.instead[cid_of(2)]
    wait("again", lambda: shown(p, "slow"))


@scenario
def u05_answers_of_every_kind(b):
    f = uses(b)
    f.add()
    f.add("odd", cid_of(2))
    p = start(b, f)
    wait("both", lambda: shown(p) and shown(p, "odd"))
    for body, code in ((b"<html>no</html>", 200), (b"", 200), (b"null", 200),
                       (b"[]", 200), ({"message": "it is gone"}, 404),
                       ({"message": "no"}, 409), (b"oops", 500),
                       ({"read": "yesterday"}, 200), (b"[" * 100000, 200),
                       (b'{"read":"' + b"x" * 300000 + b'"}', 200),
                       ({"read": "0001-01-01T00:00:00Z"}, 200)):
        f.instead[cid_of(2)] = (body, code)
        wait(f"none of {str(body)[:20]}", lambda: not shown(p, "odd"))
        check("the other has", shown(p))
        del f.instead[cid_of(2)]
        wait("again", lambda: shown(p, "odd"))
    check("nothing was said", "tells no" not in p.stderr())


@scenario
def u06_thirty_two_at_a_time(b):
    f = uses(b)
    for i in range(100):
        f.add(f"n{i}", cid_of(i))
        f.instead[cid_of(i)] = 0.5
    p = start(b, f, every=1000)
    wait("all", lambda: all(c["stats"] for c in p.show()[0].values()), 30)
    equal("at a time", f.most, 32)
    wait("the state", lambda: all(
        "stats" in c for c in p.facts().values()))
    sizes = [len(e[-1]) for e in p.entries("F") if '"stats"' in e[-1]]
    check(f"lines of {max(sizes)} bytes", max(sizes) <= 9216)
    rounds = f.asked[cid_of(0)]
    check(f"{len(sizes)} lines in {rounds} rounds", len(sizes) <= 4 * rounds)


@scenario
def u07_one_shot_where_there_is_one(b):
    for most, one_shot in (("1.40", False), ("1.41", True), ("1.51", True)):
        f = uses(b, most=most)
        f.add()
        p = start(b, f)
        wait("figures", lambda: shown(p))
        asked = [r.partition("?")[2] for r in f.requests if "/stats" in r]
        equal(most, set(asked),
              {"stream=0&one-shot=1" if one_shot else "stream=0"})
        p.stop()
        f.close()


@scenario
def u08_a_proxy_that_forbids_it_is_named_once(b):
    f = uses(b)
    f.add()
    f.instead[ID] = (b"<html>Forbidden</html>", 403)
    p = start(b, f)
    wait("a sentence", lambda: "tells no statistics" in p.stderr())
    time.sleep(1.5)
    equal("said once", p.stderr().count("tells no statistics"), 1)
    equal("no figures", shown(p), None)
    f.instead.clear()
    wait("figures", lambda: shown(p))
    f.instead[ID] = (b"<html>Forbidden</html>", 403)
    wait("said anew", lambda: p.stderr().count("tells no statistics") == 2)


@scenario
def u09_who_stops_or_goes_loses_its_figures(b):
    f = uses(b)
    f.add()
    f.add("gone", cid_of(2))
    p = start(b, f)
    wait("both in the state", lambda: all(
        "stats" in c for c in p.facts().values()))
    f.containers[ID]["State"].update(Status="exited", Pid=0)
    f.event("die")
    f.event("destroy", cid_of(2))
    del f.containers[cid_of(2)]
    wait("none in the state", lambda: "stats" not in p.facts()["web"])
    equal("none shown", shown(p), None)
    asked = f.asked[ID]
    time.sleep(1)
    equal("not asked any more", f.asked[ID], asked)
    equal("what is gone is not there", set(p.facts()), {"web"})
    f.cut()
    f.containers[ID]["State"].update(Status="running", Pid=8)
    f.instead[ID] = 2.5
    wait("it is asked", lambda: f.asked[ID] > asked)
    f.cut()
    wait("it is asked again", lambda: f.asked[ID] > asked + 1)


# A container's families under cAdvisor's names, what each is and its value.
CADVISOR = {
    "container_cpu_usage_seconds_total": ("counter", 3.5),
    "container_cpu_user_seconds_total": ("counter", 2.25),
    "container_cpu_system_seconds_total": ("counter", 1.25),
    "container_cpu_cfs_periods_total": ("counter", 40),
    "container_cpu_cfs_throttled_periods_total": ("counter", 7),
    "container_cpu_cfs_throttled_seconds_total": ("counter", 0.5),
    "container_memory_usage_bytes": ("gauge", 5 << 20),
    "container_memory_working_set_bytes": ("gauge", 3 << 20),
    "container_spec_memory_limit_bytes": ("gauge", 1 << 30),
    "container_network_receive_bytes_total": ("counter", 11),
    "container_network_transmit_bytes_total": ("counter", 12),
    "container_fs_reads_bytes_total": ("counter", 13),
    "container_fs_writes_bytes_total": ("counter", 14),
    "container_processes": ("gauge", 15),
    "container_start_time_seconds": ("gauge", 1600000000.25),
    "container_last_seen": ("gauge", 1700000000.125),
}


@scenario
def u10_metrics_under_the_names_of_cadvisor(b):
    f = uses(b)
    f.add(cpu=3500 * 10**6, user=2250 * 10**6, kernel=1250 * 10**6,
          periods=40, late=7, held=500 * 10**6, mem=5 << 20, cache=2 << 20,
          rx=11, tx=12, read=13, write=14, pids=15)
    f.containers[ID]["State"]["StartedAt"] = stamp(1600000000, 25 * 10**7)
    f.instead[ID] = (dict(f.figures(ID, 1), read=stamp(1700000000, 125 * 10**6)),
                     200)
    f.add("over", cid_of(2))
    f.containers[cid_of(2)]["State"].update(Status="exited", Pid=0)
    p = start(b, f)
    wait("figures", lambda: shown(p))
    text = p.shows()[1]
    types = dict(re.findall(r"^# TYPE (container_\w+) (\w+)$", text, re.M))
    samples = dict(re.findall(r"^(container_\S+) (\S+)$", text, re.M))
    equal("families", types, {name: x[0] for name, x in CADVISOR.items()})
    equal("samples", {key: float(value) for key, value in samples.items()},
          {f'{name}{{id="/docker/{ID}",image="fake",name="web"}}': x[1]
           for name, x in CADVISOR.items()})
    if shutil.which("promtool"):
        lint = subprocess.run(["promtool", "check", "metrics"], text=True,
                              input=text, capture_output=True)
        equal("promtool says", (lint.returncode, lint.stdout + lint.stderr),
              (0, ""))


@scenario
def t30_agreement_with_docker_stats(b):
    e = b.engine
    e.run("spin", "while :; do :; done", "--cpus", "0.7")
    e.run("pages", "head -c 9000000 /dev/zero | tr '\\000' a >/f; "
          "cat /f >/dev/null; sleep 600", "-m", "64m")
    e.run("over", "true")
    b.probe = p = Probe(b.program, b.work, e.address, "--stats", "2000").up()
    wait("figures", lambda: "cpuPercent" in (shown(p, "spin") or {}), 20)
    time.sleep(4)
    agreed = agreement(e.address, lambda: p.show()[0], ("spin", "pages"), 8)
    for name, x in agreed.items():
        check(f"CPU of {name}: {x}", abs(x["ours"] - x["theirs"]) <= 3)
    same = sum(x["same"] for x in agreed.values())
    check(f"memory was the same {same} times of 16", same >= 12)
    equal("one that has ended", p.show()[0]["over"]["stats"], None)
