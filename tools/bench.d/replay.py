"""Replay of a file, beside the peers: agreement, time, growth, memory."""
import hashlib
import subprocess

from measure import Case, Missing, CPU_COLUMNS, alternate, row
import measure

MERGE_JQ = "reduce inputs as $x ({}; . * $x)"


def ours(env, corpus, *options):
    return [env.program, "replay", corpus.path, *options]


def peer(env, name, corpus):
    """The command line of a named peer over a corpus."""
    here = env.here
    if name == "yajl, empty callbacks":
        return [env.tool("yajl_sax"), corpus.path]
    if name == "node, JSON.parse + merge":
        return [env.need("node", "nodejs"), here / "merge.js", corpus.path]
    if name == "python3, json + merge":
        return [env.python, here / "merge.py", corpus.path]
    if name == "jq, reduce":
        return [env.need("jq"), "-n", MERGE_JQ + " | length", corpus.path]
    if name == "mtail, 5 expressions":
        return [env.need("mtail"), "--one_shot", "--address", "127.0.0.1",
                "--progs", here / "counters.mtail", "--logs", corpus.path]
    if name == "sec, 3 rules":
        return [env.need("sec"), "--conf=%s" % (here / "rules.sec"),
                "--input=%s" % corpus.path, "--fromstart", "--notail",
                "--log=/dev/null", "--quote"]
    raise KeyError(name)


def cases(env, corpus, names, *options):
    result = [Case("bladewatch replay", ours(env, corpus, *options),
                   corpus.lines)]
    for name in names:
        try:
            result.append(Case(name, peer(env, name, corpus), corpus.lines))
        except Missing as why:
            env.skip(name, why)
    return result


