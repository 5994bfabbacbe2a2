"""The journal on and off, over the same events."""
from measure import Case, CPU_COLUMNS, alternate, row


def journal(env):
    tool = env.tool("bench_journal")
    corpus = env.corpus("intents", env.lines)
    where = env.cache / "journal"
    env.title("Journal on and off, %s" % corpus.title,
              "The same intake, 1,024 lines a turn of the loop; on: every "
              "turn is sealed, written and synced. Ratio: on by off.")
    done = alternate(env, [
        Case(name, [tool, mode, corpus.path, where], corpus.lines,
             leaves=where)
        for name, mode in (("off", "off"), ("on, no fdatasync", "nosync"),
                           ("on", "on"))])
    env.put("journal", [row(c, done[0], ("<=", 1.25) if c.name == "on"
                            else None) for c in done], CPU_COLUMNS)
