"""latency.py - from close() to the job's first act, and from its last to `wait` returning

The job itself is the witness: stamp.c notes the time as the first thing it does and as the last.
The same is measured of a script for /bin/sh whose first act is to start date(1), beside that script
started by posix_spawn(): what of it is the shell's and date's can be seen there.
"""

import os
import time

from harness import HERE, Mount, need, percentile, run, say, slurp

DATE = "#!/bin/sh\ndate +%s%N\nsleep 0.05\nexec date +%s%N\n"
MS = 1e6


def submit(m, name, script):
    """Milliseconds: in close(), to the first act, from the last act to `wait` returning."""
    fd = os.open(m.path("submit", name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755)
    os.write(fd, script.encode())
    opened = time.time_ns()
    os.close(fd)
    closed = time.time_ns()
    said = m.wait(name)
    returned = time.time_ns()
    if said != "completed 0":
        raise RuntimeError(f"{name}: {said}")
    first, last = map(int, slurp(m.path("by-name", name, "stdout")).split())
    # A job may well be running before the closer is awake again: that is no negative time.
    return (closed - opened) / MS, max(0, first - closed) / MS, max(0, returned - last) / MS


def spawn(script, out):
    """Milliseconds to the first act of a script that is simply started."""
    to = [(os.POSIX_SPAWN_OPEN, 1, out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)]
    started = time.time_ns()
    pid = os.posix_spawn(script, [script], os.environ, file_actions=to)
    os.waitpid(pid, 0)
    return (int(slurp(out).split()[0]) - started) / MS


def executable(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    os.chmod(path, 0o755)
    return path


def p99(values):
    return percentile(values, 99)


def measure(bench, table):
    say("latency")
    n = bench.few(300, 30)
    stamp = os.path.join(bench.work, "stamp")
    run([need("cc", "gcc"), "-O2", "-static", "-o", stamp, os.path.join(HERE, "stamp.c")])
    script = executable(os.path.join(bench.work, "date.sh"), DATE)
    witness = f"#!{stamp}\nwhat follows is for the interpreter, which does not read it\n"
    with Mount(bench.program, bench.fresh("latency"), bench.point) as m:
        for i in range(5):
            submit(m, f"warm{i}", witness)
        close, start, end = zip(*(submit(m, f"job{i}", witness) for i in range(n)))
        pairs = [(submit(m, f"date{i}", DATE)[1], spawn(script, os.path.join(bench.work, "out")))
                 for i in range(n // 3)]
    table.measured(f"close() itself, {n} jobs one by one", close, "ms")
    table.measured("close() returned -> job's first act, median", start, "ms", ("<=", 10))
    table.single("the same, p99", p99(start), "ms", ("<=", 50))
    ours, theirs = zip(*pairs)
    table.against("the same, of a script that starts date(1)", ours, "posix_spawn()", theirs, "ms")
    table.measured("job's last act -> wait returns, median", end, "ms", ("<=", 5))
    table.single("the same, p99", p99(end), "ms")
