#!/usr/bin/env python3
"""promtool.py [SERIES [SEED]] - alerts live and die as in Prometheus.

Random boolean series with gaps, watched by rules with random `for` and
`keep_firing_for`, go through `bladewatch replay --timeline` and through
Prometheus' own `promtool test rules`; at every evaluation of Prometheus the
same alerts have to be pending and the same firing.

promtool prints no states, it checks expectations. So what bladewatch made of
the series is written down as a test file - all of ALERTS at every evaluation,
and alert_rule_test entries besides - and promtool has to say SUCCESS. That it
can say anything else is shown too: moved by one evaluation, a single interval
must make it fail.

Where the two can be compared at all:

- Prometheus evaluates every 10 s here, bladewatch at the 10 ms boundary behind
  a line. Lines are logged 10 ms before an evaluation of Prometheus, so both
  see them at the same instant.
- Between its evaluations Prometheus sees nothing, so that it honours a span
  only as far as the next one, while bladewatch acts when a span is over. With
  `for` and `keep_firing_for` that are multiples of the interval the two never
  differ. With others they do at evaluations where one span has run out since
  the last and the condition turns: 15 s of keep_firing_for are 15 s here, but
  Prometheus still forgives 20. What was resolved in between and then holds
  again is pending here. Where the other span is 0 this cannot be seen at the
  evaluations: so either both are multiples or one of them is 0 and the other
  any number of seconds.
- A gap is `stale` there (`_` would be bridged for five minutes); here it is an
  element that is erased, a member that is, or a lease that runs out.

Exit: 0 all equal, 1 which are not (the files are kept), 77 no promtool.
"""
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime, timezone

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("BLADEWATCH", str(TOP / "build-test" / "bladewatch"))
SECOND = 10**9
START = 1700000000 * SECOND
INTERVAL = 10  # seconds
STEPS = 48  # evaluations
BATCH = 50  # series in a file


class Rule:
    """One alerting rule and the values of its series, by name: a list of True,
    False and None, one for each evaluation."""

    def __init__(self, rnd, number, most):
        self.number = number
        self.name = "A%d" % number
        self.foreach = rnd.random() < 0.6
        n = min(most, rnd.randint(1, 3)) if self.foreach else 1
        self.series = {"abc"[i]: make_series(rnd) for i in range(n)}
        self.hold, self.keep = make_spans(rnd)


def make_spans(rnd):
    if rnd.random() < 0.75:
        return rnd.randint(0, 5) * INTERVAL, rnd.randint(0, 5) * INTERVAL
    span = rnd.randint(1, 55)
    return rnd.choice([(span, 0), (0, span)])


def make_series(rnd):
    """Runs of one value, some short against the spans and some long."""
    values = []
    gaps = rnd.choice([0.05, 0.2, 0.4])
    run = rnd.choice([1.5, 3, 6])
    while len(values) < STEPS:
        value = None if rnd.random() < gaps else rnd.random() < 0.6
        values += [value] * (1 + int(rnd.expovariate(1 / run)))
    return values[:STEPS]


def make_batches(rnd, n):
    batches, number = [], 0
    while n > 0:
        left, batch = min(n, BATCH), []
        n -= left
        while left > 0:
            batch.append(Rule(rnd, number, left))
            left -= len(batch[-1].series)
            number += 1
        batches.append(batch)
    return batches


# -- bladewatch -----------------------------------------------------------


def our_rule(rule):
    made = {
        "alert": rule.name,
        "expr": "x.v" if rule.foreach else "state.s%d.a.v" % rule.number,
        "for": "%ds" % rule.hold,
        "keep_firing_for": "%ds" % rule.keep,
    }
    if rule.foreach:
        made["foreach"] = "n, x in state.s%d" % rule.number
    return made


def our_lines(rnd, batch):
    """The samples as log lines, in the order of time."""
    lines = []
    for step in range(STEPS):
        at = START + step * INTERVAL * SECOND - SECOND // 100
        for rule in batch:
            for name, values in rule.series.items():
                body = our_sample(rnd, values, step)
                if body != "nothing":
                    lines.append({"$ts": at,
                                  "s%d" % rule.number: {name: body}})
    lines.append({"$ts": START + (STEPS * INTERVAL - 5) * SECOND, "end": 1})
    return "".join(json.dumps(line) + "\n" for line in lines)


def our_sample(rnd, values, step):
    value = values[step]
    if value is None:
        return rnd.choice([None, {"v": None}])
    gap_follows = step + 1 < STEPS and values[step + 1] is None
    if gap_follows and rnd.random() < 0.3:
        return {"v": value, "$ttl": INTERVAL + 0.01}
    return {"v": value}


