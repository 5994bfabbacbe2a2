"""Events, facts and addresses, as no real engine at hand would tell them."""
import json
import time

from fake_engine import ID, fake, instant, probe
from kit import check, equal, wait

SCENARIOS = []
OTHER = "0dd0" + "1" * 60
HOUR = 3600 * 10**9


def scenario(fn):
    SCENARIOS.append(fn)
    return fn


def network(name, address):
    return {name: {"NetworkID": name * 8, "IPAddress": address}}


def reconnects(b, f, p, what):
    """By a cut, or as another process."""
    if what == "cut":
        n = f.count("/events")
        f.cut()
        wait("it connects again", lambda: f.count("/events") > n)
    else:
        p.kill()
        p.start()


@scenario
def f20_each_event_once(b):
    for how in ("cut", "kill"):
        f = fake(b)
        f.add()
        f.add("other", cid=OTHER)
        p = probe(b, f).up()
        for i in range(5):
            f.event("kill", signal="15")
            now = f.tell({"Type": "container", "Action": "kill",
                          "Actor": {"ID": OTHER, "Attributes":
                                    {"name": "other", "signal": "9"}}})
            f.event("kill", at=now)
            f.event("kill", at=now - 1000)  # two at a time, told in disorder
            if i % 2:
                wait("some are there", lambda: p.happened("web"))
            reconnects(b, f, p, how)
            f.event("pause")
        wait("all", lambda: p.happened("web") == {"kill": 15, "pause": 5} and
             p.happened("other") == {"kill": 5})
        reconnects(b, f, p, how)
        time.sleep(1)
        equal("of web", p.happened("web"), {"kill": 15, "pause": 5})
        equal("of other", p.happened("other"), {"kill": 5})
        p.stop()
        f.close()


@scenario
def f21_clocks_that_are_wrong(b):
    for how in ("cut", "kill"):
        f = fake(b)
        f.add()
        p = probe(b, f).up()
        now = time.time_ns()
        f.event("die", at=now + HOUR, exitCode="3")
        f.event("start", at=now - HOUR)
        f.event("die", at=now - HOUR + 1000, exitCode="4")
        f.event("start")
        wait("all", lambda: p.happened("web") == {"die": 2, "start": 2})
        reconnects(b, f, p, how)
        f.event("die", exitCode="5")
        f.event("kill", at=now + HOUR)
        wait("the others", lambda: p.happened("web") ==
             {"die": 3, "start": 2, "kill": 1})
        reconnects(b, f, p, how)
        time.sleep(1)
        equal("how often", p.happened("web"),
              {"die": 3, "start": 2, "kill": 1})
        events = p.facts()["web"]["events"]
        equal("the last end", events["die"]["exitCode"], 5)
        for action, e in events.items():
            ahead = instant(e["at"]) - time.time_ns()
            check(f"{action} is {ahead / 1e9} s ahead", ahead <= 0)
        p.stop()
        f.close()


@scenario
def f22_actors_of_every_kind(b):
    f = fake(b)
    f.add()
    p = probe(b, f).up()
    wait("it is known", lambda: "web" in p.facts())
    for actor in ({"ID": ID}, {"ID": ID, "Attributes": None},
                  {"ID": ID, "Attributes": {"name": ["x"]}},
                  {"ID": ID, "Attributes": {"name": "", "exitCode": {}}}):
        f.tell({"Type": "container", "Action": "pause", "Actor": actor})
    wait("they count", lambda: p.happened("web") == {"pause": 4})
    for actor in (None, {}, [], {"ID": None}, {"ID": ""}, {"ID": "../../x"},
                  {"ID": "x" * 10000}):
        f.tell({"Type": "container", "Action": "start", "Actor": actor})
    f.add("other", cid=OTHER)
    f.tell({"Type": "container", "Action": "create", "Actor": {"ID": OTHER}})
    wait("inspect tells the name of one without", lambda: p.happened("other")
         == {"create": 1})
    check("until then it has its id", f'"{OTHER}":{{"id"' in p.read())
    f.tell({"Type": "container", "Action": "rename", "Actor":
            {"ID": ID, "Attributes": {"name": "$ttl", "oldName": "/web"}}})
    f.tell({"Type": "container", "Action": "rename", "Actor":
            {"ID": ID, "Attributes": {"name": "n" * 5000}}})
    wait("a name may be long, and is cut", lambda:
         f'"web":null,"{"n" * 255}":' in p.read())
    wait("inspect knows better", lambda: p.happened("web") ==
         {"pause": 4, "rename": 2})
    wait("who is there is known", lambda: set(p.facts()) == {"web", "other"})


