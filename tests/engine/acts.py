"""Acts alone: what is sent, and what is made of the engine's answers."""
import collections
import os
import queue
import re
import subprocess
import threading
import time

from fake_engine import ID, Fake, stamp
from kit import Failed, Proxy, check, equal, wait

SCENARIOS = []
MADE_UP = []  # of them, those that need no engine
Acted = collections.namedtuple("Acted", "name result code container ms text")
NEVER = "0001-01-01T00:00:00Z"


def scenario(fn):
    SCENARIOS.append(fn)
    return fn


def made_up(fn):
    MADE_UP.append(fn)
    return scenario(fn)


class ActProbe:
    """act_probe between an engine and the test."""

    def __init__(self, b, engine, read=None, act=None, options=()):
        self.engine = engine
        self.errors = os.path.join(b.work, "act.err")
        words = [b.act_program, "--endpoint", read or engine.address, *options]
        if act:
            words += ["--act", act]
        with open(self.errors, "w") as err:
            self.process = subprocess.Popen(words, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=err,
                                            text=True)
        self.answers = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()
        b.probe = self
        equal("the first line", self.next(20), "up")

    def read(self):
        for line in self.process.stdout:
            self.answers.put(line.rstrip("\n"))

    def next(self, seconds=10):
        try:
            return self.answers.get(timeout=seconds)
        except queue.Empty:
            raise Failed(f"no answer of an act: {self.stderr()[-300:]}")

    def order(self, kind, seen, repair=False):
        """seen: inspect's answer, when the order was made."""
        state = seen["State"]
        at = [x if x != NEVER else "-"
              for x in (state["StartedAt"], state["FinishedAt"])]
        self.process.stdin.write(" ".join(
            [kind, seen["Name"].lstrip("/"), seen["Id"], state["Status"], *at,
             "repair" if repair else "-"]) + "\n")
        self.process.stdin.flush()

    def withdraw(self):
        self.process.stdin.write("withdraw\n")
        self.process.stdin.flush()

    def result(self, seconds=10):
        name, result, code, container, ms, text = self.next(seconds).split(
            "\t", 5)
        return Acted(name, result, int(code), container, int(ms), text)

    def act(self, kind, which, repair=False, seconds=10):
        seen = which if isinstance(which, dict) else self.engine.inspect(which)
        self.order(kind, seen, repair)
        return self.result(seconds)

    def stderr(self):
        with open(self.errors, errors="replace") as f:
            return f.read()

    def stop(self):
        self.process.stdin.close()
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failed("act_probe did not end")
        if code:
            raise Failed(f"act_probe ended with {code}: "
                         f"{self.stderr()[-1500:]}")


def outcome(what, acted, result, code, pattern=""):
    equal(what, acted[1:3], (result, code))
    check(f"{what}: {acted.text}", re.search(pattern, acted.text))


def make(engine, name, *options, command=("sleep", "1000"), network="none"):
    engine.docker("create", "--name", name, "--network", network, *options,
                  "bb:1", *command)
    return engine.inspect(name)


def fallen(engine, name, *options, network="none"):
    """One that ran and was killed."""
    make(engine, name, *options, network=network)
    engine.docker("start", name)
    engine.docker("kill", name)
    return wait(f"{name} is down", lambda: (lambda c: c if
                c["State"]["Status"] == "exited" else None)(
                    engine.inspect(name)))


def proxied(b, engine):
    b.proxy = Proxy(os.path.join(b.work, "act-proxy.sock"), engine.socket)
    return ActProbe(b, engine, read=b.proxy.address)


def posts(b):
    return [r.split(" ")[1] for r in b.proxy.requests if r.startswith("POST")]


@scenario
def a01_start_and_restart(b):
    e = b.engine
    p = proxied(b, e)
    seen = fallen(e, "a01")
    acted = p.act("start", seen)
    outcome("start", acted, "started", 204, "^$")
    equal("the container", acted.container, seen["Id"])
    running = e.inspect("a01")
    equal("it", running["State"]["Status"], "running")
    equal("sent", [r.split("/", 2)[2] for r in posts(b)],
          [f"containers/{seen['Id']}/start"])
    acted = p.act("restart", running, seconds=20)
    outcome("restart", acted, "started", 204)
    check("it began anew", e.inspect("a01")["State"]["StartedAt"] !=
          running["State"]["StartedAt"])
    outcome("a created one", p.act("start", make(e, "a01b")), "started", 204)


