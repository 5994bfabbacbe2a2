"""Containers that were removed and are made anew, or not, and why."""
import json
import os
import re
import shutil
import time

from acts import ActProbe, Liar, make, outcome, text
from fake_engine import ID
from kit import Proxy, check, equal, wait

SCENARIOS = []


def scenario(fn):
    SCENARIOS.append(fn)
    return fn


def keeping(b, engine, proxied=False):
    b.specs = os.path.join(b.work, "specs")
    shutil.rmtree(b.specs, ignore_errors=True)
    read = None
    if proxied:
        b.proxy = Proxy(os.path.join(b.work, "act-proxy.sock"), engine.socket)
        read = b.proxy.address
    return ActProbe(b, engine, read=read, options=("--specs", b.specs))


def files(b):
    return sorted(os.listdir(b.specs)) if os.path.isdir(b.specs) else []


def kept(b, cid, suffix=".json"):
    return wait(f"{cid[:12]}{suffix}", lambda: f"{cid}{suffix}" in files(b) and
                os.path.join(b.specs, cid + suffix))


def running(b, engine, name, *options, label=True, **more):
    """One that runs and of which all is known."""
    if label:
        options = ("--label", "bladewatch.recreate=true", *options)
    make(engine, name, *options, **more)
    engine.docker("start", name)
    seen = engine.inspect(name)
    if label:
        kept(b, seen["Id"])
    return seen


def remove(b, engine, seen, *options):
    engine.docker("rm", "-f", *options, seen["Id"])
    if f"{seen['Id']}.json" in files(b):
        kept(b, seen["Id"], ".gone")


def flat(value, path=""):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from flat(item, f"{path}/{key}")
        if not value:
            yield path, None
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from flat(item, f"{path}/{i}")
        if not value:
            yield path, None
    else:
        yield path, value


def differences(one, two):
    for c in (one, two):
        c["Mounts"] = {m["Destination"]: m for m in c["Mounts"]}
        for n in c["NetworkSettings"]["Networks"].values():
            n["Aliases"] = sorted(a for a in n["Aliases"] or []
                                  if a != c["Id"][:12])
    a, b = dict(flat(one)), dict(flat(two))
    return sorted(p for p in a.keys() | b.keys() if a.get(p) != b.get(p))


ALLOWED = (
    "/Id", "/Created", "/(Hostname|Hosts|ResolvConf|Log)Path",
    "/State/(StartedAt|FinishedAt|Pid|Health.*)", "/GraphDriver/Data/.*",
    "/Config/Hostname",
    "/Config/Labels/bladewatch.(generation|recreated)",
    "/HostConfig/(Binds|Mounts)/.*",
    "/Mounts//(bind|anon)/Mode",
    "/NetworkSettings/(SandboxID|SandboxKey)",
    "/NetworkSettings/Networks/[^/]*/EndpointID",
    # asked for as any free one
    "/NetworkSettings/Ports/(7000|9000).tcp/0/HostPort",
)


def big(b, e, name="full", source=None):
    """The docker run of the notes' 1.11."""
    e.docker("network", "create", "--subnet", "10.78.0.0/16", "nA")
    e.docker("network", "create", "nB")
    source = source or os.path.join(b.work, "data")
    os.makedirs(source, exist_ok=True)
    make(e, name, "--label", "bladewatch.recreate=true", "--label",
         "role=node", "--ip", "10.78.1.5", "--network-alias", "cluster",
         "--network-alias", "c2", "-e", "Q=it's \"quoted\" $x", "-e",
         "EMPTY=", "-e", "TOKEN=hush", "-v", "named:/named", "-v",
         f"{source}:/bind:ro", "-v", "/anon", "--mount",
         "type=volume,dst=/anon2", "--tmpfs", "/t:size=1m", "-p", "18080:80",
         "-p", "9000", "-P", "--expose", "7000", "--restart", "on-failure:3",
         "--health-cmd", "test -f /ok", "--health-interval", "5s", "--ulimit",
         "nofile=100:200", "--cap-add", "NET_ADMIN", "--cap-drop", "MKNOD",
         "--user", "0:0", "--init", "--sysctl",
         "net.ipv4.ip_unprivileged_port_start=0", "--log-opt", "max-size=1m",
         "--log-opt", "max-file=2", "-m", "64m", "--cpus", "0.5",
         "--add-host", "db:10.0.0.1", "--dns", "10.0.0.2", "--workdir", "/",
         "--stop-signal", "TERM", "--stop-timeout", "3", network="nA")
    e.docker("network", "connect", "--alias", "second", "nB", name)
    e.docker("start", name)
    seen = e.inspect(name)
    e.docker("exec", name, "sh", "-c", "echo kept >/anon/f; echo k2 >/anon2/f")
    return seen


