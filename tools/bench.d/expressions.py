"""Conditions beside the same in Lua and jq, each compiled beforehand."""
import re
import subprocess

from measure import Missing


def expressions(env):
    env.title("Conditions, ns an evaluation",
              "The least of %d turns; all three agree on the outcome."
              % env.rounds)
    done = subprocess.run([str(env.tool("bench_cel")), str(env.rounds)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode:
        raise Missing(done.stderr.strip() or "bench_cel failed")
    rows = []
    for line in done.stdout.splitlines()[1:]:
        name, ours, lua, jq = re.split(r"\s{2,}", line.strip())
        rows.append({"name": name, "ours": ours, "lua": lua, "jq": jq})
    env.put("expressions", rows, [("condition", "name", str),
                                  ("bladewatch", "ours", str),
                                  ("Lua 5.4", "lua", str),
                                  ("libjq", "jq", str)])