@scenario
def a02_what_has_changed_is_left_alone(b):
    e = b.engine
    p = proxied(b, e)
    seen = fallen(e, "a02")
    e.docker("start", "a02")
    outcome("running", p.act("start", seen), "running", 0, "^running since 20")
    e.docker("pause", "a02")
    outcome("paused", p.act("start", seen), "paused", 0, "^paused$")
    outcome("restart of a paused one", p.act("restart", dict(
        seen, State=dict(e.inspect("a02")["State"], Status="running"))),
        "paused", 0)
    e.docker("unpause", "a02")
    e.docker("kill", "a02")
    outcome("another life", p.act("start", seen), "changed", 0,
            "ran meanwhile; exited since 20")
    seen = e.inspect("a02")
    e.docker("rename", "a02", "a02x")
    outcome("renamed", p.act("start", seen), "changed", 0, "renamed to a02x")
    e.docker("rename", "a02x", "a02")
    running = dict(seen, State=dict(seen["State"], Status="running"))
    outcome("restart of one that is down", p.act("restart", running),
            "changed", 0, "^exited since")
    e.docker("rm", "a02")
    make(e, "a02")
    outcome("replaced", p.act("start", seen), "missing", 404)
    e.docker("run", "-d", "--name", "loop", "--network", "none", "--restart",
             "always", "bb:1", "sh", "-c", "exit 1")
    wait("it loops", lambda: e.inspect("loop")["State"]["Status"] ==
         "restarting")
    looping = e.inspect("loop")
    looping["State"]["Status"] = "exited"
    check("looping", p.act("start", looping).result in ("changed", "running"))
    equal("sent", posts(b), [])


@scenario
def a03_what_is_never_touched(b):
    e = b.engine
    for name, options, why in (
            ("a03a", ("--label", "role=monitor"), "is a monitor"),
            ("a03b", ("--label", "com.docker.swarm.task.id=x"), "of a swarm"),
            ("a03c", ("--label", "bladewatch.revive=never"), "says never"),
            ("a03d", ("--label", "bladewatch.ignore=true"), "ignore"),
            ("a03e", ("--rm",), "--rm")):
        seen = make(e, name, *options)
        p = proxied(b, e)
        for kind in ("start", "restart"):
            outcome(name, p.act(kind, seen), "refused", 0, why)
        equal("sent", posts(b), [])
        p.stop()
        b.proxy.close()
    seen = fallen(e, "a03f")
    p = ActProbe(b, e, options=("--self", seen["Id"][:12]))
    outcome("itself", p.act("start", seen), "refused", 0, "bladewatch runs in")
    equal("it", e.inspect("a03f")["State"]["Status"], "exited")


@scenario
def a04_changed_between_the_look_and_the_act(b):
    e = b.engine
    p = proxied(b, e)

    def meanwhile(*words):
        b.proxy.before = ("POST ", lambda: e.docker(*words))

    seen = fallen(e, "a04")
    meanwhile("rename", "a04", "a04x")
    outcome("renamed", p.act("start", seen), "started", 204)
    e.docker("kill", "a04x")
    e.docker("rename", "a04x", "a04")
    meanwhile("rm", "a04")
    outcome("removed", p.act("start", e.inspect("a04")), "missing", 404)
    seen = fallen(e, "a04")

    def replace():
        e.docker("rm", "a04")
        make(e, "a04")

    b.proxy.before = ("POST ", replace)
    outcome("replaced", p.act("start", seen), "missing", 404)
    equal("the new one", e.inspect("a04")["State"]["Status"], "created")
    seen = fallen(e, "a04b")
    meanwhile("start", "a04b")
    outcome("started by another", p.act("start", seen), "running", 304)
    seen = fallen(e, "a04c")

    def pause():
        e.docker("start", "a04c")
        e.docker("pause", "a04c")

    b.proxy.before = ("POST ", pause)
    outcome("paused by another", p.act("start", seen), "paused", 409)


@scenario
def a05_what_no_attempt_can_help(b):
    e = b.engine
    p = ActProbe(b, e)
    outcome("no such program", p.act("start", make(
        e, "a05", command=("/bin/nope",))), "config", 400, "no such file")
    outcome("a directory", p.act("start", make(
        e, "a05b", command=("/bin",))), "config", 400, "permission denied")
    source = os.path.join(b.work, "source")
    os.mkdir(source)
    make(e, "a05c", "--mount", f"type=bind,src={source},dst=/x")
    os.rmdir(source)
    outcome("no such source", p.act("start", "a05c"), "config", 400,
            "source path does not exist")