@scenario
def f23_events_of_nonsense(b):
    f = fake(b)
    f.add()
    p = probe(b, f).up()
    before = p.show()[1]["bad_answers_total"]
    event = {"Type": "container", "Action": "pause", "Actor": {"ID": ID}}
    for at in ("", '"x"', "-5", "0", "1e400", "null", "1.5", "[]",
               "99999999999999999999999"):
        for q in list(f.events):
            q.put(json.dumps(event)[:-1] + (f',"timeNano":{at}' if at else "")
                  + "}\n")
    for action in ("", "exec_start: sh -c true", "unheard-of", "kill:", 7,
                   "x" * 10000, None):
        f.tell(dict(event, Action=action))
    for text in ("{", "[" * 600, "[]", "7", '"\\ud800"', "\0", "{}{}"):
        for q in list(f.events):
            q.put(text + "\n")
    for code in ("", "x", "-1", "007", "9" * 50):
        f.event("die", exitCode=code, signal=code)
    f.event("unpause")
    wait("the last", lambda: p.happened("web").get("unpause") == 1)
    # One that is far in the future is of now.
    equal("what counts", p.happened("web"),
          {"pause": 1, "kill": 1, "die": 5, "unpause": 1})
    check("the code that is none", "exitCode" not in
          p.facts()["web"]["events"]["die"])
    check("the others are counted",
          p.show()[1]["bad_answers_total"] - before >= 8)


@scenario
def f24_an_engine_that_was_started_anew(b):
    f = fake(b)
    f.add()
    f.add("gone", cid=OTHER)
    p = probe(b, f).up()
    f.event("pause")
    wait("it is known", lambda: p.happened("web") == {"pause": 1})
    first = p.docker()["engine"]
    equal("the engine", (first["state"], first["version"], first["api"],
                         first["act"]), ("up", "20.10.24", "1.41", "ok"))
    p.kill()
    p.start()
    wait("it is up again", lambda: p.ups() == 2)
    equal("it was up all the time", p.docker()["engine"]["upAt"],
          first["upAt"])
    f.cut()
    f.event("unpause")
    wait("it goes on", lambda: p.happened("web").get("unpause") == 1)
    equal("a cut is no outage", p.docker()["engine"], first)
    f.close()
    wait("it is down", lambda: p.docker()["engine"]["state"] == "down")
    down = p.docker()["engine"]
    check("and says why", "nobody listens" in down["why"])
    f = fake(b)
    f.add()
    f.containers[ID]["State"].update(Status="exited", ExitCode=137)
    wait("it is up", lambda: p.docker()["engine"]["state"] == "up")
    again = p.docker()["engine"]
    check("since later", again["upAt"] > again["downAt"] > first["upAt"])
    check("nothing is said", "why" not in again)
    wait("what nobody told is known", lambda:
         p.facts()["web"]["state"] == "exited")
    equal("who is there", set(p.facts()), {"web"})
    p.kill()
    f.ring = []
    p.start()
    wait("it is up again", lambda: p.docker()["engine"]["upAt"] >
         again["upAt"])


@scenario
def f25_where_a_container_is(b):
    f = fake(b)
    me = "abcdef" * 10 + "0000"
    f.add("me", cid=me)
    f.add()
    web, own = f.containers[ID], f.containers[me]
    nets = web["NetworkSettings"]["Networks"]
    nets.update(network("front", "172.20.0.2"))
    nets.update(network("back", "172.21.0.2"))
    nets.update(network("empty", ""))
    own["NetworkSettings"]["Networks"].update(network("back", "172.21.0.9"))
    p = probe(b, f, "--self", me[:12], "--seen", "yes")
    where = "running [172.21.0.2]"
    wait("on a network of ours", lambda: p.seen("web")[-1:] ==
         ["here " + where])
    own["NetworkSettings"]["Networks"] = network("front", "172.20.0.9")
    f.tell({"Type": "network", "Action": "connect", "Actor":
            {"ID": "x", "Attributes": {"container": me, "name": "front"}}})
    wait("we moved", lambda: p.seen("web")[-1] == "here running [172.20.0.2]")
    nets.pop("front")
    f.tell({"Type": "network", "Action": "disconnect", "Actor":
            {"ID": "x", "Attributes": {"container": ID, "name": "front"}}})
    wait("it moved", lambda: p.seen("web")[-1] == "here " + where)
    web["State"]["Status"] = "exited"
    f.event("die")
    wait("nobody is there", lambda: p.seen("web")[-1] == "here exited []")
    web["State"]["Status"] = "running"
    web["HostConfig"]["NetworkMode"] = "host"
    f.event("start")
    wait("on the host", lambda: p.seen("web")[-1] == "here running "
         "[127.0.0.1]")
    web["HostConfig"]["NetworkMode"] = "x"
    web["NetworkSettings"]["Networks"] = {
        "six": {"NetworkID": "6", "IPAddress": "",
                "GlobalIPv6Address": "2001:db8::2"}, "odd": 7, "none": None}
    f.event("update")
    wait("by IPv6", lambda: p.seen("web")[-1] == "here running [2001:db8::2]")
    web["NetworkSettings"] = {"IPAddress": "172.17.0.2"}
    f.event("update")
    wait("old fields are not read", lambda: p.seen("web")[-1] ==
         "here running []")
    web["Config"]["Healthcheck"] = {"StartPeriod": 90 * 10 ** 9}
    web["State"]["Health"] = {"Status": "starting"}
    f.event("start")
    wait("with a start period", lambda: p.seen("web")[-1] ==
         "here running [] starts for 90 s")
    web["Config"]["Labels"]["bladewatch.ignore"] = "true"
    f.event("update")
    wait("ignored", lambda: p.seen("web")[-1].startswith("ignored"))
    wait("and not in the state", lambda: "web" not in p.facts())
    f.containers.pop(ID)
    f.event("destroy")
    wait("gone", lambda: p.seen("web")[-1] == "gone  []")
    time.sleep(0.5)
    equal("said once", sum("gone" in s for s in p.seen("web")), 1)
    equal("of ourselves nothing is said", p.seen("me"), [])