@scenario
def r01_as_it_was(b):
    e = b.with_networks()
    p = keeping(b, e)
    seen = big(b, e)
    path = kept(b, seen["Id"])
    equal("modes", [oct(os.stat(x).st_mode & 0o777)
                    for x in (b.specs, path)], ["0o700", "0o600"])
    for generation in ("1", "2"):
        remove(b, e, seen)
        acted = p.act("recreate", seen)
        outcome(f"recreation {generation}", acted, "started", 204, "^$")
        now = e.inspect("full")
        equal("its id", acted.container, now["Id"])
        equal("generation", now["Config"]["Labels"]["bladewatch.generation"],
              generation)
        equal("of which", now["Config"]["Labels"]["bladewatch.recreated"],
              seen["Id"])
        check("the bind is a mount", {
            "Type": "bind", "Source": os.path.join(b.work, "data"),
            "Target": "/bind", "ReadOnly": True} in
            now["HostConfig"]["Mounts"])
        equal("volumes", e.docker("exec", "full", "cat", "/anon/f",
                                  "/anon2/f"), "kept\nk2")
        odd = [d for d in differences(json.loads(json.dumps(seen)),
                                      json.loads(json.dumps(now)))
               if not any(re.fullmatch(a, d) for a in ALLOWED)]
        equal("differences", odd, [])
        kept(b, now["Id"])
        equal("files", files(b), [now["Id"] + ".json"])
        seen = now
    check("no secret is told", "hush" not in p.stderr())


@scenario
def r02_not_as_it_was(b):
    e = b.with_networks()
    p = keeping(b, e)
    seen = running(b, e, "plain", label=False)
    remove(b, e, seen)
    outcome("without the label", p.act("recreate", seen), "unfaithful", 0,
            "nothing is kept")
    seen = running(b, e, "there")
    outcome("it is there", p.act("recreate", seen), "changed", 200)

    source = os.path.join(b.work, "source")
    os.mkdir(source)
    seen = running(b, e, "bound", "-v", f"{source}:/data")
    remove(b, e, seen)
    os.rename(source, source + ".moved")
    outcome("its bind's source", p.act("recreate", seen), "unfaithful", 400,
            "bind source path does not exist: .*/source$")
    check("no empty directory in its place", not os.path.exists(source))
    check("nothing is left", e.api("GET", "/containers/bound/json")[0] == 404)

    seen = running(b, e, "named")
    remove(b, e, seen)
    other = make(e, "named")
    outcome("its name", p.act("recreate", seen), "unfaithful", 200,
            f"name is taken by {other['Id'][:12]}$")

    seen = running(b, e, "sel", "-v", f"{source}.moved:/data:z")
    remove(b, e, seen)
    outcome("an option of a bind", p.act("recreate", seen), "unfaithful", 0,
            "has the option z")

    e.docker("volume", "create", "vol")
    seen = running(b, e, "vold", "-v", "vol:/data", "-v", "/anon")
    remove(b, e, seen, "-v")
    outcome("its volume", p.act("recreate", seen), "unfaithful", 404,
            "its volume is gone, and the data with it: [0-9a-f]{64}$")

    e.docker("network", "create", "nC")
    seen = running(b, e, "netd", network="nC")
    remove(b, e, seen)
    e.docker("network", "rm", "nC")
    outcome("its network", p.act("recreate", seen), "unfaithful", 404,
            "its network is gone: nC$")
    e.api("POST", "/networks/create", {"Name": "nC"})
    e.api("POST", "/networks/create", {"Name": "nC"})
    outcome("two networks", p.act("recreate", seen), "unfaithful", 400,
            "ambiguous")

    for label in ("com.docker.swarm.task.id=x", "role=monitor"):
        seen = running(b, e, "other", "--label", label)
        remove(b, e, seen)
        outcome(label, p.act("recreate", seen), "unfaithful", 0, "it is a")