@scenario
def a06_dead(b):
    e = b.engine
    p = ActProbe(b, e)
    seen = fallen(e, "a06")
    e.docker("start", "a06")
    e.docker("exec", "a06", "sh", "-c", "echo >/file")
    upper = seen["GraphDriver"]["Data"].get("UpperDir") or \
        seen["GraphDriver"]["Data"].get("Dir")
    if not upper:
        return print("    no layer to make immutable")
    subprocess.run(["chattr", "+i", f"{upper}/file"], check=True)
    try:
        e.docker("rm", "-f", "a06", ok=False)
        equal("it", e.inspect(seen["Id"])["State"]["Status"], "dead")
        outcome("dead", p.act("start", seen), "removing", 0, "^dead$")
        dead = e.inspect(seen["Id"])
        dead["State"]["Status"] = "exited"
        equal("the engine says", e.api("POST", "/containers/%s/start" %
                                       seen["Id"])[0], 409)
    finally:
        subprocess.run(["chattr", "-i", f"{upper}/file"], check=True)
        e.docker("rm", "-f", seen["Id"], ok=False)


@scenario
def a07_networks(b):
    e = b.with_networks()
    p = ActProbe(b, e)
    e.docker("network", "create", "n1")
    seen = fallen(e, "a07", "--network-alias", "cl", "--network-alias", "c2",
                  network="n1")
    e.docker("network", "rm", "n1")
    outcome("gone", p.act("start", seen), "network", 404,
            "^network n1 was removed$")
    outcome("gone, to be repaired", p.act("start", seen, True), "network", 404,
            "^network n1 not found$")
    e.docker("network", "create", "n1")
    outcome("made anew", p.act("start", seen), "network", 404,
            "^network n1 was removed$")
    equal("nothing was changed", e.inspect("a07")["NetworkSettings"]
          ["Networks"]["n1"]["NetworkID"],
          seen["NetworkSettings"]["Networks"]["n1"]["NetworkID"])
    e.api("POST", "/networks/create", {"Name": "n1"})
    outcome("two of the name", p.act("start", seen, True), "network", 400,
            "ambiguous")
    for n in e.docker("network", "ls", "-q", "-f", "name=n1").split():
        e.docker("network", "rm", n)
    e.docker("network", "create", "n1")
    outcome("repaired", p.act("start", seen, True), "started", 204)
    now = e.inspect("a07")
    check("it is connected", now["NetworkSettings"]["Networks"]["n1"]
          ["IPAddress"])
    equal("aliases", now["NetworkSettings"]["Networks"]["n1"]["Aliases"],
          ["cl", "c2", seen["Id"][:12]])


@scenario
def a08_networks_that_cannot_be_repaired(b):
    e = b.with_networks()
    p = ActProbe(b, e)
    e.docker("network", "create", "--subnet", "10.77.0.0/16", "n2")
    e.docker("network", "create", "n3")
    make(e, "a08", "--ip", "10.77.1.2", network="n2")
    e.docker("network", "connect", "n3", "a08")
    e.docker("start", "a08")
    e.docker("kill", "a08")
    for n in ("n2", "n3"):
        e.docker("network", "rm", n)
        e.docker("network", "create", n)
    outcome("another subnet", p.act("start", "a08", True), "network", 400,
            "connecting it failed: .*subnets")
    equal("it kept its network", set(e.inspect("a08")["NetworkSettings"]
                                     ["Networks"]), {"n2", "n3"})
    e.docker("network", "rm", "n2")
    e.docker("network", "create", "--subnet", "10.77.0.0/16", "n2")
    outcome("both repaired", p.act("start", "a08", True), "started", 204)
    equal("the address", e.inspect("a08")["NetworkSettings"]["Networks"]["n2"]
          ["IPAddress"], "10.77.1.2")
    make(e, "dep", network="n3")
    join = make(e, "a08b", network="container:dep")
    e.docker("rm", "dep")
    make(e, "dep", network="n3")
    outcome("joined", p.act("start", join, True), "network", 404,
            "No such container")


@scenario
def a09_ports(b):
    e = b.with_networks()
    p = ActProbe(b, e)
    e.docker("network", "create", "n4")
    make(e, "pA", "-p", "18080:80", network="n4")
    e.docker("start", "pA")
    outcome("taken", p.act("start", make(e, "pB", "-p", "18080:80",
                                         network="n4")),
            "port", 500, "^port 18080 is taken by pA$")
    e.docker("kill", "pA")
    outcome("free", p.act("start", "pB"), "started", 204)


