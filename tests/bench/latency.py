"""latency.py - from close() to the job's first act, and from its last to `wait` returning

The job itself is the witness: it prints the time as the first thing it does and as the last
(by exec, so that nothing of it is left to do but to exit). Both are upper bounds: they include
the start of date(1).
"""

import os
import time

from harness import Mount, percentile, say

SPEC = '{"command": "date +%s%N; sleep 0.05; exec date +%s%N"}'
MS = 1e6


def one(m, name):
    fd = os.open(m.path("submit", name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    os.write(fd, SPEC.encode())
    opened = time.time_ns()
    os.close(fd)
    closed = time.time_ns()
    said = m.wait(name)
    returned = time.time_ns()
    if said != "completed 0":
        raise RuntimeError(f"{name}: {said}")
    with open(m.path("by-name", name, "stdout"), encoding="ascii") as f:
        first, last = map(int, f.read().split())
    # A job may well be running before the closer is awake again: that is no negative time.
    return (closed - opened) / MS, max(0, first - closed) / MS, max(0, returned - last) / MS


def measure(bench, table):
    say("latency")
    n = bench.few(300, 30)
    with Mount(bench.program, bench.fresh("latency"), bench.point) as m:
        for i in range(5):
            one(m, f"warm{i}")
        close, start, end = zip(*(one(m, f"job{i}") for i in range(n)))

    def p99(values):
        return percentile(values, 99)

    table.measured(f"close() itself, {n} jobs one by one", close, "ms")
    table.measured("close() returned -> job's first act, median", start, "ms", ("<=", 10))
    table.single("the same, p99", p99(start), "ms", ("<=", 50))
    table.measured("job's last act -> wait returns, median", end, "ms", ("<=", 5))
    table.single("the same, p99", p99(end), "ms")
