"""active.py - ten thousand jobs that have not ended, beside a hundred thousand that have

The ended ones are populate.py's. The active ones are real: submitted through the mount, while jobs
that sleep have all cores, so the others wait in the queue.
"""

import json
import os
import random
import shutil
import time

from harness import Mount, run, say, slurp, timed, until
from idle import switches
from memory import MB, sizes
from populate import store


class Sleepers:
    """Jobs that hold every core of this machine until they are cancelled."""

    def __init__(self, mount):
        self.mount, self.names = mount, []
        for i in range(os.cpu_count()):
            self.names.append(f"sleeper{i}")
            submit(mount, self.names[-1], command="exec sleep 1800")
            until(lambda name=self.names[-1]: state(mount, name) == "running",
                  "a sleeper to run", 60, 0.02)

    def cancel(self):
        for name in self.names:
            with open(self.mount.path("by-name", name, "ctl"), "w", encoding="ascii") as f:
                f.write("cancel\n")
            self.mount.wait(name)


def submit(mount, name, **spec):
    with open(mount.path("submit", name), "w", encoding="ascii") as f:
        f.write(json.dumps(spec))


def state(mount, name):
    return slurp(mount.path("by-name", name, "state")).strip()


def submit_all(mount, n):
    for i in range(n):
        submit(mount, f"active{i}", command="true")
    until(lambda: len(os.listdir(mount.path("by-state", "queued"))) == n, "all to be queued", 60,
          0.02)


def plain_tree(where, ended, active):
    """What jobs/ and by-state/queued/ look like, on tmpfs."""
    os.makedirs(os.path.join(where, "by-state", "queued"))
    for i in range(1, ended + active + 1):
        os.makedirs(os.path.join(where, "jobs", str(i)))
        with open(os.path.join(where, "jobs", str(i), "state"), "w", encoding="ascii") as f:
            f.write("completed\n" if i <= ended else "queued\n")
        if i > ended:
            os.symlink(f"../../jobs/{i}", os.path.join(where, "by-state", "queued", str(i)))


# What is looked at, in this order, and the goal against tmpfs.
LOOKS = (
    ("ls -l jobs/, first", lambda w, _: run(["ls", "-l", w + "/jobs"]), ("<=", 1.5)),
    ("ls -l jobs/, again", lambda w, _: run(["ls", "-l", w + "/jobs"]), None),
    ("ls by-state/queued", lambda w, _: run(["ls", w + "/by-state/queued"]), None),
    ("ls -l by-state/queued", lambda w, _: run(["ls", "-l", w + "/by-state/queued"]), None),
    ("stat of {some} random active ones",
     lambda w, some: [os.stat(f"{w}/jobs/{i}") for i in some], None),
    ("cat of {some} random active ones' state",
     lambda w, some: run(["cat", *(f"{w}/jobs/{i}/state" for i in some)]), None),
)


def look(mount, tmpfs, some, seen):
    for what, how, _ in LOOKS:
        ours, theirs = seen.setdefault(what, ([], []))
        theirs.append(timed(lambda: how(tmpfs, some)) * 1e3)
        ours.append(timed(lambda: how(mount.point, some)) * 1e3)


def by_name(mount, names):
    return timed(lambda: [os.readlink(mount.path("by-name", n)) for n in names]) * 1e3


def idle(bench, table, mount, what):
    seconds = bench.few(10, 3)
    time.sleep(2)
    before = switches(mount.pid)
    time.sleep(seconds)
    table.single(f"{what}: wake-ups in {seconds} s", switches(mount.pid) - before, "",
                 ("<=", 0))


def fill(bench, table, mount, what, active):
    """Where the active ones come from, and what they take."""
    sleepers = Sleepers(mount)
    before = sizes(mount.pid)[1]
    took = timed(lambda: submit_all(mount, active))
    table.single(f"{what}: submitted and queued", active / took, "jobs/s")
    table.single(f"{what}: private bytes for each active one",
                 (sizes(mount.pid)[1] - before) / active, "B")
    return sleepers


def measure(bench, table):
    ended, active = bench.few(100_000, 2_000), bench.few(10_000, 500)
    what = f"{ended} ended, {active} active"
    say(f"active: making {ended} ended jobs")
    kept = store(bench, "active", ended)
    tmpfs = bench.fresh_tmpfs("active")
    plain_tree(tmpfs, ended, active)
    draw, seen, mounts, names = random.Random(1), {}, [], []
    some = [str(draw.randrange(ended + active // 2, ended + active + 1))
            for _ in range(bench.few(1000, 100))]
    with Mount(bench.program, kept, bench.point) as m:
        say(f"active: submitting {active}")
        sleepers = fill(bench, table, m, what, active)
    for r in range(bench.few(3, 2)):
        say(f"active: round {r + 1}")
        with Mount(bench.program, kept, bench.point) as m:
            mounts.append(m.took * 1e3)
            look(m, tmpfs, some, seen)
            names.append(by_name(m, [f"active{i}" for i in range(len(some))]))
    for text, _, goal in LOOKS:
        table.against(f"{what}: {text.format(some=len(some))}", seen[text][0], "tmpfs",
                      seen[text][1], "ms", goal)
    table.measured(f"{what}: readlink of {len(some)} by-name/", names, "ms")
    table.measured(f"{what}: time to mount", mounts, "ms")
    with Mount(bench.program, kept, bench.point) as m:
        table.single(f"{what}: daemon's RSS after the mount", sizes(m.pid)[0] / MB, "MB")
        idle(bench, table, m, what)
        sleepers.mount = m
        sleepers.cancel()
    shutil.rmtree(tmpfs)
