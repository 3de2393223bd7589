"""listing.py - looking at jobs/ with a hundred thousand ended jobs, against the same tree on tmpfs

Every round mounts anew, so "first" is what a user meets after the mount; tmpfs has everything in
memory always. Each figure is the whole command, ls's own work included.
"""

import os
import random

from harness import Mount, run, say, timed
from populate import store


def plain_tree(where, numbers):
    for i in numbers:
        os.makedirs(os.path.join(where, str(i)))
        with open(os.path.join(where, str(i), "state"), "w", encoding="ascii") as f:
            f.write("completed\n")


class Looks:
    """The commands; each takes a directory that looks like jobs/ and returns milliseconds."""

    def __init__(self, jobs, some):
        draw = random.Random(1)
        self.jobs = jobs
        self.sample = [str(draw.randrange(1, jobs + 1)) for _ in range(some)]

    def command(self, *argv):
        return timed(lambda: run(argv)) * 1e3

    def ls_u(self, where):
        return self.command("ls", "-U", where)

    def ls_l(self, where):
        return self.command("ls", "-l", where)

    def find(self, where):
        found = self.command("find", where, "-maxdepth", "1", "-type", "d")
        return found

    def stat(self, where):
        return timed(lambda: [os.stat(f"{where}/{i}") for i in self.sample]) * 1e3

    def cat(self, where):
        return timed(lambda: run(["cat", *(f"{where}/{i}/state" for i in self.sample)])) * 1e3


# What is done to a fresh mount, in this order; and the goal against tmpfs.
STEPS = (
    ("stat of {some} random jobs, first", "stat", None),
    ("cat of {some} jobs/*/state, first", "cat", None),
    (None, None, None),
    ("ls -l, first", "ls_l", ("<=", 1.5)),
    ("ls -l, again", "ls_l", ("<=", 1.2)),
    ("ls -U", "ls_u", None),
    ("find -maxdepth 1 -type d", "find", None),
    ("stat of {some} random jobs, again", "stat", None),
    ("cat of {some} jobs/*/state, again", "cat", None),
)


def groups():
    """STEPS, cut where a new mount begins."""
    group = []
    for what, how, goal in STEPS:
        if what is None:
            yield group
            group = []
        else:
            group.append((what, how, goal))
    yield group


def one_round(bench, looks, state, tmpfs, seen, mounts):
    for group in groups():
        with Mount(bench.program, state, bench.point) as m:
            mounts.append(m.took * 1e3)
            for what, how, _ in group:
                ours, theirs = seen.setdefault(what, ([], []))
                theirs.append(getattr(looks, how)(tmpfs))
                ours.append(getattr(looks, how)(m.path("jobs")))


def check(bench, state, jobs):
    with Mount(bench.program, state, bench.point) as m:
        there = sum(name.isdigit() for name in os.listdir(m.path("jobs")))
        if there != jobs:
            raise RuntimeError(f"jobs/ shows {there} jobs of {jobs}")


def measure(bench, table):
    jobs, some = bench.few(100_000, 2_000), bench.few(1000, 100)
    say(f"listing: making {jobs} ended jobs")
    state = store(bench, "listing", jobs)
    tmpfs = bench.fresh_tmpfs("listing")
    plain_tree(tmpfs, range(1, jobs + 1))
    check(bench, state, jobs)
    looks, seen, mounts = Looks(jobs, some), {}, []
    for r in range(bench.rounds):
        say(f"listing: round {r + 1}")
        one_round(bench, looks, state, tmpfs, seen, mounts)
    for what, _, goal in (s for s in STEPS if s[0]):
        table.against(f"{jobs} jobs: {what.format(some=some)}", seen[what][0], "tmpfs",
                      seen[what][1], "ms", goal)
    table.measured(f"time to mount with {jobs} jobs", mounts, "ms")