def digest(command, cwd):
    done = subprocess.run([str(w) for w in command], cwd=cwd,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    if done.returncode:
        text = done.stderr.decode(errors="replace").strip()
        raise Missing("ended with %d: %s" % (done.returncode, text[-200:]))
    text = done.stdout if done.stdout.endswith(b"\n") else done.stdout + b"\n"
    return hashlib.sha256(text).hexdigest()


def state_of(env, name, corpus):
    """The command that prints the canonical state, by one who merges."""
    if name == "bladewatch":
        return ours(env, corpus, "--state", *env.limits)
    if name == "jq, reduce":
        return [env.need("jq"), "-ncS", MERGE_JQ, corpus.path]
    return peer(env, name, corpus) + ["print"]


def agree(env):
    """Those that merge must end in the same bytes."""
    env.title("Do those that merge agree?")
    rows = []
    for corpus in (env.corpus("intents", 20000),
                   env.corpus("intents", env.lines),
                   env.corpus("wide", 20000)):
        seen = {}
        who = ["bladewatch", "node, JSON.parse + merge",
               "python3, json + merge"]
        if corpus.lines <= 20000:
            who.append("jq, reduce")
        for name in who:
            try:
                seen[name] = digest(state_of(env, name, corpus), env.cache)
            except (Missing, OSError) as why:
                env.skip(name, why)
        same = len(set(seen.values())) == 1 and len(seen) > 1
        rows.append({"corpus": corpus.title, "who": ", ".join(seen),
                     "same": "yes" if same else "NO",
                     "sha256": seen.get("bladewatch", "")[:16]})
        if not same:
            env.failed = True
    env.put("agree", rows, [("corpus", "corpus", str), ("who", "who", str),
                            ("same state", "same", str),
                            ("sha256 of it", "sha256", str)])


def compare(env, key, corpus, goals):
    """goals: name -> None, or a goal as judge() takes it."""
    done = alternate(env, cases(env, corpus, goals, *env.limits))
    base = next((c for c in done if c.name == "bladewatch replay"), None)
    rows = []
    for case in done:
        bare = case.name.startswith("yajl")
        entry = row(case, base, goals.get(case.name), invert=bare)
        if bare and base:
            entry["note"] = "ratio: ours by theirs"
        rows.append(entry)
    env.put(key, rows, CPU_COLUMNS)


def replay(env):
    million = env.corpus("intents", env.lines)
    env.title("Replay, %s" % million.title,
              "Ratio: the peer's CPU time by ours, unless said.")
    compare(env, "replay", million, {
        "yajl, empty callbacks": ("<=", 2.4),
        "node, JSON.parse + merge": (">=", 3.5),
        "python3, json + merge": (">=", 5),
    })
    some = env.corpus("intents", min(200000, env.lines))
    env.title("Replay, %s" % some.title,
              "mtail and sec keep no state; they do what they can of it.")
    compare(env, "replay-200k", some, {
        "yajl, empty callbacks": ("<=", 2.4),
        "node, JSON.parse + merge": (">=", 3.5),
        "python3, json + merge": (">=", 5),
        "mtail, 5 expressions": (">=", 12),
        "sec, 3 rules": (">=", 12),
    })
    wide = env.corpus("wide", 20000)
    env.title("Large lines, %s" % wide.title)
    compare(env, "replay-wide", wide, {
        "yajl, empty callbacks": None,
        "node, JSON.parse + merge": (">=", 2),
        "python3, json + merge": None,
    })


def jq(env):
    env.title("jq, the one peer with exactly this merge",
              "It copies the object of every level: its cost a line grows "
              "with the state.")
    rows = []
    for lines in (5000, 10000, 20000, 200000):
        corpus = env.corpus("intents", lines)
        done = alternate(env, cases(env, corpus, ["jq, reduce"]),
                         env.rounds if lines <= 20000 else 1)
        for case in done[1:]:
            entry = row(case, done[0],
                        (">=", 100) if lines == 200000 else None)
            entry["name"] = "%s, %d lines" % (case.name, lines)
            rows.append(entry)
    env.put("jq", rows, CPU_COLUMNS)


def kinds(env):
    env.title("Other lines", "Ratio: against plain values, CPU a line.")
    lines = min(200000, env.lines)
    done = alternate(env, [
        Case(name, ours(env, env.corpus(kind, lines), *env.limits), lines)
        for name, kind in (("plain values", "intents"),
                           ("the same with $inc", "inc"),
                           ("four new nodes a line", "unique"),
                           ("not JSON", "bad"))])
    env.put("kinds", [row(c, done[0], ("<=", 1.5) if c.name == "not JSON"
                          else None) for c in done], CPU_COLUMNS)


def linear(env):
    env.title("Linearity",
              "Ratio: CPU time of twice the lines; in the last row, CPU time "
              "a line against that of the first.")
    sizes = [n for n in (100000, 200000, 400000, 800000) if n <= env.lines]
    if env.lines not in sizes:
        sizes.append(env.lines)
    done = alternate(env, [
        Case("%d lines" % n, ours(env, env.corpus("intents", n),
                                  *env.limits), n) for n in sizes])
    rows = [row(case) for case in done]
    for i, case in enumerate(done[1:], 1):
        before = done[i - 1]
        goal = ("<=", 2.2)
        every = measure.ratios(case.cpu(), before.cpu())
        if case.units != 2 * before.units:
            every = [r * done[0].units / case.units
                     for r in measure.ratios(case.cpu(), done[0].cpu())]
            goal = None
        middle = measure.statistics.median(every)
        rows[i].update(ratio=middle, ratio_spread=measure.spread(every),
                       verdict=goal and measure.judge(
                           middle, measure.spread(every), goal))
    env.put("linear", rows, CPU_COLUMNS)


def steady_cost(env, size, updates):
    """The pair (made, made and updated) over a state of size intents."""
    made = env.corpus("steady", 0, size)
    used = env.corpus("steady", updates, size)
    return (Case("make %d" % size, ours(env, made, *env.limits), made.lines),
            Case("use %d" % size, ours(env, used, *env.limits), used.lines))


def memory(env):
    env.title("Memory a key and time a line, by the size of the state",
              "Intents of 11 keys, then counter updates at random. Time: what "
              "the updates add. Memory: peak of the whole process less that "
              "of an empty replay, by keys.")
    updates = min(500000, env.lines)
    empty = Case("empty", ours(env, env.corpus("steady", 0, 1),
                               *env.limits), 1)
    pairs = [steady_cost(env, keys // 11, updates)
             for keys in env.sizes]
    done = alternate(env, [empty] + [c for pair in pairs for c in pair],
                     min(env.rounds, 3))
    rows, first = [], None
    for made, used in pairs:
        if made not in done or used not in done:
            continue
        every = [(u - m) / updates * 1e9
                 for m, u in zip(made.cpu(), used.cpu())]
        keys = 11 * made.units + 1
        first = first or every
        factor = measure.ratios(every, first)
        rows.append({
            "keys": keys,
            "ns": measure.statistics.median(every),
            "spread": measure.spread(every),
            "ratio": measure.statistics.median(factor),
            "bytes": 1024 * (made.rss() - empty.rss()) / keys,
            "verdict": verdict(env, keys, made, empty, factor),
        })
    env.put("memory", rows, [
        ("keys", "keys", str), ("ns CPU a line", "ns", fixed0),
        ("spread", "spread", measure.percent),
        ("against the first", "ratio", measure.fixed(2)),
        ("bytes a key", "bytes", fixed0), ("", "verdict", str)])


def fixed0(value):
    return "%.0f" % value


def verdict(env, keys, made, empty, factor):
    words = []
    if keys > 90000:
        size = 1024 * (made.rss() - empty.rss()) / keys
        words.append("goal <= 100 B: " + ("met" if size <= 100 else "MISSED"))
    if keys > 9e6:
        words.append(measure.judge(measure.statistics.median(factor),
                                   measure.spread(factor), ("<=", 3)))
    return "; ".join(words)