@scenario
def f26_facts_of_health_and_failure(b):
    f = fake(b)
    f.add()
    web = f.containers[ID]
    p = probe(b, f).up()
    wait("it is known", lambda: "web" in p.facts())
    check("no check, no health", not {"health", "failingStreak"} &
          set(p.facts()["web"]))
    equal("of --rm", p.facts()["web"]["autoRemove"], False)
    web["State"]["Health"] = {"Status": "unhealthy", "FailingStreak": 4}
    web["Config"]["Healthcheck"] = {"Retries": 4,
                                    "StartPeriod": 1500000000}
    web["HostConfig"]["AutoRemove"] = True
    web["State"]["Error"] = "OCI runtime: \"no such file\""
    f.event("health_status: unhealthy")
    wait("it is unhealthy", lambda: p.facts()["web"].get("health") ==
         "unhealthy")
    c = p.facts()["web"]
    equal("all of it", [c[k] for k in (
        "failingStreak", "healthRetries", "healthStartPeriod", "error",
        "autoRemove")], [4, 4, 1.5, "OCI runtime: \"no such file\"", True])
    equal("it was told", p.happened("web"), {"health_status": 1})
    web["State"]["Health"] = {"Status": "", "FailingStreak": 0}
    web["State"]["Error"] = ""
    f.event("update")
    wait("Podman's way to say none", lambda: "health" not in
         p.facts()["web"])
    check("nor an error", "error" not in p.facts()["web"])


@scenario
def f27_what_was_erased_comes_back(b):
    """Names change hands while nobody watches; each has what is its own."""
    f = fake(b)
    f.add("a")
    f.add("b", cid=OTHER)
    p = probe(b, f).up()
    f.event("pause")
    f.event("stop", cid=OTHER)
    wait("they are known", lambda: p.happened("a") and p.happened("b"))
    p.kill()
    f.containers[ID]["Name"], f.containers[OTHER]["Name"] = "/b", "/a"
    p.start()
    wait("they have changed places", lambda: p.happened("b") == {"pause": 1}
         and p.happened("a") == {"stop": 1})
    p.kill()
    third = "3" * 64
    f.add("a", cid=third)
    f.containers.pop(OTHER)
    p.start()
    wait("a namesake begins anew", lambda: p.facts()["a"].get("id") == third)
    equal("with nothing", p.happened("a"), {})
    equal("b", p.happened("b"), {"pause": 1})
    for text in ("mine", "yours"):  # what was heard of it is told again
        f.event("create", cid=OTHER, name="a")
        f.event("destroy", cid=OTHER, name="a")
        f.event("oom", cid=third)
        wait("oom", lambda: p.happened("a").get("oom"))
        p.kill()
        p.start()
        time.sleep(1)
    equal("a", p.happened("a"), {"oom": 2})
    equal("b", p.happened("b"), {"pause": 1})


@scenario
def f28_an_answer_that_is_older_than_the_removal(b):
    f = fake(b)
    f.add()
    p = probe(b, f).up()
    wait("it is known", lambda: "web" in p.facts())
    f.inspect_for = 0.5
    f.event("pause")
    time.sleep(0.2)
    gone = f.containers.pop(ID)
    f.event("destroy", name="web")
    wait("it is gone", lambda: "web" not in p.facts())
    time.sleep(1)
    equal("and stays so", p.facts(), {})
    gone["Id"] = OTHER
    f.containers[OTHER] = gone
    f.event("create", cid=OTHER)
    wait("a namesake begins anew", lambda: p.happened("web") ==
         {"create": 1})


@scenario
def f29_what_no_event_told(b):
    f = fake(b)
    f.add()
    p = probe(b, f).up()
    wait("it is known", lambda: "web" in p.facts())
    f.containers[ID]["State"].update(Status="exited", ExitCode=9)
    f.add("new", cid=OTHER)
    wait("the next list shows it", lambda: p.facts()["web"]["exitCode"] == 9,
         35)
    equal("who is there", set(p.facts()), {"web", "new"})
    equal("nothing has happened", p.happened("web"), {})
    equal("nobody is alarmed", f.count("/events"), 1)