@scenario
def r03_images(b):
    e = b.with_networks()
    p = keeping(b, e)
    e.docker("tag", "bb:1", "bb:2")
    seen = running(b, e, "img")
    image = seen["Image"]

    def anew(tag):
        e.docker("create", "--name", "xx", "--network", "none", "bb:1", "true")
        e.docker("commit", "xx", tag)
        e.docker("rm", "xx")

    remove(b, e, seen)
    anew("bb:1")
    outcome("the tag has moved", p.act("recreate", seen), "started", 204)
    now = e.inspect("img")
    equal("image", now["Image"], image)
    e.docker("tag", image, "bb:1")
    seen = now
    kept(b, seen["Id"])
    remove(b, e, seen)
    outcome("it is back", p.act("recreate", seen), "started", 204)
    anew("bb:3")
    e.docker("create", "--name", "gone", "--network", "none", "--label",
             "bladewatch.recreate=true", "bb:3", "sleep", "1000")
    e.docker("start", "gone")
    seen = e.inspect("gone")
    kept(b, seen["Id"])
    remove(b, e, seen)
    e.docker("rmi", "bb:3")
    outcome("it is gone", p.act("recreate", seen), "unfaithful", 404,
            "its image is gone: sha256:")


@scenario
def r04_a_project_that_was_taken_down(b):
    e = b.with_networks()
    p = keeping(b, e)
    project = ("--label", "com.docker.compose.project=shop")
    all_three = [running(b, e, f"shop{i}", *project) for i in (1, 2)]
    all_three.append(running(b, e, "shop3", *project, label=False))
    for seen in (all_three[0], all_three[2]):
        remove(b, e, seen)
    time.sleep(0.5)
    outcome("two of them", p.act("recreate", all_three[0]), "unfaithful", 0,
            "compose project was taken down")
    one = running(b, e, "alone", "--label", "com.docker.compose.project=solo")
    remove(b, e, one)
    outcome("one alone", p.act("recreate", one), "started", 204)
    # Taken down while nobody watched.
    p.stop()
    two = [e.inspect("shop2"), e.inspect("alone")]
    remove_all = [running_again(e, f"late{i}", *project) for i in (1, 2)]
    p = ActProbe(b, e, options=("--specs", b.specs))
    for seen in remove_all:
        kept(b, seen["Id"])
    p.stop()
    for seen in (*remove_all, two[1]):
        e.docker("rm", "-f", seen["Id"])
    p = ActProbe(b, e, options=("--specs", b.specs))
    outcome("while nobody watched", p.act("recreate", remove_all[0]),
            "unfaithful", 0, "compose project was taken down")
    outcome("one of a project", p.act("recreate", two[1]), "started", 204)


def running_again(e, name, *options):
    make(e, name, "--label", "bladewatch.recreate=true", *options)
    e.docker("start", name)
    return e.inspect(name)


