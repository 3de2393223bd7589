"""populate.py - a store with as many ended jobs as wanted, made from one that really ran

Test data: a real job is run through the mount, the daemon is unmounted, and that job's rows in
store.db are copied under new numbers, tokens and names, the way a year of use would have left
them (a thousand names, used again and again). Only the copies' directories on disk are missing.
"""

import os
import sqlite3

from harness import Mount

ELEMENT_BITS = 20
NAMES = 1000
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def token(i):
    return "cfx" + "".join(LETTERS[i >> 5 * k & 31] for k in range(12))


def columns(db, table):
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]


def copy_rows(db, table, where, values):
    """One copy of each row of `table` that is `where`, for each i in seq; `values`: what differs."""
    names = [c for c in columns(db, table) if values.get(c, "") is not None]
    db.execute(f"INSERT INTO {table} ({', '.join(names)})"
               f" SELECT {', '.join(values.get(c, 'old.' + c) for c in names)}"
               f" FROM seq, {table} AS old WHERE {where}")


def multiply(state, jobs):
    """Bring the store of a daemon that is not running to `jobs` ended jobs."""
    db = sqlite3.connect(os.path.join(state, "store.db"), isolation_level=None)
    db.create_function("token", 1, token, deterministic=True)
    (newest,) = db.execute("SELECT max(id) FROM jobs").fetchone()
    number = newest >> ELEMENT_BITS
    new = f"(seq.i << {ELEMENT_BITS})"
    # 99 milliseconds apart, the last one now: the copies' times ascend as their numbers do.
    later = f"(seq.i - {jobs}) * 99000000"
    shifted = {c: f"old.{c} + {later}" for c in ("accepted", "started", "ended", "changed")}
    db.executescript("PRAGMA synchronous=OFF; BEGIN; CREATE TEMP TABLE seq (i INTEGER PRIMARY KEY)")
    db.executemany("INSERT INTO seq VALUES (?)", ((i,) for i in range(number + 1, jobs + 1)))
    name = f"'job' || (seq.i % {NAMES})"
    copy_rows(db, "jobs", f"old.id = {newest}",
              {"id": new, "token": "token(seq.i)", "name": name, **shifted})
    copy_rows(db, "events", f"old.job = {newest}",
              {"seq": None, "job": new, "at": f"old.at + {later}"})
    db.execute("INSERT OR REPLACE INTO names SELECT name, max(id) FROM jobs"
               " WHERE name IS NOT NULL GROUP BY name")
    db.execute("UPDATE counters SET value = ? WHERE name = 'job'", (jobs,))
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def store(bench, name, jobs):
    """A state directory with `jobs` ended jobs."""
    state = bench.fresh(name)
    with Mount(bench.program, state, bench.point) as m:
        with open(m.path("submit", "seed"), "w", encoding="ascii") as f:
            f.write('{"command": "echo hello"}')
        m.wait("seed")
    if jobs > 1:
        multiply(state, jobs)
        with Mount(bench.program, state, bench.point):
            pass  # its start adds the copies' lines to events.jsonl, which only grows from here on
    return state