def seconds(text):
    """Of an instant of the timeline, from the start on."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    at = datetime.fromisoformat(whole).replace(tzinfo=timezone.utc)
    return int(at.timestamp()) - START // SECOND + float("0." + (fraction or "0"))


def our_states(folder, rnd, batch):
    """(rule, series) -> the state at each evaluation: "", pending, firing."""
    rules, log = folder / "ours.json", folder / "log.jsonl"
    rules.write_text(json.dumps(
        {"groups": [{"name": "g", "rules": [our_rule(r) for r in batch]}]}))
    log.write_text(our_lines(rnd, batch))
    done = subprocess.run(
        [PROGRAM, "replay", log, "--rules", rules, "--timeline", "--json"],
        capture_output=True, timeout=300)
    if done.returncode or done.stderr:
        sys.exit("replay: exit %d: %s" % (done.returncode, done.stderr.decode()))
    states = {(r.name, n): [""] * STEPS for r in batch for n in r.series}
    for line in done.stdout.decode().splitlines():
        t = json.loads(line)
        state = {"pending": "pending", "firing": "firing"}.get(t["to"], "")
        first = -int(-seconds(t["at"]) // INTERVAL)
        series = states[t["rule"], t.get("instance", "a")]
        series[first:] = [state] * (STEPS - first)
    return states


# -- Prometheus -----------------------------------------------------------


def their_rule(rule):
    return {
        "alert": rule.name,
        "expr": "s%d == 1" % rule.number,
        "for": "%ds" % rule.hold,
        "keep_firing_for": "%ds" % rule.keep,
    }


def their_sample(value):
    return "stale" if value is None else str(int(value))


def their_series(batch):
    return [{"series": 's%d{n="%s"}' % (rule.number, name),
             "values": " ".join(map(their_sample, values))}
            for rule in batch for name, values in rule.series.items()]


def all_alerts(states, step):
    return {
        "expr": "ALERTS",
        "eval_time": "%ds" % (step * INTERVAL),
        "exp_samples": [
            {"labels": 'ALERTS{alertname="%s",alertstate="%s",n="%s"}'
             % (rule, series[step], name), "value": 1}
            for (rule, name), series in states.items() if series[step]
        ],
    }


def firing_alerts(states, rule, step):
    return {
        "eval_time": "%ds" % (step * INTERVAL),
        "alertname": rule.name,
        "exp_alerts": [
            {"exp_labels": {"n": name}} for name in rule.series
            if states[rule.name, name][step] == "firing"
        ],
    }


def prometheus_agrees(folder, rnd, batch, states):
    """Its exit status being 0, and what it said."""
    # JSON is YAML.
    (folder / "theirs.json").write_text(json.dumps(
        {"groups": [{"name": "g", "rules": [their_rule(r) for r in batch]}]}))
    test = folder / "test.json"
    test.write_text(json.dumps({
        "rule_files": ["theirs.json"],
        "evaluation_interval": "%ds" % INTERVAL,
        "tests": [{
            "interval": "%ds" % INTERVAL,
            "input_series": their_series(batch),
            "promql_expr_test":
                [all_alerts(states, step) for step in range(STEPS)],
            "alert_rule_test":
                [firing_alerts(states, rule, rnd.randrange(STEPS))
                 for rule in batch],
        }],
    }))
    done = subprocess.run(["promtool", "test", "rules", test],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=300)
    said = done.stdout.decode()
    if done.returncode not in (0, 1) or "parse" in said:
        sys.exit("promtool: exit %d: %s" % (done.returncode, said))
    return done.returncode == 0 and "SUCCESS" in said, said


def some_interval(states, rnd):
    """A series and an evaluation at which its state changes."""
    found = [(key, i) for key, series in states.items()
             for i in range(1, STEPS - 1)
             if series[i] and series[i] != series[i - 1]]
    return rnd.choice(found)


def moved(states, rnd):
    """The same but for one interval, which begins an evaluation later."""
    (rule, name), at = some_interval(states, rnd)
    series = list(states[rule, name])
    series[at] = series[at - 1]
    return {**states, (rule, name): series}


# -- all of it ------------------------------------------------------------


def compare(folder, rnd, batch):
    """What has been seen of states, so that nobody compares nothing."""
    states = our_states(folder, rnd, batch)
    agrees, said = prometheus_agrees(folder, rnd, batch, states)
    if not agrees:
        sys.exit("Prometheus has it otherwise; %s has the files:\n%s"
                 % (folder, said[:4000]))
    return states


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)
    if not shutil.which("promtool"):
        print("promtool is not installed: apt-get install prometheus")
        sys.exit(1 if os.environ.get("CI") == "true" else 77)
    print("seed %d" % seed, flush=True)
    rnd = random.Random(seed)
    seen = {"": 0, "pending": 0, "firing": 0}
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bladewatch-promtool."))
    for batch in make_batches(rnd, count):
        states = compare(folder, rnd, batch)
        for series in states.values():
            for state in series:
                seen[state] += 1
        agrees, _ = prometheus_agrees(folder, rnd, batch, moved(states, rnd))
        if agrees:
            sys.exit("Prometheus does not mind an interval that is moved; %s "
                     "has the files" % folder)
    shutil.rmtree(folder)
    if min(seen.values()) < count:
        sys.exit("too little happened: %s" % seen)
    print("%d series, %d evaluations each: pending %d, firing %d times, as in "
          "Prometheus" % (count, STEPS, seen["pending"], seen["firing"]))


if __name__ == "__main__":
    main()