@scenario
def r05_half_made(b):
    e = b.with_networks()
    p = keeping(b, e, proxied=True)
    e.docker("network", "create", "nD")
    e.docker("network", "create", "nE")

    def fresh(name):
        make(e, name, "--label", "bladewatch.recreate=true", network="nD")
        e.docker("network", "connect", "--alias", "second", "nE", name)
        e.docker("start", name)
        seen = e.inspect(name)
        kept(b, seen["Id"])
        remove(b, e, seen)
        return seen

    def complete(name, old):
        now = e.inspect(name)
        equal("networks", set(now["NetworkSettings"]["Networks"]),
              {"nD", "nE"})
        equal("aliases", now["NetworkSettings"]["Networks"]["nE"]["Aliases"],
              ["second", now["Id"][:12]])
        equal("it", now["State"]["Status"], "running")
        equal("old files", [f for f in files(b) if f.startswith(old["Id"])],
              [])

    seen = fresh("half")
    b.proxy.deny = "/networks/nE/connect"
    acted = p.act("recreate", seen)
    outcome("a network is denied", acted, "denied", 403, "left as created")
    left = e.inspect("half")
    equal("what is left", (left["Id"], left["State"]["Status"]),
          (acted.container, "created"))
    wait("what is kept is gone", lambda: seen["Id"] + ".json" not in files(b))
    equal("it is not kept", files(b), [seen["Id"] + ".gone"])
    outcome("its start", p.act("start", left), "denied", 403,
            "left as created")
    equal("it", e.inspect("half")["State"]["Status"], "created")
    b.proxy.deny = None
    outcome("its start", p.act("start", left), "started", 204)
    complete("half", seen)

    seen = fresh("half2")
    b.proxy.deny = "/start"
    outcome("its start is denied", p.act("recreate", seen), "denied", 403)
    b.proxy.deny = None
    b.proxy.drop_all()
    wait("it connects anew", lambda: b.proxy.count("/events") == 2)
    time.sleep(0.5)
    creations = b.proxy.count("/create")
    outcome("once more", p.act("recreate", seen), "started", 204)
    equal("creations", b.proxy.count("/create"), creations)
    complete("half2", seen)
    outcome("and once more", p.act("recreate", seen), "started", 200,
            "anew already")

    seen = fresh("half3")
    e.docker("network", "create", "nF")
    make(e, "holder", "-p", "18081:80", network="nF")
    e.docker("start", "holder")
    taken = running(b, e, "taken", network="nF")
    e.docker("rm", "-f", "taken")
    kept(b, taken["Id"], ".gone")
    p.stop()  # nobody writes it any more
    spec = json.load(open(kept(b, taken["Id"], ".gone")))
    spec["HostConfig"]["PortBindings"] = {
        "80/tcp": [{"HostIp": "", "HostPort": "18081"}]}
    spec["Config"]["ExposedPorts"] = {"80/tcp": {}}
    with open(kept(b, taken["Id"], ".gone"), "w") as f:
        json.dump(spec, f)
    p = ActProbe(b, e, options=("--specs", b.specs))
    acted = p.act("recreate", taken)
    outcome("its port is taken", acted, "port", 500, "taken by holder$")
    equal("what is left", e.inspect("taken")["State"]["Status"], "created")
    e.docker("rm", "-f", "holder")
    outcome("its start", p.act("start", "taken"), "started", 204)

    p.stop()
    for f in files(b):
        os.unlink(os.path.join(b.specs, f))
    e.docker("rm", "-f", "half2")
    orphan = make(e, "half2", "--label", f"bladewatch.recreated={seen['Id']}")
    p = ActProbe(b, e, options=("--specs", b.specs))
    outcome("nobody knows what it lacks", p.act("start", orphan),
            "unfaithful", 0, "not known")


