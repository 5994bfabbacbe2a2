"""How fast a container that fell over is back, and what watching costs."""
import json
import subprocess

from measure import Missing


def seconds(value):
    return "%.2f" % value


def verdict(goal, met):
    return "goal %s: %s" % (goal, "met" if met else "MISSED")


def fast(figures):
    revival, detection = figures["revival"], figures["detection"]
    rows = []
    for name, f, goal in (
            ("start is sent, after it died", revival["to_start"], 4.0),
            ("runs and answers, after it died", revival["to_verified"], 15.0),
            ("found frozen, after it froze", detection, 3 * 5 + 2 + 1.0)):
        rows.append({"name": name, **f, "verdict": verdict(
            "max <= %g s" % goal, f["max"] <= goal)})
    return rows


def dear(f):
    return [{"name": "%d containers, %d s" % (f["containers"], f["seconds"]),
             "core": "%.1f %%" % (100 * f["core"]),
             "rss": "%.0f MiB" % f["rss_mib"],
             "verdict": verdict("<= 25 %, <= 64 MiB", f["core"] <= 0.25 and
                                f["rss_mib"] <= 64)}]


def agreeing(f):
    return [{"name": name, "n": f["samples"], "ours": "%.1f %%" % x["ours"],
             "theirs": "%.1f %%" % x["theirs"], "same": x["same"],
             "verdict": verdict("within 3 points, always equal",
                                abs(x["ours"] - x["theirs"]) <= 3 and
                                x["same"] == f["samples"])}
            for name, x in f["containers"].items()]


def healing(env):
    env.title("Healing: from a fall to a start, and what watching costs",
              "On an engine of our own. Containers that nobody had to start "
              "before are killed, one every 2 s, under the shipped policy (2 s "
              "to settle) and probes every 5 s; others are stopped with "
              "SIGSTOP (3 failures, time-out 2 s). Then each of many logs "
              "20 lines a second of 200 bytes, is probed over UDP and has its "
              "statistics read, every 5 s. At last the statistics of four are "
              "held against docker stats: mean CPU, the words for memory.")
    done = subprocess.run(
        [str(env.top / "tests" / "engine" / "healing_figures"),
         str(env.program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, check=False)
    if done.returncode:
        raise Missing("no figures: " + done.stderr[-300:].strip())
    figures = json.loads(done.stdout.strip().split("\n")[-1])
    env.put("healing", fast(figures), [
        ("", "name", str), ("times", "n", str), ("p50 s", "p50", seconds),
        ("p99 s", "p99", seconds), ("max s", "max", seconds),
        ("", "verdict", str)])
    env.put("watching", dear(figures["load"]), [
        ("", "name", str), ("of a core", "core", str),
        ("resident", "rss", str), ("", "verdict", str)])
    env.put("agreement", agreeing(figures["agreement"]), [
        ("", "name", str), ("samples", "n", str), ("our CPU", "ours", str),
        ("docker stats", "theirs", str), ("memory equal", "same", str),
        ("", "verdict", str)])
