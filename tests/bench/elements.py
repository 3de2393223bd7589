"""elements.py - an array of a hundred thousand elements, from its close() to a second run

Jobs that sleep have all cores while it is looked at; then some of its elements run, the others are
cancelled, and sent again.
"""

import os

from active import Sleepers, idle, state, submit
from harness import Mount, run, say, slurp, timed, until
from memory import MB, sizes


def ctl(mount, name, words):
    with open(mount.path("by-name", name, "ctl"), "w", encoding="ascii") as f:
        f.write(words + "\n")


def counts(mount, name):
    """{"queued": 99998, "running": 2}"""
    words = state(mount, name).split()
    return dict(zip(words[::2], map(int, words[1::2])))


def commits(mount):
    lines = slurp(mount.path("metrics")).splitlines()
    return int(next(line.split()[1] for line in lines
                    if line.startswith("clustrixfs_commits_total ")))


def count_tasks(mount):
    return int(run(["sh", "-c", 'ls "$1" | wc -l', "-", mount.path("by-name", "array", "tasks")]))


def look(table, mount, what, n):
    """It is all there, and how long it takes to see that."""
    for text, how in (("ls tasks/ | wc -l", lambda: count_tasks(mount)),
                      ("the same, again", lambda: count_tasks(mount)),
                      ("cat state", lambda: sum(counts(mount, "array").values()))):
        seen = []
        table.single(f"{what}: {text}", timed(lambda h=how, s=seen: s.append(h())) * 1e3, "ms")
        if seen != [n]:
            raise RuntimeError(f"{text}: {seen[0]} elements of {n}")


def run_some(table, mount, what, some):
    took = timed(lambda: until(
        lambda: counts(mount, "array").get("completed", 0) >= some, "some to run", 120, 0.2))
    table.single(f"{what}: {some} of them run", some / took, "jobs/s")


def cancel(table, mount, what):
    took = timed(lambda: (ctl(mount, "array", "cancel"), mount.wait("array")))
    table.single(f"{what}: cancel until wait returns", took * 1e3, "ms")
    return counts(mount, "array")["cancelled"]


def again(table, mount, what):
    """The cancelled ones, and only those, are to run again."""
    cancelled = cancel(table, mount, what)
    took = timed(lambda: (ctl(mount, "array", "rerun failed"), until(
        lambda: counts(mount, "array").get("cancelled", 0) == 0, "all to be sent again", 60, 0.1)))
    table.single(f"{what}: rerun failed, {cancelled} of them", took * 1e3, "ms")
    if cancel(table, mount, what + ", second run") > cancelled:
        raise RuntimeError("some that had completed were run again")


def measure(bench, table):
    n, some = bench.few(100_000, 2_000), bench.few(1000, 100)
    what = f"array of {n}"
    kept = bench.fresh("array")
    with Mount(bench.program, kept, bench.point) as m:
        sleepers = Sleepers(m)
        before = sizes(m.pid)[1]
        say("array: submitting it")
        took = timed(lambda: (submit(m, "array", command="true", array=f"0-{n - 1}"), until(
            lambda: counts(m, "array").get("queued") == n, "all to be queued", 60, 0.02)))
        table.single(f"{what}: close() until all are queued", took * 1e3, "ms")
        table.single(f"{what}: private bytes for each", (sizes(m.pid)[1] - before) / n, "B")
        look(table, m, what, n)
        idle(bench, table, m, what)
    with Mount(bench.program, kept, bench.point) as m:
        table.single(f"{what}: time to mount", m.took * 1e3, "ms")
        table.single(f"{what}: commits by the mount", commits(m), "", ("<=", 0))
        table.single(f"{what}: daemon's RSS then", sizes(m.pid)[0] / MB, "MB")
        sleepers.mount = m
        sleepers.cancel()
        run_some(table, m, what, some)
        say("array: cancelling it")
        again(table, m, what)
        os.listdir(m.path("jobs"))
        table.single(f"{what}: private memory when it has ended", sizes(m.pid)[1] / MB, "MB")