@scenario
def r06_other_networks(b):
    e = b.with_networks()
    p = keeping(b, e)
    e.docker("network", "create", "nG")
    dep = make(e, "dep", network="nG")
    e.docker("start", "dep")
    for name, network in (("hosted", "host"), ("none", "none"),
                          ("joined", "container:dep")):
        seen = running(b, e, name, network=network)
        remove(b, e, seen)
        outcome(network, p.act("recreate", seen), "started", 204)
        now = e.inspect(name)
        equal("mode", now["HostConfig"]["NetworkMode"],
              network.replace("dep", dep["Id"]))
    seen = e.inspect("joined")
    kept(b, seen["Id"])
    remove(b, e, seen)
    e.docker("rm", "-f", "dep")
    outcome("what it joins", p.act("recreate", seen), "unfaithful", 404,
            "the container it joins is gone: " + dep["Id"])
    # Made with an id, and the network made anew since.
    net = e.docker("network", "create", "nH")
    seen = running(b, e, "byid", network=net)
    remove(b, e, seen)
    e.docker("network", "rm", "nH")
    e.docker("network", "create", "nH")
    outcome("a network by its id", p.act("recreate", seen), "started", 204)
    equal("networks", set(e.inspect("byid")["NetworkSettings"]["Networks"]),
          {"nH"})
    seen = running(b, e, "parted", network="nG")
    e.docker("network", "disconnect", "nG", "parted")
    e.docker("restart", "-t0", "parted")
    parted = e.inspect("parted")
    wait("it is known", lambda: "nG" not in
         open(kept(b, parted["Id"])).read().split('"Networks"')[1])
    remove(b, e, seen)
    outcome("disconnected", p.act("recreate", seen), "unfaithful", 0,
            "disconnected from the network nG")


@scenario
def r07_what_is_kept(b):
    e = b.with_networks()
    p = keeping(b, e)
    seen = running(b, e, "keep", "-e", "TOKEN=hush")
    path = kept(b, seen["Id"])
    before = os.stat(path)
    e.docker("exec", "keep", "true")
    e.docker("pause", "keep")
    e.docker("unpause", "keep")
    time.sleep(0.5)
    equal("written once", os.stat(path).st_mtime_ns, before.st_mtime_ns)
    e.docker("update", "-m", "99m", "--memory-swap", "199m", "keep")
    wait("the update is kept", lambda: json.load(open(path))["HostConfig"]
         ["Memory"] == 99 << 20)
    e.docker("network", "create", "nI")
    e.docker("network", "create", "nJ")
    online = running(b, e, "online", network="nI")
    e.docker("network", "connect", "--alias", "later", "nJ", "online")
    wait("the connection is kept", lambda: "later" in
         open(kept(b, online["Id"])).read())
    e.docker("rm", "-f", "online")
    outcome("with it", p.act("recreate", online), "started", 204)
    equal("networks", set(e.inspect("online")["NetworkSettings"]["Networks"]),
          {"nI", "nJ"})
    kept(b, e.inspect("online")["Id"])
    e.docker("rm", "-f", "online")
    for f in set(files(b)) - {seen["Id"] + ".json"}:
        os.unlink(os.path.join(b.specs, f))
    e.docker("rename", "keep", "keep2")
    wait("the name is kept", lambda: json.load(open(path))["Name"] == "/keep2")
    p.stop()
    os.chmod(b.specs, 0o755)
    e.docker("rename", "keep2", "keep")
    p = ActProbe(b, e, options=("--specs", b.specs))
    wait("the name is kept", lambda: json.load(open(path))["Name"] == "/keep")
    equal("nobody else reads it", os.stat(b.specs).st_mode & 0o777, 0o700)
    remove(b, e, seen)
    gone = kept(b, seen["Id"], ".gone")
    p.stop()
    os.utime(gone, (time.time() - 23 * 3600,) * 2)
    p = ActProbe(b, e, options=("--specs", b.specs))
    time.sleep(0.5)
    equal("kept for a day", files(b), [seen["Id"] + ".gone"])
    p.stop()
    os.utime(gone, (time.time() - 25 * 3600,) * 2)
    for name, text in (("README", "x"), ("x.json", "x"), (".gone", "x"),
                       ("a" * 64 + ".json", "{"), ("b" * 65 + ".gone", "")):
        with open(os.path.join(b.specs, name), "w") as f:
            f.write(text)
    p = ActProbe(b, e, options=("--specs", b.specs))
    wait("then forgotten", lambda: not os.path.exists(gone))
    check("others' files stay", {"README", ".gone", "b" * 65 + ".gone"} <=
          set(files(b)))
    odd = dict(seen, Id="a" * 64)
    outcome("what is no inspect", p.act("recreate", odd), "unfaithful", 0,
            "nothing is kept")
    p.stop()
    shutil.rmtree(b.specs)
    with open(b.specs, "w"):
        pass
    p = ActProbe(b, e, options=("--specs", b.specs))
    running_again(e, "keep")
    wait("it says so", lambda: "cannot be kept in" in p.stderr())
    check("no secret is told", "hush" not in p.stderr())
    os.unlink(b.specs)


