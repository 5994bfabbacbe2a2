# sqlite_wal.py FILE DIR: inserts every line of FILE as a row, 1,024 rows a
# commit, write-ahead log, synchronous=FULL: a commit is on disk.
import itertools
import os
import shutil
import sqlite3
import sys


def main():
    where = os.path.join(sys.argv[2], "sqlite")
    shutil.rmtree(where, ignore_errors=True)
    os.makedirs(where)
    db = sqlite3.connect(os.path.join(where, "db"), isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE lines (line TEXT)")
    count = 0
    with open(sys.argv[1], encoding="utf-8") as f:
        while batch := [(line,) for line in itertools.islice(f, 1024)]:
            db.execute("BEGIN")
            db.executemany("INSERT INTO lines VALUES (?)", batch)
            db.execute("COMMIT")
            count += len(batch)
    db.close()
    shutil.rmtree(where)
    print(count, "lines")


main()
