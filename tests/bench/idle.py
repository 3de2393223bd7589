"""idle.py - what the daemon does when there is nothing to do: nothing

Counted twice: system calls seen by strace, and the kernel's own count of context switches, which
needs nobody looking over the daemon's shoulder.
"""

import os
import signal
import subprocess
import time

from harness import Mount, Skip, need, say


def switches(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as f:
            total += sum(int(line.split()[1]) for line in f if "ctxt_switches" in line)
    return total


def traced(pid, seconds, log):
    """System calls in `seconds`. Attaching interrupts what a thread waits in, and it goes back to
    waiting: so the first second is not counted, nor what is cut off by letting go."""
    tracer = subprocess.Popen(["strace", "-f", "-ttt", "-o", log, "-p", str(pid)],
                              stderr=subprocess.DEVNULL)
    time.sleep(1)
    start = time.time()
    time.sleep(seconds)
    tracer.send_signal(signal.SIGINT)
    tracer.wait()
    with open(log, encoding="utf-8", errors="replace") as f:
        lines = [line.split(None, 2) for line in f if "<detached" not in line]
    return sum(float(when) >= start and float(when) < start + seconds for _, when, _ in lines)


def measure(bench, table):
    say("idle")
    seconds = bench.few(10, 3)
    with Mount(bench.program, bench.fresh("idle"), bench.point) as m:
        with open(m.path("submit", "one"), "w", encoding="ascii") as f:
            f.write('{"command": "true"}')
        m.wait("one")
        time.sleep(2)
        before = switches(m.pid)
        time.sleep(seconds)
        table.single(f"wake-ups in {seconds} s, one ended job", switches(m.pid) - before, "",
                     ("<=", 0))
        what = f"system calls in {seconds} s (strace)"
        try:
            need("strace", "strace")
            calls = traced(m.pid, seconds, os.path.join(bench.work, "strace"))
            table.single(what, calls, "", ("<=", 0))
        except Skip as why:
            table.skipped(what, why)
