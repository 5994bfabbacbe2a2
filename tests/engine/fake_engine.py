"""A Docker engine that is made up: what no real one at hand can produce.

A Fake answers on a unix socket.  `version` is the body of /version (or bytes
sent as they are), `containers` what inspect says, `entries` the log of each
container: (stamp text, stream, text), kept as a real engine keeps its file.
"""
import json
import os
import queue
import socket
import struct
import threading
import time
import urllib.parse

from kit import Failed, Probe, check, equal, wait  # noqa: F401

SCENARIOS = []
ID = "c0ffee" + "0" * 58


def scenario(fn):
    SCENARIOS.append(fn)
    return fn


def stamp(seconds, nanos=0, digits=9):
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return text + (f".{nanos:09d}Z" if digits else "Z")


def instant(text):
    whole, _, fraction = text.rstrip("Z").partition(".")
    at = time.strptime(whole, "%Y-%m-%dT%H:%M:%S")
    import calendar
    return calendar.timegm(at) * 10**9 + int((fraction or "0").ljust(9, "0"))


def nanos(since):
    whole, _, fraction = since.partition(".")
    return int(whole) * 10**9 + int((fraction or "0").ljust(9, "0"))


def frame(stream, payload):
    return bytes([stream, 0, 0, 0]) + struct.pack(">I", len(payload)) + payload


