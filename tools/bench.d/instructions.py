"""What a line costs in instructions, without rules and with."""
import subprocess

from measure import Missing, fixed
import replay
import rules


def collected(env, corpus, *options):
    """Instructions of one replay, as callgrind counts them."""
    done = subprocess.run(
        [env.need("valgrind"), "--tool=callgrind",
         "--callgrind-out-file=/dev/null",
         *map(str, replay.ours(env, corpus, *options))],
        cwd=env.cache, text=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, check=False)
    found = [ln for ln in done.stderr.splitlines() if "Collected :" in ln]
    if done.returncode or not found:
        raise Missing("valgrind: " + done.stderr[-200:])
    return int(found[0].split(":")[1])


def a_line(env, *options):
    """What 10,000 more lines cost, so that a start costs nothing."""
    few, many = (collected(env, env.corpus("intents", n), *options)
                 for n in (10000, 20000))
    return (many - few) / 10000


def instructions(env):
    """Callgrind counts: the same on every machine with the same build."""
    env.title("Instructions a line",
              "Callgrind: what 10,000 more lines of intents cost.")
    record = env.top / "tests" / "bench" / "instructions.txt"
    before = dict(line.split() for line in record.read_text().splitlines())
    rows = []
    for name, path in (("intents", None),
                       ("intents+10_rules", rules.careless(env, 10))):
        entry = {"name": name, "now": a_line(
            env, *(["--rules", path] if path else []))}
        if name in before:
            entry["recorded"] = float(before[name])
            entry["change"] = entry["now"] / entry["recorded"] - 1
            if entry["change"] > 0.03:
                env.failed = True
                entry["verdict"] = "a rise of more than 3 % needs its reason"
        rows.append(entry)
    if env.record:
        record.write_text("".join("%s %.0f\n" % (r["name"], r["now"])
                                  for r in rows))
    env.put("instructions", rows, [
        ("corpus", "name", str), ("instructions a line", "now", fixed(0)),
        ("recorded", "recorded", fixed(0)),
        ("change", "change", lambda v: "%+.1f %%" % (100 * v)),
        ("", "verdict", str)])