@scenario
def a10_two_endpoints(b):
    e = b.engine
    read = Proxy(os.path.join(b.work, "read.sock"), e.socket)
    act = b.proxy = Proxy(os.path.join(b.work, "act.sock"), e.socket)
    read.deny = "^POST"
    act.deny = "^GET"
    p = ActProbe(b, e, read=read.address, act=act.address)
    one, two = fallen(e, "a10"), fallen(e, "a10b")
    outcome("start", p.act("start", one), "started", 204)
    equal("asked of the act endpoint", [r.split(" ")[1] for r in act.requests],
          ["/version", "/version", f"/v1.41/containers/{one['Id']}/start"])
    e.docker("kill", "a10")
    act.deny = "POST"
    outcome("forbidden", p.act("start", "a10"), "denied", 403, "^forbidden$")
    sent = len(act.requests)
    outcome("not asked again", p.act("start", two), "denied", 0)
    equal("requests", len(act.requests), sent)
    equal("said once", p.stderr().count("only observes"), 1)
    act.deny = None
    read.drop_all()
    wait("it connects anew", lambda: read.count("/events") == 2)
    time.sleep(0.5)
    outcome("then allowed", p.act("start", two), "started", 204)
    act.close()
    outcome("nobody listens", p.act("start", "a10"), "unreachable", 0)
    read.close()
    p.stop()


# -- an engine that is made up ------------------------------------------


class Liar(Fake):
    """`post` answers each POST: a function of the connection, or bytes."""

    def __init__(self, path, **versions):
        super().__init__(path, **versions)
        self.post = None
        self.look_for = 0
        self.sent = []

    def answer(self, c, target, method="GET"):
        if method == "POST":
            self.sent.append(target)
            if callable(self.post):
                return self.post(c)
            c.sendall(self.post)
            return False
        if self.look_for and target.endswith(ID + "/json"):
            time.sleep(self.look_for)
        return super().answer(c, target, method)

    def down(self, cid=ID):
        self.containers[cid]["State"].update(
            Status="exited", Pid=0, FinishedAt=stamp(time.time() - 5))
        return self.containers[cid]


def text(code, body, kind="text/plain", length=None):
    return (f"HTTP/1.1 {code} X\r\nContent-Type: {kind}\r\nContent-Length: "
            f"{len(body) if length is None else length}\r\n\r\n{body}"
            ).encode()


def liar(b):
    f = b.proxy = Liar(os.path.join(b.work, "liar.sock"))
    f.add()
    f.down()
    return f, ActProbe(b, f)


@made_up
def a11_answers_that_are_odd(b):
    f, p = liar(b)
    seen = f.containers[ID]
    html = "<html><head><title>403 Forbidden</title></head>\n<body>no</body>"
    for answer, result, code, words in (
            (text(500, "something broke\n\tbadly"), "refused", 500,
             "^something broke badly$"),
            (text(500, '{"message":"driver failed"}'), "refused", 500,
             "^driver failed$"),
            (text(502, html, "text/html"), "refused", 502, "^403 Forbidden"),
            (text(404, "page not found"), "refused", 404, "page not found"),
            (text(200, ""), "refused", 200, ""),
            (text(500, '{"mess', length=400), "refused", 500, ""),
            (text(500, "x" * 3000), "refused", 500, "^x{100,400}$"),
            (text(400, "\x01\x02"), "config", 400, "^$"),
            (text(500, "caf\u00e9 ", length=7) + b"\xff",
             "refused", 500, "^caf\u00e9 \ufffd$"),
            (text(500, "\n " + html, "text/html"), "refused", 500,
             "^403 Forbidden no$"),
            (text(204, ""), "refused", 204,
             "the engine answered 204, but it is exited as before"),
            (text(304, ""), "refused", 304, "exited as before"),
            (b"SSH-2.0-nonsense\r\n", "timeout", 0, "no whole answer"),
            (b"HTTP/1.1 204 No", "timeout", 0, "no whole answer"),
            (b"", "timeout", 0, "no whole answer")):
        f.post = answer
        outcome(repr(answer[:60]), p.act("start", seen), result, code, words)
    f.post = text(403, html, "text/html")
    outcome("403", p.act("start", seen), "denied", 403, "^403 Forbidden no$")


