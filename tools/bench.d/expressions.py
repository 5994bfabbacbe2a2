"""Conditions beside the same in Lua and jq, each compiled beforehand."""
import re
import subprocess

from measure import Missing, fixed


def expressions(env):
    env.title("Conditions, ns an evaluation",
              "CPU time, the least of %d turns; all three agree on the "
              "outcome. Ratio: theirs by ours." % env.rounds)
    done = subprocess.run([str(env.tool("bench_cel")), str(env.rounds)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode:
        raise Missing(done.stderr.strip() or "bench_cel failed")
    rows = [condition(line) for line in done.stdout.splitlines()[1:]]
    env.put("expressions", rows, [
        ("condition", "name", str), ("bladewatch", "ours", fixed(0)),
        ("Lua 5.4", "lua", fixed(0)), ("libjq", "jq", fixed(0)),
        ("Lua by ours", "by_lua", fixed(2)),
        ("libjq by ours", "by_jq", fixed(1)), ("", "verdict", str)])


def condition(line):
    name, *times = re.split(r"\s{2,}", line.strip())
    ours, lua, jq = (None if t == "-" else float(t) for t in times)
    row = {"name": name, "ours": ours, "lua": lua, "jq": jq}
    if lua:
        row["by_lua"] = lua / ours
        row["verdict"] = "goal >= 1: " + ("met" if lua >= ours else "MISSED")
    if jq:
        row["by_jq"] = jq / ours
    return row
