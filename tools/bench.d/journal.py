"""The journal on and off, over the same events."""
from measure import Case, Missing, CPU_COLUMNS, alternate, row


def journal(env):
    tool = env.tool("bench_journal")
    if not tool.exists():
        raise Missing("bench_journal was not built")
    corpus = env.corpus("intents", env.lines)
    where = env.cache / "journal"
    env.title("Journal on and off, %s" % corpus.title,
              "The same intake, 1,000 lines a turn of the loop; on: every "
              "turn is sealed, written and synced. Ratio: on by off.")
    done = alternate(env, [
        Case("off", [tool, "off", corpus.path, where], corpus.lines),
        Case("on, no fdatasync", [tool, "nosync", corpus.path, where],
             corpus.lines),
        Case("on", [tool, "on", corpus.path, where], corpus.lines)])
    env.put("journal", [row(c, done[0], ("<=", 1.25) if c.name == "on"
                            else None) for c in done], CPU_COLUMNS)
