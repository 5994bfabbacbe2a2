"""Running programs in turn and saying what can be said about the result."""
import json
import os
import shutil
import statistics
import subprocess
import tempfile


class Missing(Exception):
    """What a case needs is not on this machine, or not yet in the program."""


class Case:
    """A program to time: name, command, and how many units it works off."""

    def __init__(self, name, command, units, note="", leaves=None):
        self.leaves = leaves  # a directory to clear away after each run
        self.name = name
        self.command = [str(word) for word in command]
        self.units = units
        self.note = note
        self.runs = []

    def cpu(self):
        return [run["user"] + run["sys"] for run in self.runs]

    def rss(self):
        return statistics.median(run["rss_kib"] for run in self.runs)


def spread(values):
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def run(env, case):
    """One run under bwtime; its cost, or an error with what it said."""
    with tempfile.NamedTemporaryFile("r", dir=env.cache) as out, \
            open(os.devnull, "rb") as nothing, \
            tempfile.TemporaryFile(dir=env.cache) as said:
        subprocess.run([env.tool("bwtime"), out.name] + case.command,
                       stdin=nothing, stdout=subprocess.DEVNULL, stderr=said,
                       cwd=env.cache, check=True)
        if case.leaves:
            shutil.rmtree(case.leaves, ignore_errors=True)
        cost = json.loads(out.read())
        if cost["exit"]:
            said.seek(0)
            text = said.read().decode(errors="replace").strip()
            raise Missing("%s ended with %d: %s" % (
                case.name, cost["exit"], text.splitlines()[-1:] or "nothing"))
        return cost


def alternate(env, cases, rounds=None):
    """A warm-up, then A B C, A B C, ...; what fails is left out and named."""
    rounds = rounds or env.rounds
    good = []
    for case in cases:
        try:
            run(env, case)
            good.append(case)
        except (Missing, OSError) as why:
            env.skip(case.name, why)
    for _ in range(rounds):
        for case in good:
            case.runs.append(run(env, case))
    return good


def ratios(a, b):
    """The ratio of each round: what disturbs a round disturbs both."""
    return [x / y for x, y in zip(a, b)]


def judge(ratio, noise, goal):
    """goal: ("<=", 2.4) or (">=", 3.5)."""
    if goal is None:
        return "" if abs(ratio - 1) > noise else "equal within the spread"
    sense, bound = goal
    met = ratio <= bound if sense == "<=" else ratio >= bound
    sure = abs(ratio - bound) / bound > noise
    text = "goal %s %g: %s" % (sense, bound, "met" if met else "MISSED")
    return text if sure else text + ", but within the spread"


def row(case, base=None, goal=None, invert=False):
    """A result line.  Ratio: this case's CPU by base's (or the inverse)."""
    cpu = statistics.median(case.cpu())
    result = {
        "name": case.name,
        "units": case.units,
        "us_per_line": cpu / case.units * 1e6,
        "lines_per_cpu_s": case.units / cpu if cpu else 0.0,
        "rss_mib": case.rss() / 1024,
        "spread": spread(case.cpu()),
        "rounds": len(case.runs),
        "note": case.note,
    }
    if base is not None and base is not case:
        pair = (base, case) if invert else (case, base)
        every = ratios([c / pair[0].units for c in pair[0].cpu()],
                       [c / pair[1].units for c in pair[1].cpu()])
        result["ratio"] = statistics.median(every)
        noise = spread(every)
        if len(every) > 1:
            result["ratio_spread"] = noise
        else:
            result["note"] = (result["note"] + " one run").strip()
        result["verdict"] = judge(result["ratio"], noise, goal)
    return result


def table(rows, columns):
    """columns: (heading, key, format); Markdown, so that doc/ can take it."""
    lines = ["| " + " | ".join(c[0] for c in columns) + " |",
             "|" + "|".join("---" for _ in columns) + "|"]
    for entry in rows:
        cells = []
        for _, key, form in columns:
            value = entry.get(key)
            cells.append("" if value is None or value == "" else form(value))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def percent(value):
    return "%.0f %%" % (100 * value)


def fixed(digits):
    return lambda value: "%.*f" % (digits, value)


def thousands(value):
    return "%d k" % round(value / 1000)


CPU_COLUMNS = [
    ("program", "name", str),
    ("us CPU a line", "us_per_line", fixed(2)),
    ("lines a CPU s", "lines_per_cpu_s", thousands),
    ("peak MiB", "rss_mib", fixed(0)),
    ("spread", "spread", percent),
    ("ratio", "ratio", fixed(2)),
    ("its spread", "ratio_spread", percent),
    ("", "verdict", str),
    ("", "note", str),
]