@scenario
def r08_an_engine_that_lies(b):
    f = b.proxy = Liar(os.path.join(b.work, "liar.sock"))
    f.add(labels={"bladewatch.recreate": "true"})
    c = f.containers[ID]
    c["Image"] = "sha256:" + "1" * 64
    c["HostConfig"]["NetworkMode"] = "none"
    c["NetworkSettings"] = {"Networks": {}}
    b.specs = os.path.join(b.work, "specs")
    shutil.rmtree(b.specs, ignore_errors=True)
    p = ActProbe(b, f, options=("--specs", b.specs))
    kept(b, ID)
    f.event("destroy")
    seen = f.containers.pop(ID)
    kept(b, ID, ".gone")
    good = json.dumps({"Id": c["Image"]})
    f.raw["/images/"] = text(200, good)
    for answer, result, code, words in (
            (text(201, "{}"), "refused", 201, "not say which"),
            (text(201, '{"Id":"../x"}'), "refused", 201, "not say which"),
            (text(201, "nonsense"), "refused", 201, "not say which"),
            (text(500, "broken"), "refused", 500, "creating it: broken"),
            (text(409, '{"message":"Conflict. The name is in use"}'),
             "unfaithful", 409, "in use"),
            (text(403, "<b>no</b>"), "denied", 403, "creating it: no"),
            (b"HTTP/1.1 201 Created\r\nContent-Length: 90\r\n\r\n{\"Id\"",
             "unreachable", 0, "no answer, creating it"),
            (b"", "unreachable", 0, "no answer, creating it")):
        f.post = answer
        outcome(repr(answer[:60]), p.act("recreate", seen), result, code,
                words)
    equal("sent", {s.split("?")[0] for s in f.sent},
          {"/v1.41/containers/create"})
    f.sent.clear()
    for path, answer, result, code in (
            ("/images/", text(404, "{}"), "unfaithful", 404),
            ("/images/", text(500, "broken"), "unfaithful", 500),
            ("/images/", text(403, "no"), "denied", 403),
            ("/images/", b"", "unreachable", 0),
            ("/containers/web/json", text(200, "[]"), "refused", 200),
            ("/containers/web/json", text(500, ""), "refused", 500),
            (f"/containers/{ID}/json", text(200, "{}"), "changed", 200),
            (f"/containers/{ID}/json", text(500, "{}"), "refused", 500)):
        f.raw = {"/images/": text(200, good), path: answer}
        outcome(f"{path} {answer[:60]}", p.act("recreate", seen), result, code)
    equal("sent", f.sent, [])
    odd = dict(seen, Name="/../x")
    outcome("a name", p.act("recreate", odd), "unfaithful", 0, "no name")


@scenario
def r09_withdrawn_half_way(b):
    e = b.engine
    p = keeping(b, e, proxied=True)
    seen = running(b, e, "r09")
    remove(b, e, seen)
    b.proxy.before = ("POST .*/create", p.withdraw)
    acted = p.act("recreate", seen)
    outcome("withdrawn", acted, "changed", 0,
            "^withdrawn: .*; it was left as created$")
    made = e.inspect("r09")
    equal("it", (made["Id"], made["State"]["Status"]),
          (acted.container, "created"))
    b.proxy.before = None
    outcome("ordered anew", p.act("recreate", seen), "started", 204)
    equal("the same", e.inspect("r09")["Id"], made["Id"])