@made_up
def a12_looks_that_are_odd(b):
    f, p = liar(b)
    seen = dict(f.containers[ID])
    for answer, result, code in (
            (text(500, "no"), "refused", 500),
            (text(200, "[1]"), "refused", 200),
            (text(200, "{}"), "refused", 200),
            (text(200, '{"Id":"' + "b" * 64 + '"}'), "refused", 200),
            (text(404, "{}"), "missing", 404),
            (text(403, "no"), "refused", 403),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "unreachable",
             0)):
        f.raw = {f"/containers/{ID}/json": answer}
        outcome(repr(answer[:60]), p.act("start", seen), result, code)
    f.raw = {}
    f.look_for = 1.5
    outcome("looks are slow", p.act("start", seen, seconds=20), "timeout", 0,
            "too long")
    equal("sent", f.sent, [])


@made_up
def a13_answers_that_do_not_come(b):
    f, p = liar(b)
    other = "decaf" + "0" * 59
    f.add("other", cid=other)
    f.down(other)

    def hang(c):
        if other in f.sent[-1]:
            f.containers[other]["State"].update(
                Status="running", Pid=9, StartedAt=stamp(time.time()))
        time.sleep(3600)

    def order(cid):
        before = len(f.sent)
        p.order("start", f.containers[cid])
        wait("it is sent", lambda: len(f.sent) > before)

    f.post = hang
    order(ID)
    order(other)
    for i in range(3):
        f.add(f"more{i}", cid=f"{i:064x}")
        f.down(f"{i:064x}")
    for i in range(2):
        order(f"{i:064x}")
    outcome("four are under way", p.act("start", f.containers[f"{2:064x}"]),
            "again", 0)
    got = {a.name: a for a in (p.result(50), *(p.result(5) for _ in "123"))}
    outcome("did not start", got["web"], "timeout", 0, "no answer in time")
    check("in 45 s", all(44900 < a.ms < 51000 for a in got.values()))
    outcome("started", got["other"], "started", 0,
            "no answer in time, but it is running")
    order(ID)  # and it is stopped meanwhile


@made_up
def a14_one_order_is_one_post(b):
    f, p = liar(b)
    f.post = lambda c: False  # the connection ends without an answer
    for kind in ("start", "restart"):
        if kind == "restart":
            f.containers[ID]["State"].update(Status="running", Pid=7)
        before = len(f.sent)
        outcome(kind, p.act(kind, f.containers[ID]), "timeout", 0,
                "no whole answer")
        equal(f"sent to {kind}", [s.split("/")[-1].split("?")[0]
                                  for s in f.sent[before:]], [kind])


@made_up
def a15_what_is_withdrawn_is_not_sent(b):
    f, p = liar(b)
    f.look_for = 0.8
    f.post = text(204, "")
    asked = f.count(ID + "/json")
    p.order("start", f.containers[ID])
    wait("the look", lambda: f.count(ID + "/json") > asked)
    p.withdraw()
    outcome("while it looks", p.result(), "changed", 0, "^withdrawn: ")
    equal("sent", f.sent, [])
    outcome("the next", p.act("start", f.containers[ID]), "refused", 204)
    equal("sent then", len(f.sent), 1)


@made_up
def a16_acts_of_one_container_do_not_overlap(b):
    f, p = liar(b)
    f.look_for = 0.5
    f.post = text(500, "no")
    p.order("start", f.containers[ID])
    outcome("the second", p.act("restart", f.containers[ID]), "again", 0)
    outcome("the first", p.result(), "refused", 500)
    equal("sent", len(f.sent), 1)
    outcome("then", p.act("start", f.containers[ID]), "refused", 500)


@made_up
def a17_an_endpoint_for_acts_that_is_away(b):
    f = b.proxy = Liar(os.path.join(b.work, "liar.sock"))
    f.add()
    f.down()
    where = os.path.join(b.work, "actor.sock")
    p = ActProbe(b, f, act="unix://" + where)
    wait("a sentence", lambda: where in p.stderr())
    for _ in "12":
        outcome("nobody", p.act("start", f.containers[ID]), "unreachable", 0)
    actor = Liar(where)
    actor.post = text(500, "no")
    outcome("somebody", p.act("start", f.containers[ID]), "refused", 500)
    actor.close()
    said = [s for s in p.stderr().split("\n") if where in s]
    equal("sentences", len(said), 2)
    check(said[0], re.search("nothing can be started: .*does not exist", said[0]))
    check(said[1], "answers now" in said[1])
    equal("sent where it reads", f.sent, [])
