#!/usr/bin/env python3
"""oracle.py [BLADEWATCH [SEEDS]] - replays random shards and compares the
state with that of the executable specification of the state model.

The specification is no part of this repository: it is looked for at
../shared/state/model.py beside it.  Without it this test is skipped (77).

Exit: 0 all equal, 1 which seeds are not (their input is kept), 77 skipped.
"""
import concurrent.futures
import importlib.util
import os
import pathlib
import random
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
MODEL = TOP.parent / "shared" / "state" / "model.py"
SECOND = 10**9


def load_model():
    spec = importlib.util.spec_from_file_location("model", MODEL)
    model = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(model)
    return model


def replay(program, text, *options):
    done = subprocess.run(
        [program, "replay", "-", "--format", "shards", "--state", *options],
        input=text.encode(), capture_output=True, timeout=120)
    if done.returncode or done.stderr:
        return "exit %d: %s" % (done.returncode, done.stderr.decode())
    return done.stdout.decode().rstrip("\n")


def shuffled_set(model, seed):
    """Any order, no ticks: the fold of the set, split or not, at any time."""
    rnd = random.Random(seed)
    shards = model.gen(rnd, rnd.randint(1, 130))
    split = seed % 2 == 0
    options = ["--split"] if split else []
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
    return (lines, ["--split"] if split else [],
            model.dumps(machine.view(split)))


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
    jobs += [(ticked_stream, n, program) for n in range(seeds // 2)]
    with concurrent.futures.ProcessPoolExecutor() as pool:
        wrong = [w for w in pool.map(run, jobs, chunksize=16) if w]
    for w in wrong[:5]:
        print(w)
    print("%d of %d runs differ from the model" % (len(wrong), len(jobs)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
