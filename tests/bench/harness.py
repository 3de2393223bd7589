"""harness.py - what every row of the benchmark needs: a mount, a clock, a table

A contender is measured once a round and the rounds go round in turn, so that whatever else the
machine does hits all of them; a ratio is the median of the rounds' own ratios, never a ratio of
medians taken at different times.
"""

import json
import os
import select
import shutil
import signal
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
ENDED = ("completed", "failed", "cancelled", "lost")
PATIENCE_S = 120
PATIENCE_MS = 60_000  # without any news; jobs here take milliseconds


class Skip(Exception):
    """This row cannot be measured here; the text says why and what to do."""


def need(program, package):
    path = shutil.which(program)
    if not path:
        raise Skip(f"no {program} here: apt-get install {package}")
    return path


def say(text):
    print(text, file=sys.stderr, flush=True)


def slurp(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def until(true, what, seconds=PATIENCE_S, pause=0.05):
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise RuntimeError(f"waited {seconds} s in vain for {what}")
        time.sleep(pause)


def timed(fn):
    start = time.perf_counter()
    fn()
    return time.perf_counter() - start


def run(argv, **more):
    """Run to the end; a failure is a broken benchmark, not a slow one."""
    more.setdefault("stdout", subprocess.PIPE)
    done = subprocess.run(argv, stderr=subprocess.PIPE, **more)
    if done.returncode:
        raise RuntimeError(f"{argv[0]} exited {done.returncode}: {done.stderr.decode()[-400:]}")
    return (done.stdout or b"").decode()


def build():
    """A release build of this checkout; returns the program's path."""
    where = os.environ.get("CLUSTRIXFS_BENCH_BUILD", os.path.join(ROOT, "build-release"))
    if not os.path.exists(os.path.join(where, "build.ninja")):
        say(f"building into {where}")
        run(["meson", "setup", "--buildtype=release", "-Dwerror=false", where, ROOT])
    run(["meson", "compile", "-C", where, "clustrixfs", "clustrixfs-keeper", "relay"])
    return os.path.join(where, "fs", "clustrixfs")


class Mount:
    """One daemon with its own state directory; `with` mounts and unmounts.

    source: what is mounted, where that is not this machine; environ: added to the daemon's.
    """

    def __init__(self, program, state, point, source=None, environ=None):
        self.program, self.state, self.point = program, state, point
        self.source = [source] if source else []
        # Its user's own configuration would change what is measured.
        self.environ = dict(os.environ, XDG_CONFIG_HOME=os.path.join(state, "no-config"),
                            **(environ or {}))
        self.pid = self.took = None

    def path(self, *names):
        return os.path.join(self.point, *names)

    def __enter__(self):
        os.makedirs(self.point, exist_ok=True)
        argv = [self.program, "-o", f"state={self.state}", *self.source, self.point]
        self.took = timed(lambda: run(argv, env=self.environ, stdin=subprocess.DEVNULL))
        self.pid = self.find_pid()
        return self

    def find_pid(self):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    words = f.read().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(b"/clustrixfs") and f"state={self.state}".encode() in words:
                return int(pid)
        raise RuntimeError(f"{self.point} is mounted, but its daemon is not to be found")

    def __exit__(self, *failed):
        if failed[0]:
            # Files are open still; the daemon ends when we do.
            run(["fusermount3", "-uz", self.point])
            return
        run(["fusermount3", "-u", self.point])
        until_gone(self.pid)

    def wait(self, name, patience_ms=PATIENCE_MS):
        with open(self.path("by-name", name, "wait"), encoding="utf-8") as f:
            self.until_readable(f, patience_ms)
            return f.read().strip()

    def until_readable(self, fd, patience_ms=PATIENCE_MS):
        """Wait for news; a benchmark that waits for ever hides what is wrong."""
        news = select.poll()
        news.register(fd, select.POLLIN)
        if not news.poll(patience_ms):
            with open(self.path("jobs", "latest", "reason"), encoding="utf-8") as f:
                raise RuntimeError(f"no job has ended for {patience_ms / 1e3:.0f} s; the newest: "
                                   + f.read())


def until_gone(pid):
    """The next round must not share the machine with a daemon that is still closing its store."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if not select.select([fd], [], [], 30)[0]:
            os.kill(pid, signal.SIGKILL)
            raise RuntimeError(f"the daemon {pid} did not end within 30 s of its unmount")
    finally:
        os.close(fd)


class Ends:
    """Counts the ends of jobs from the mount's own events file, waiting in read(). Begins with
    what happens from now on."""

    def __init__(self, mount):
        self.mount = mount
        self.fd = os.open(mount.path("events"), os.O_RDONLY)
        os.lseek(self.fd, os.stat(mount.path("events")).st_size, os.SEEK_SET)
        self.rest = b""

    def more(self):
        """The next events, at least a part of one."""
        self.mount.until_readable(self.fd)
        data = os.read(self.fd, 1 << 17)
        *lines, self.rest = (self.rest + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def wait(self, jobs):
        while jobs > 0:
            jobs -= sum(event.get("state") in ENDED for event in self.more())

    def close(self):
        os.close(self.fd)


def rounds(contenders, n):
    """{name: fn(round) -> number}; returns {name: [n numbers]}, the order turned by one a round."""
    names = list(contenders)
    seen = {name: [] for name in names}
    for r in range(n):
        for name in names[r % len(names):] + names[:r % len(names)]:
            began = time.monotonic()
            seen[name].append(contenders[name](r))
            say(f"  {name}, round {r + 1}: {time.monotonic() - began:.1f} s")
    return seen


def number(x):
    if x == 0 or abs(x) >= 100:
        return f"{x:.0f}"
    return f"{x:.2f}" if abs(x) < 10 else f"{x:.1f}"


def spread(values, unit):
    middle = number(statistics.median(values))
    if len(values) == 1:
        return f"{middle} {unit}"
    return f"{middle} {unit} ({number(min(values))}..{number(max(values))})"


def percentile(values, p):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * p / 100))]


class Table:
    """Rows of: what, measured, against whom, theirs, ratio, goal, met."""

    HEAD = ("what", "clustrixfs", "against", "its own", "ratio", "goal", "met")

    def __init__(self):
        self.rows, self.missed = [], 0

    def verdict(self, value, goal):
        """goal: None, or ("<=" | ">=", number)."""
        if goal is None:
            return "", ""
        ok = value <= goal[1] if goal[0] == "<=" else value >= goal[1]
        self.missed += not ok
        return f"{goal[0]} {goal[1]:g}", "yes" if ok else "NO"

    def measured(self, what, values, unit, goal=None, judge=statistics.median):
        text, met = self.verdict(judge(values), goal)
        self.rows.append((what, spread(values, unit), "", "", "", text, met))

    def single(self, what, value, unit, goal=None):
        self.measured(what, [value], unit, goal)

    def against(self, what, ours, peer, theirs, unit, goal=None):
        ratio = statistics.median(a / b for a, b in zip(ours, theirs))
        text, met = self.verdict(ratio, goal)
        self.rows.append((what, spread(ours, unit), peer, spread(theirs, unit),
                          f"{ratio:.2f}", text, met))

    def skipped(self, what, why):
        self.rows.append((what, f"skipped: {why}", "", "", "", "", ""))

    def print(self):
        widths = [max(len(r[i]) for r in self.rows + [self.HEAD]) for i in range(len(self.HEAD))]
        for row in [self.HEAD, tuple("-" * w for w in widths)] + self.rows:
            print("| " + " | ".join(c.ljust(w) for c, w in zip(row, widths)) + " |")
