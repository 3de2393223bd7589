"""jobs.py - how many jobs a second, from a file to its end

Every contender runs the same scripts, as many at a time as there are processors, each with its
own files for standard output and standard error.
"""

import os
import shlex
import subprocess

from harness import Ends, Mount, Skip, need, rounds, run, say, slurp, timed

SCRIPT = "#!/bin/sh\necho hello\n"


def make_scripts(where, n):
    os.makedirs(where)
    paths = [os.path.join(where, f"job{i:04d}") for i in range(n)]
    for path in paths:
        with open(path, "w", encoding="ascii") as f:
            f.write(SCRIPT)
        os.chmod(path, 0o755)
    return paths


def check_outputs(read, n):
    wrong = sum(read(i) != "hello\n" for i in range(n))
    if wrong:
        raise RuntimeError(f"{wrong} of {n} jobs have another stdout than 'hello'")


class Peers:
    """The same scripts by other means; each returns jobs a second."""

    def __init__(self, bench, scripts):
        self.bench, self.scripts, self.n = bench, scripts, len(scripts)
        self.cpus = str(os.cpu_count())

    def fresh(self, name, r):
        out = self.bench.fresh(f"{name}-{r}")
        return out, os.path.dirname(self.scripts[0])

    def checked(self, seconds, out):
        check_outputs(lambda i: slurp(f"{out}/job{i:04d}.out"), self.n)
        return self.n / seconds

    def xargs(self, r):
        out, scripts = self.fresh("xargs", r)
        line = 'exec "$1/$2" >"$0/$2.out" 2>"$0/$2.err" </dev/null'
        command = (f"ls {shlex.quote(scripts)} | xargs -P{self.cpus} -n1 "
                   f"sh -c {shlex.quote(line)} {shlex.quote(out)} {shlex.quote(scripts)}")
        return self.checked(timed(lambda: run(["sh", "-c", command])), out)

    def parallel(self, r):
        out, scripts = self.fresh("parallel", r)
        argv = ["parallel", "--will-cite", f"-j{self.cpus}",
                f"{{}} >{shlex.quote(out)}/{{/}}.out 2>{shlex.quote(out)}/{{/}}.err"]
        names = "\n".join(self.scripts).encode()
        return self.checked(timed(lambda: run(argv, input=names, cwd=scripts)), out)

    def tsp(self, r):
        out, _ = self.fresh("tsp", r)
        env = dict(os.environ, TS_SOCKET=f"{out}/socket", TMPDIR=out, TS_SLOTS=self.cpus,
                   TS_MAXFINISHED=str(self.n + 10))
        # Without -E, which Debian 12's dies of: both outputs go to one file, a favour to it.
        loop = 'for s in "$@"; do tsp "$s" >/dev/null; done; tsp -w'
        argv = ["sh", "-c", loop, "sh", *self.scripts]
        try:
            took = timed(lambda: run(argv, env=env))
            outputs = [f for f in os.listdir(out) if f.startswith("ts-out.")]
            check_outputs(lambda i: slurp(f"{out}/{outputs[i]}"), self.n)
        finally:
            subprocess.run(["tsp", "-K"], env=env, check=False)
        return self.n / took


def bulk(bench, table):
    """One `cp` of all scripts into submit/, until the last of them has ended."""
    n = bench.few(1000, 100)
    scripts = make_scripts(bench.fresh("scripts") + "/bulk", n)
    peers = Peers(bench, scripts)

    def ours(r):
        with Mount(bench.program, bench.fresh(f"bulk-{r}"), bench.point) as m:
            ends = Ends(m)
            took = timed(lambda: (run(["cp", *scripts, m.path("submit/")]), ends.wait(n)))
            ends.close()
            check_outputs(lambda i: slurp(m.path("by-name", f"job{i:04d}", "stdout")), n)
        return n / took

    contenders = {"ours": ours, "xargs": peers.xargs}
    for program, package in (("parallel", "parallel"), ("tsp", "task-spooler")):
        try:
            need(program, package)
            contenders[program] = getattr(peers, program)
        except Skip as why:
            table.skipped(f"{n} tiny jobs against {program}", why)
    seen = rounds(contenders, bench.rounds)
    goals = {"xargs": (">=", 0.6), "parallel": (">=", 2), "tsp": None}
    labels = {"xargs": f"xargs -P{peers.cpus}", "parallel": "GNU parallel", "tsp": "task-spooler"}
    for name in contenders:
        if name != "ours":
            table.against(f"{n} tiny jobs: one cp, run to their end", seen["ours"], labels[name],
                          seen[name], "jobs/s", goals[name])


def loop(bench, table):
    """One `cp` for each script, into submit/ (where they run meanwhile) and into a tmpfs."""
    n = bench.few(300, 50)
    scripts = make_scripts(bench.fresh("scripts-loop") + "/loop", n)
    body = 'to=$1; shift; for s in "$@"; do cp "$s" "$to/"; done'

    def into(where):
        return n / timed(lambda: run(["sh", "-c", body, "sh", where, *scripts]))

    def ours(r):
        with Mount(bench.program, bench.fresh(f"loop-{r}"), bench.point) as m:
            ends = Ends(m)
            rate = into(m.path("submit"))
            ends.wait(n)
            ends.close()
        return rate

    def tmpfs(r):
        return into(bench.fresh_tmpfs(f"loop-{r}"))

    seen = rounds({"ours": ours, "tmpfs": tmpfs}, bench.rounds)
    table.against(f"loop of {n} cp into submit/", seen["ours"], "the same onto tmpfs",
                  seen["tmpfs"], "cp/s", (">=", 0.6))


def measure(bench, table):
    say("jobs: bulk")
    bulk(bench, table)
    say("jobs: loop of cp")
    loop(bench, table)
