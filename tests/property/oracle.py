#!/usr/bin/env python3
"""oracle.py [BLADEWATCH [SEEDS]] - replays random shards and compares the
state with that of the executable specification of the state model.

The specification is no part of this repository: it is looked for at
../shared/state/model.py beside it.  Without it this test is skipped (77).

Exit: 0 all equal, 1 which seeds are not (their input is kept), 77 skipped.
"""
import concurrent.futures
import importlib.util
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
MODEL = TOP.parent / "shared" / "state" / "model.py"
SECOND = 10**9
SHARDS = ["--format", "shards"]


def load_model():
    spec = importlib.util.spec_from_file_location("model", MODEL)
    model = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(model)
    return model


def replay(program, text, *options):
    done = subprocess.run(
        [program, "replay", "-", "--state", *options],
        input=text.encode(), capture_output=True, timeout=120)
    if done.returncode or done.stderr:
        return "exit %d: %s" % (done.returncode, done.stderr.decode())
    return done.stdout.decode().rstrip("\n")


def shuffled_set(model, seed):
    """Any order, no ticks: the fold of the set, split or not, at any time."""
    rnd = random.Random(seed)
    shards = model.gen(rnd, rnd.randint(1, 130))
    split = seed % 2 == 0
    options = SHARDS + (["--split"] if split else [])
    now = None
    if seed % 3 == 0:
        now = 1700000000 * SECOND + rnd.randrange(300) * SECOND
        now = max([now] + [s.ts for s in shards])
        options += ["--now", str(now)]
    want = model.dumps(model.plain(model.fold(shards, now), split))
    lines = [s.line() for s in shards]
    lines += [rnd.choice(lines) for _ in range(rnd.randint(0, 20))]
    rnd.shuffle(lines)
    return lines, options, want


