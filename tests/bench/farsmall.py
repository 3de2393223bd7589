"""farsmall.py - a thousand small result files, all of them copied: from close by and from afar

Ours is `cp -r` of files/ as soon as `wait` has returned, from a job that nobody has looked at; the
peers copy the same directory, through a mount that is new or over a connection of their own. All
copies go to memory.
"""

import os
import shutil

from far import present
from harness import rounds, run, say, timed

OPTIONS = {"FARSMALL_FILES": (1000, 200), "FARSMALL_BYTES": (4096, 4096)}
GOALS = {"sshfs": 1, "scp -r": 1, "rsync": 1, "tar over ssh": 0.67}
PROGRAMS = {"sshfs": "sshfs", "rsync": "rsync"}

MAKE = ('mkdir -p "$1" && cd "$1" && head -c $(($2 * $3)) /dev/urandom |'
        ' split -b "$3" -a 4 -d - file. && ls | wc -l')


class Contenders:
    """Each copies the directory once and returns files/s."""

    def __init__(self, link, mount, source, n):
        self.link, self.far, self.mount, self.source, self.n = link, link.far, mount, source, n

    def checked(self, fn):
        """fn copies into the directory that it is given, to copy/."""
        to = self.far.scratch("small")
        took = timed(lambda: fn(to))
        got = len([n for n in os.listdir(f"{to}/copy") if n.startswith("file.")])
        if got != self.n:
            raise RuntimeError(f"{got} files were copied, not {self.n}")
        shutil.rmtree(to)
        return self.n / took

    def ours(self, r):
        files = self.mount.done(f"small{r}", f"#!/bin/sh\ncp -rl '{self.source}'/. .\n")
        return self.checked(lambda to: run(["cp", "-r", files, f"{to}/copy"]))

    def sshfs(self, _):
        with self.link.sshfs(self.source) as point:
            return self.checked(lambda to: run(["cp", "-r", point, f"{to}/copy"]))

    def scp(self, _):
        return self.checked(lambda to: run(["scp", "-q", "-r", "-F", self.far.config,
                                            self.link.where(self.source), f"{to}/copy"]))

    def rsync(self, _):
        return self.checked(lambda to: run(["rsync", "-r", "-e", f"ssh -F {self.far.config}",
                                            self.link.where(self.source) + "/", f"{to}/copy/"]))

    def tar(self, _):
        ssh = self.link.ssh("cfx-host")
        line = 'to=$1 from=$2; shift 2; mkdir "$to" && "$@" tar -C "$from" -c . | tar -C "$to" -x'
        return self.checked(lambda to: run(["sh", "-c", line, "sh", f"{to}/copy", self.source,
                                            *ssh]))


def one_link(bench, table, link, o):
    n, size = o["FARSMALL_FILES"], o["FARSMALL_BYTES"]
    what = f"cp -r of {n} results of {size} bytes, {link.name}"
    say(what)
    source = f"{bench.far().dir}/small-{n}"
    bench.far().remote(MAKE, source, str(n), str(size))
    here = present(table, what, PROGRAMS)
    with link.mount(f"small{link.suffix}") as m:
        c = Contenders(link, m, source, n)
        peers = {"scp -r": c.scp, "tar over ssh": c.tar}
        peers.update({name: getattr(c, name) for name in PROGRAMS if name in here})
        seen = rounds({"ours": c.ours, **peers}, bench.rounds)
    for name in peers:
        table.against(what, seen["ours"], name, seen[name], "files/s", (">=", GOALS[name]))


def measure(bench, table):
    o = bench.options(OPTIONS)
    for link in bench.far().links:
        one_link(bench, table, link, o)