class Fake:
    def __init__(self, path, most="1.41", least="1.12"):
        self.path = path
        self.version = {"Version": "20.10.24", "ApiVersion": most,
                        "MinAPIVersion": least}
        self.raw = {}         # path prefix: bytes of the whole answer
        self.containers = {}
        self.entries = {}
        self.tty = False
        self.log_headers = ""
        self.end_logs = False  # end a follow cleanly instead of going on
        self.shown = None      # entries that a follow shows; None: all
        self.drop_logs = False  # refuse them, as of what is being removed
        self.list_for = 0      # seconds the list takes
        self.inspect_for = 0   # ... and an inspect, after it was made
        self.hang = False
        self.requests = []
        self.connections = set()
        self.events = []       # queues of those who listen
        self.ring = []         # what it remembers: (timeNano, text)
        if os.path.exists(path):
            os.unlink(path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def address(self):
        return "unix://" + self.path

    def add(self, name="web", labels=None, started=None, tty=False, cid=ID):
        self.containers[cid] = {
            "Id": cid, "Name": "/" + name, "RestartCount": 0,
            "State": {"Status": "running", "Pid": 7, "ExitCode": 0,
                      "OOMKilled": False,
                      "StartedAt": started or stamp(time.time() - 60),
                      "FinishedAt": "0001-01-01T00:00:00Z"},
            "Config": {"Image": "fake", "Tty": tty,
                       "Labels": labels or {"bladewatch": "text"}},
            "HostConfig": {"RestartPolicy": {"Name": "no"},
                           "LogConfig": {"Type": "json-file", "Config": {}}},
            "NetworkSettings": {"Networks": {}}}
        self.entries.setdefault(cid, [])

    def log(self, at, text, stream=1, cid=ID):
        self.entries[cid].append((at, stream, text))

    def event(self, action, cid=ID, at=None, **attributes):
        c = self.containers.get(cid)
        if c:
            attributes.setdefault("name", c["Name"][1:])
        self.tell({"Type": "container", "Action": action,
                   "Actor": {"ID": cid, "Attributes": attributes}}, at)

    def tell(self, event, at=None):
        """To all who listen, and remembered as a real engine does."""
        at = at or time.time_ns()
        text = json.dumps(dict(event, time=at // 10**9, timeNano=at)) + "\n"
        self.ring = [*self.ring, (at, text)][-256:]
        for q in list(self.events):
            q.put(text)
        return at

    def leave(self, probe, dies=True):
        """The one container is removed, and known to be."""
        self.containers[ID]["State"]["Status"] = "removing"
        if dies:
            self.event("die", exitCode="0")
        self.event("destroy")
        self.containers.clear()
        wait("its removal", lambda: not probe.facts())

    def remembered(self, since):
        """Backwards up to the first that is older."""
        texts = []
        for at, text in reversed(self.ring):
            if at < since:
                break
            texts.insert(0, text)
        return texts

    def accept(self):
        while True:
            try:
                c, _ = self.listener.accept()
            except OSError:
                return
            self.connections.add(c)
            threading.Thread(target=self.serve, args=(c,),
                             daemon=True).start()

    def close(self):
        self.listener.close()
        self.cut()

    def cut(self):
        for c in list(self.connections):
            try:
                c.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.connections.clear()

    def count(self, part):
        return sum(part in r for r in self.requests)

    def serve(self, c):
        data = b""
        try:
            while True:
                while b"\r\n\r\n" not in data:
                    more = c.recv(65536)
                    if not more:
                        return
                    data += more
                head, data = data.split(b"\r\n\r\n", 1)
                method, target = head.decode().split(" ")[:2]
                self.requests.append(target)
                if not self.answer(c, target, method):
                    return
        except OSError:
            pass
        finally:
            self.connections.discard(c)
            c.close()

    def answer(self, c, target, method="GET"):
        if self.hang:
            time.sleep(3600)
        path, _, query = target.partition("?")
        parts = path.split("/")
        if parts[1].startswith("v1."):
            path = "/" + "/".join(parts[2:])
        for prefix, raw in self.raw.items():
            if path.startswith(prefix):
                c.sendall(raw)
                return False
        params = {k: v[0] for k, v in urllib.parse.parse_qs(query).items()}
        if path == "/version":
            return self.reply(c, self.version)
        if path == "/containers/json":
            body = [{"Id": i, "Names": [x["Name"]],
                     "State": x["State"]["Status"]}
                    for i, x in self.containers.items()]
            time.sleep(self.list_for)
            return self.reply(c, body)
        if path == "/events":
            return self.send_events(c, params)
        cid = path.split("/")[2]
        cid = next((i for i in self.containers if i.startswith(cid)), cid)
        if cid not in self.containers:
            return self.reply(c, {"message": "No such container"}, 404)
        if path.endswith("/json"):
            body = json.dumps(self.containers[cid]).encode()
            time.sleep(self.inspect_for)
            return self.reply(c, body)
        if path.endswith("/stats"):
            return self.reply(c, *self.stats(cid))
        if self.drop_logs:
            return self.reply(c, {"message": "dead or marked for removal"}, 409)
        return self.send_logs(c, cid, params)

    def stats(self, cid):
        """An answer's body and code; here that of one that does not run."""
        return {"read": "0001-01-01T00:00:00Z"}, 200

    def reply(self, c, body, code=200):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        c.sendall(b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\n"
                  b"Content-Length: %d\r\n\r\n" % (code, len(text)) + text)
        return True

    def begin(self, c, extra=""):
        c.sendall(b"HTTP/1.1 200 OK\r\n" + extra.encode() +
                  b"Transfer-Encoding: chunked\r\n\r\n")

    def chunk(self, c, data):
        c.sendall(b"%x\r\n" % len(data) + data + b"\r\n")

    def send_events(self, c, params):
        q = queue.Queue()
        if "since" in params:
            for text in self.remembered(nanos(params["since"])):
                q.put(text)
        self.events.append(q)
        self.begin(c)
        try:
            while True:
                try:
                    self.chunk(c, q.get(timeout=1).encode())
                except queue.Empty:
                    self.chunk(c, b"\n")
        finally:
            self.events.remove(q)

    def encode(self, at, stream, text):
        if isinstance(text, bytes):
            return text
        payload = f"{at} {text}\n".encode()
        return payload if self.tty else frame(stream, payload)

    def send_logs(self, c, cid, params):
        since = nanos(params.get("since", "0"))
        log = self.entries[cid]
        at = 0
        if params.get("tail", "all") != "all":
            at = max(0, len(log) - int(params["tail"]))
        self.begin(c, self.log_headers)
        follows = params.get("follow") == "1"
        while True:
            while at < (self.shown if follows and self.shown else len(log)):
                entry, at = log[at], at + 1
                if instant(entry[0]) >= since:
                    self.chunk(c, self.encode(*entry))
            if not follows or self.end_logs:
                c.sendall(b"0\r\n\r\n")
                return True
            time.sleep(0.02)


def fake(b, **versions):
    f = Fake(os.path.join(b.work, "fake.sock"), **versions)
    b.proxy = f  # closed with the scenario
    return f


def probe(b, f, *options):
    b.probe = Probe(b.program, b.work, f.address, *options)
    return b.probe


@scenario
def f01_versions(b):
    for most, least, said in (("1.30", "1.12", "too old"),
                              ("1.70", "1.60", "too new")):
        f = fake(b, most=most, least=least)
        p = probe(b, f)
        wait(f"a sentence about {most}", lambda: said in p.stderr())
        time.sleep(1.5)
        equal("said once", p.stderr().count(said), 1)
        check(f"{len(f.requests)} requests", len(f.requests) <= 6)
        p.stop()
        f.close()
    for most, used in (("1.44", "/v1.44/"), ("1.55", "/v1.51/")):
        f = fake(b, most=most, least="1.40")
        p = probe(b, f).up()
        check(f"{used} is used", f.count(used + "events") == 1)
        p.stop()
        f.close()


@scenario
def f02_answers_that_are_none(b):
    plain = (b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
             b"Content-Length: 27\r\n\r\nclient version 1.11 is too old"[:-3])
    html = (b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\n"
            b"Content-Length: 13\r\n\r\n<html></html>")
    for raw, said in ((plain, "answers 400: client version 1.11"),
                      (html, "403: a proxy"),
                      (b"SSH-2.0-nonsense\r\n", "no answer from"),
                      (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                       "is not JSON"),
                      (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                       "no ApiVersion")):
        f = fake(b)
        f.raw["/version"] = raw
        p = probe(b, f)
        wait(f"a sentence: {said}", lambda: said in p.stderr())
        f.raw.clear()
        p.up()
        p.stop()
        f.close()


@scenario
def f03_a_list_and_events_of_nonsense(b):
    f = fake(b)
    f.raw["/containers/json"] = (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"
                                 b"\r\nnull")
    p = probe(b, f)
    wait("a sentence", lambda: "no JSON array" in p.stderr())
    f.raw.clear()
    f.add()
    f.log(stamp(time.time()), "here")
    p.up()
    wait("the line", lambda: p.texts("web") == ["here"])
    for q in list(f.events):
        q.put('{"Type":"container"\n[]\n{"Type":7,"Actor":[]}\n\0\xff\n')
        q.put('{"Type":"container","Action":"start","Actor":{"ID":'
              '"../../x","Attributes":null},"timeNano":1e400}\n')
    f.event("start")
    f.log(stamp(time.time()), "still here")
    wait("the next line", lambda: p.texts("web")[-1] == "still here")
    check("it was counted", p.show()[1]["bad_answers_total"] > 0)


@scenario
def f04_frames_of_nonsense(b):
    f = fake(b)
    f.add()
    f.log(stamp(time.time()), b"this is no frame at all")
    p = probe(b, f).up()
    time.sleep(4)
    n = f.count("/logs")
    check(f"{n} requests in 4 s", 2 <= n <= 8)
    said = p.show()[0]["web"]["last_error"]
    check(f"last_error: {said}", "not framed" in (said or ""))
    f.entries[ID].clear()
    f.log(stamp(time.time()), "good")
    wait("it recovers", lambda: p.texts("web") == ["good"], 30)


@scenario
def f05_the_header_says_what_is_framed(b):
    f = fake(b, most="1.44")
    f.add(tty=True)
    f.log_headers = ("Content-Type: application/vnd.docker.multiplexed-stream"
                     "\r\n")
    f.log(stamp(time.time()), "framed")
    p = probe(b, f).up()
    wait("the line", lambda: p.texts("web") == ["framed"])


@scenario
def f06_the_clock_goes_back_an_hour(b):
    f = fake(b)
    f.add()
    now = int(time.time())
    want = []
    p = probe(b, f).up()
    for i in range(20):
        f.log(stamp(now + i), f"before {i}")
        want.append(f"before {i}")
    wait("the first lines", lambda: len(p.texts("web")) == 20)
    for i in range(20):
        f.log(stamp(now - 3600 + i), f"after {i}")
        want.append(f"after {i}")
    wait("all lines", lambda: len(p.texts("web")) >= 40)
    equal("lines", p.texts("web"), want)
    check("it is counted", p.show()[1]["clock_steps_total"] == 1)
    f.cut()
    wait("it goes on", lambda: p.show()[0]["web"]["following"] == "live")
    f.log(stamp(now - 3600 + 30), "last")
    wait("the last", lambda: p.texts("web")[-1] == "last")
    equal("lines", p.texts("web"), want + ["last"])


@scenario
def f07_stamps_of_whole_seconds(b):
    f = fake(b)
    f.add()
    p = probe(b, f).up()
    want = []
    for i in range(60):
        f.log(stamp(int(time.time()), digits=0), f"line {i // 3}")
        want.append(f"line {i // 3}")
        time.sleep(0.03)
        if i % 10 == 9:
            f.cut()
            time.sleep(0.4)
    wait("all lines", lambda: len(p.texts("web")) >= 60)
    time.sleep(0.5)
    equal("lines", p.texts("web"), want)


@scenario
def f08_a_start_during_the_list(b):
    f = fake(b)
    f.list_for = 1
    p = probe(b, f)
    wait("events are open", lambda: f.events)
    time.sleep(0.3)
    f.list_for = 0
    f.add("late")
    f.log(stamp(time.time()), "not lost")
    f.event("start")
    wait("the line", lambda: p.texts("late") == ["not lost"], 10)


@scenario
def f09_streams_that_end_at_once(b):
    f = fake(b)
    f.add()
    f.log(stamp(time.time()), "once")
    f.end_logs = True
    p = probe(b, f).up()
    time.sleep(6)
    n = f.count("/logs")
    check(f"{n} log requests in 6 s", n <= 16)
    equal("lines", p.texts("web"), ["once"])


@scenario
def f10_an_anchor_that_was_rotated_away(b):
    f = fake(b)
    f.add()
    now = int(time.time())
    for i in range(5):
        f.log(stamp(now - 50 + i), f"old {i}")
    p = probe(b, f).up()
    wait("five lines", lambda: len(p.texts("web")) == 5)
    f.entries[ID] = []
    f.log(stamp(now - 5), "new 0")
    f.log(stamp(now - 4), "new 1")
    f.cut()
    wait("two more", lambda: len(p.texts("web")) == 7)
    gaps = p.gaps("web")
    equal("one gap", [(g.from_at, g.to_at, g.why) for g in gaps],
          [(str((now - 46) * 10**9), str((now - 5) * 10**9),
            "rotated away")])


@scenario
def f11_a_log_far_longer_than_the_tail(b):
    f = fake(b)
    f.add()
    now = int(time.time())
    f.log(stamp(now, 0), "first")
    p = probe(b, f).up()
    wait("a line", lambda: p.texts("web") == ["first"])
    before = len(f.requests)
    log = f.entries[ID]
    f.entries[ID] = list(log)
    for i in range(30000):
        f.log(stamp(now, 1000 + i), f"n {i}")
    f.cut()
    wait("all lines", lambda: len(p.texts("web")) >= 30001, 40)
    equal("in order", p.texts("web"),
          ["first"] + [f"n {i}" for i in range(30000)])
    equal("no gap", p.gaps(), [])
    tails = [r.split("tail=")[1].split("&")[0]
             for r in f.requests[before:] if "/logs" in r]
    check(f"tails {tails}", len(tails) <= 4)


@scenario
def f12_an_engine_that_says_nothing(b):
    f = fake(b)
    f.hang = True
    p = probe(b, f)
    wait("a sentence", lambda: "no answer from" in p.stderr(), 15)
    f.hang = False
    p.up()


@scenario
def f13_removed_at_its_end(b):
    """Only a follower of 23.0 or later is known to have read to the end."""
    for version, remove, losses, asks in (
            ("20.10.24", True, ["removed before its log could be read to the "
                                "end"], 2),
            ("20.10.24", False, ["removed before its log could be read to the "
                                 "end"], 2),
            ("23.0.1", True, [], 1), ("23.0.1", False, [], 2)):
        f = fake(b)
        f.version["Version"] = version
        f.add()
        f.containers[ID]["HostConfig"]["AutoRemove"] = remove
        f.log(stamp(time.time()), "said")
        p = probe(b, f).up()
        wait("the line", lambda: p.texts("web") == ["said"])
        f.log(stamp(time.time()), "last")
        f.end_logs = f.drop_logs = True
        wait("its end", lambda: p.texts("web") == ["said", "last"])
        f.leave(p)
        equal(f"{version} {remove}: losses", [g.why for g in p.gaps("web")],
              losses)
        equal(f"{version} {remove}: log requests", f.count("/logs"), asks)
        p.stop()
        f.close()


@scenario
def f14_removed_in_vain(b):
    """It is dead for good: its loss is told when it dies, and not again."""
    f = fake(b)
    f.add()
    f.log(stamp(time.time()), "said")
    p = probe(b, f).up()
    wait("the line", lambda: p.texts("web") == ["said"])
    f.containers[ID]["State"]["Status"] = "dead"
    f.entries[ID].clear()
    f.end_logs = True
    f.event("die", exitCode="0")
    wait("its loss", lambda: len(p.gaps("web")) == 1)
    f.drop_logs = True
    n = f.count("/logs")
    p.kill()
    p.start()
    wait("its log is asked for again", lambda: f.count("/logs") > n)
    time.sleep(1)
    equal("losses", len(p.gaps("web")), 1)


@scenario
def f15_a_last_line_that_no_follower_sees(b):
    """The log of what is removed at its end is read as soon as it dies."""
    f = fake(b)
    f.shown = 1
    p = probe(b, f).up()
    f.add(started=stamp(time.time()))
    f.containers[ID]["HostConfig"]["AutoRemove"] = True
    f.log(stamp(time.time()), "said")
    f.event("create")
    f.event("start")
    wait("the line", lambda: p.texts("web") == ["said"])
    f.log(stamp(time.time()), "last")
    n = f.count("/logs")
    f.event("die", exitCode="0")
    wait("it is read once more", lambda: f.count("/logs") > n)
    f.drop_logs = f.end_logs = True
    wait("the last", lambda: p.texts("web") == ["said", "last"])
    f.leave(p, dies=False)
    equal("losses", p.gaps("web"), [])


@scenario
def f16_a_second_reading_without_the_first(b):
    """The engine made the log anew for us while it removed it."""
    f = fake(b)
    f.add()
    f.log(stamp(time.time()), "said")
    p = probe(b, f).up()
    wait("the line", lambda: p.texts("web") == ["said"])
    f.entries[ID].clear()
    f.end_logs = True
    wait("it is read again", lambda: f.count("/logs") == 2)
    f.leave(p)
    equal("losses", len(p.gaps("web")), 1)


@scenario
def f17_gone_and_there_again(b):
    """An engine that denies a container once does not make it go."""
    f = fake(b)
    f.add()
    f.log(stamp(time.time()), "said")
    p = probe(b, f).up()
    wait("the line", lambda: p.texts("web") == ["said"])
    f.raw["/containers/" + ID + "/json"] = (
        b"HTTP/1.1 404 X\r\nContent-Length: 2\r\n\r\n{}")
    n = f.count("/json")
    f.event("update")
    wait("it is looked at", lambda: f.count("/json") > n)
    f.raw.clear()
    f.event("update")
    time.sleep(3)
    f.log(stamp(time.time()), "more")
    wait("it goes on", lambda: p.texts("web") == ["said", "more"])
    equal("it", p.facts()["web"]["state"], "running")
    equal("removals", p.happened("web").get("destroy"), None)


@scenario
def f18_removed_while_nothing_can_be_written(b):
    """What the journal gave back of it cannot be read again."""
    f = fake(b)
    f.add()
    f.log(stamp(time.time()), "said")
    broken = os.path.join(b.work, "broken")
    p = probe(b, f, "--broken", broken).up()
    wait("the line", lambda: p.texts("web") == ["said"])
    open(broken, "w").close()
    f.log(stamp(time.time()), "lost")
    time.sleep(1)
    f.end_logs = f.drop_logs = True
    f.containers[ID]["State"]["Status"] = "removing"
    f.event("die", exitCode="0")
    f.event("destroy")
    f.containers.clear()
    time.sleep(3)
    equal("lines", p.texts("web"), ["said"])
    os.unlink(broken)
    wait("its loss", lambda: [g.why for g in p.gaps("web")] == [
        "removed before its log could be read to the end"])
    wait("its removal", lambda: not p.facts())
    wait("nothing is kept of it", lambda: p.show()[1]["containers"] == 0)
    equal("losses", len(p.gaps("web")), 1)