def ticked_stream(model, seed):
    """With ticks, some shards late, some twice: the model's Machine."""
    rnd = random.Random(seed)
    shards = model.gen(rnd, rnd.randint(5, 120), ttl=rnd.random() < .8,
                       erase=rnd.random() < .8, conflict=rnd.random() < .8,
                       pushes=rnd.random() < .8)
    if seed % 3 == 0:
        rnd.shuffle(shards)
    elif seed % 3 == 1:
        shards.sort(key=lambda s: s.ts + rnd.randint(0, 2 * SECOND))
    lines = []
    for s in shards:
        lines.append(s.line())
        if rnd.random() < .15:
            lines.append(rnd.choice(lines))
        if rnd.random() < .25:
            step = rnd.choice([-SECOND, 0, 1, SECOND // 10, SECOND])
            lines.append('{"tick":%d}' % (s.ts + step))
    if rnd.random() < .3:
        lines.insert(rnd.randrange(len(lines)), '{"retire":"b1","ts":%d}'
                     % rnd.choice(shards).ts)
    machine = model.Machine()
    for line in lines:
        machine.feed(model.parse(line))
    machine.flush()
    split = seed % 2 == 0
    return (lines, SHARDS + (["--split"] if split else []),
            model.dumps(machine.view(split)))


PIECES = """{"a": | 1 | "x" | ] | } | [ | null | true | {"$inc":2} | , | : | NaN
{"$ttl":0.003,"$set":{"q":1}} | {"$push":[1,{"b":2}]} | "\\ud800" | 1e400 | 01
"\\u00e9é" | -9223372036854775808 | 18446744073709551616 | 0.10 | "$set" | -0
{"$set":null} | {"":1} | {"a.b":{"__proto__":2}} | {"$$x":1} | {"$x":1} | 1E5
{"a":1,"a":{"b":2}} | {"k":{"$inc":1},"k":{"$inc":5}} | Infinity | {"$inc":4}
{"n":{"$inc":-0.0000019}} | {"n":{"$inc":"3"}} | {"d":{"$ttl":-1}} | "\\ud83d\\ude00"
{"l":[3,[],{},"\\n\\u0001"]} | {"d":{"$ttl":"x","z":1}} | {"l":{"$push":{"$inc":1}}}
{"d":{"$ttl":1,"$inc":1}} | {"\\u0041":{"\\ud800":1}} | {"$set":{"r":{"s":1}}}"""
PIECES = [p.strip() for p in PIECES.replace("\n", " | ").split(" | ")]


def lines_as_logged(model, seed):
    """Good, broken and odd lines without an envelope: the model's --raw."""
    rnd = random.Random(seed)
    lines = []
    for _ in range(rnd.randint(1, 25)):
        if rnd.random() < .5:
            lines.append(rnd.choice(PIECES))
        elif rnd.random() < .6:
            lines.append('{"%s":%s}' % (rnd.choice("abc"), rnd.choice(PIECES)))
        else:
            lines.append("".join(rnd.choices(PIECES, k=rnd.randint(1, 4))))
    shards = [model.parse(l + "\n", True, i + 1)
              for i, l in enumerate(lines)]
    return (lines, ["--format", "jsonl"],
            model.dumps(model.plain(model.fold(shards))))


def source_line(sources, blade, run, mode, at):
    """The declaration of a source the first time, and its number."""
    key = (blade, run, mode, tuple(at))
    if key in sources:
        return [], sources[key]
    sources[key] = len(sources) + 1
    return ([json.dumps({"source": sources[key], "blade": blade, "run": run,
                         "mode": mode, "at": at})], sources[key])


def recorded_lines(model, seed):
    """Blades that count for themselves and restart, third-party JSON and
    text, as a hand-written recording: the model's collector."""
    rnd = random.Random(seed)
    collector, shards, lines = model.Collector(), [], ['{"bladewatch":1}']
    sources, seqs, counted, runs, ts = {}, {}, {}, {}, SECOND
    for _ in range(rnd.randint(1, 50)):
        blade = rnd.choice("pqr")
        if blade not in runs or rnd.random() < .1:
            runs[blade] = runs.get(blade, 0) + 1
            counted[blade] = 0
        ts += rnd.randint(0, SECOND // 5)
        counted[blade] = (rnd.randint(0, 5) if rnd.random() < .07 else
                          counted[blade] + rnd.randint(0, 5))
        line = rnd.choice([
            '{"n":{"$count":%d}}', '{"n":{"$count":%d,"$ttl":0.4}}',
            '{"w":{"v":{"$count":%d.5}},"msg":"m"}', "not json %d",
            '{"$schema":%d,"a":{"$inc":1},"z":null,"q":[null,{"$x":1}]}',
            '[1,%d]', '"%d"', '{"a":{"$set":{"y":{"$inc":%d}}}}',
        ]) % counted[blade]
        plain = rnd.random() < .3
        at = ["blades", blade] if plain or rnd.random() < .3 else []
        run = str(runs[blade])
        shards.append(collector.line(blade, run, ts, line, at,
                                     "plain" if plain else "shard"))
        declared, source = source_line(sources, blade, run,
                                       "json" if plain else "shard", at)
        seqs[blade, run] = seqs.get((blade, run), 0) + 1
        lines += declared + [json.dumps({
            "src": source, "seq": seqs[blade, run], "ts": ts, "text": line})]
    return (lines, ["--split"],
            model.dumps(model.plain(model.fold(shards), True)))


def run(job):
    make, seed, program = job
    lines, options, want = make(load_model(), seed)
    text = "".join(line + "\n" for line in lines)
    got = replay(program, text, *options)
    if got == want:
        return None
    kept = tempfile.NamedTemporaryFile("w", suffix=".jsonl", delete=False,
                                       prefix="oracle-%d-" % seed)
    kept.write(text)
    kept.close()
    return ("%s, seed %d, %s %s\n  model %s\n  got   %s"
            % (make.__name__, seed, kept.name, " ".join(options), want, got))


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else os.environ["BLADEWATCH"]
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    if not MODEL.exists():
        print("skipped: the state model is not beside this repository")
        return 77
    jobs = [(shuffled_set, n, program) for n in range(seeds)]
    jobs += [(make, n, program) for n in range(seeds // 2)
             for make in (ticked_stream, lines_as_logged, recorded_lines)]
    with concurrent.futures.ProcessPoolExecutor() as pool:
        wrong = [w for w in pool.map(run, jobs, chunksize=16) if w]
    for w in wrong[:5]:
        print(w)
    print("%d of %d runs differ from the model" % (len(wrong), len(jobs)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
