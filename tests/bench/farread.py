"""farread.py - the first read of a large result: from another machine's disk to `cat`

Cold for us is a job that nobody has read from: each round submits one whose result is a hard link
to the same bytes, so that nothing is written in between. For the peers it is a mount that is new.
The mounting is not measured, of ours nor of theirs; what connects for each transfer is.
"""

import os

from far import present
from harness import rounds, run, say, timed

OPTIONS = {"FARREAD_MIB": (1024, 64), "FARREAD_SLOW_MIB": (256, 32)}
GCM = "aes128-gcm@openssh.com"
GOALS = {"loopback": {"sshfs": 1.7, "sshfs tuned": 1.5, "ssh cat": 0.75},
         "20 ms": {"sshfs": 10, "ssh cat": 2.5}}
PROGRAMS = {"sshfs": "sshfs", "rclone": "rclone", "rsync": "rsync"}


def cat(path):
    with open(os.devnull, "wb") as null:
        return timed(lambda: run(["cat", path], stdout=null))


class Contenders:
    """Each reads the whole file once and returns MB/s."""

    def __init__(self, link, mount, path):
        self.link, self.far, self.mount, self.path = link, link.far, mount, path
        self.where, self.name = os.path.split(path)
        self.mb = os.stat(path).st_size / 1e6

    def ours(self, r):
        files = self.mount.done(f"read{r}", f"#!/bin/sh\nln '{self.path}' big\n")
        took = cat(os.path.join(files, "big"))
        if r == 0:
            run(["cmp", os.path.join(files, "big"), self.path])
        # A peer's mount gives back what it cached; memory that a machine never had is slow to get.
        run(["rm", "-r", os.path.dirname(os.path.realpath(files))])
        return self.mb / took

    def through(self, mount):
        with mount as point:
            return self.mb / cat(os.path.join(point, self.name))

    def sshfs(self, _):
        return self.through(self.link.sshfs(self.where))

    def tuned(self, _):
        return self.through(self.link.sshfs(self.where, "-o", f"Ciphers={GCM}",
                                            "-o", "max_conns=4"))

    def rclone(self, _):
        return self.through(self.link.rclone(self.where))

    def ssh_cat(self, _):
        argv = [*self.link.ssh("cfx-host", "-c", GCM), "cat", self.path]
        with open(os.devnull, "wb") as null:
            return self.mb / timed(lambda: run(argv, stdout=null))

    def copied(self, argv):
        to = os.path.join(self.far.scratch("read"), "big")
        took = timed(lambda: run([*argv, self.link.where(self.path), to]))
        if os.stat(to).st_size != os.stat(self.path).st_size:
            raise RuntimeError(f"{argv[0]} copied something else")
        os.unlink(to)
        return self.mb / took

    def scp(self, _):
        return self.copied(["scp", "-q", "-F", self.far.config])

    def rsync(self, _):
        return self.copied(["rsync", "-e", f"ssh -F {self.far.config}"])


def one_link(bench, table, link, mib):
    what = f"first read of a {mib} MiB result, {link.name}"
    say(what)
    here = present(table, what, PROGRAMS)
    with link.mount(f"read{link.suffix}") as m:
        c = Contenders(link, m, bench.far().big_file(mib))
        peers = {"ssh cat": c.ssh_cat, "scp": c.scp}
        for name, program, fn in (("sshfs", "sshfs", c.sshfs), ("sshfs tuned", "sshfs", c.tuned),
                                  ("rclone mount", "rclone", c.rclone),
                                  ("rsync", "rsync", c.rsync)):
            if program in here:
                peers[name] = fn
        seen = rounds({"ours": c.ours, **peers}, bench.rounds)
    for name in peers:
        goal = GOALS[link.name].get(name)
        table.against(what, seen["ours"], name, seen[name], "MB/s", goal and (">=", goal))


def measure(bench, table):
    o = bench.options(OPTIONS)
    for link, mib in zip(bench.far().links, (o["FARREAD_MIB"], o["FARREAD_SLOW_MIB"])):
        one_link(bench, table, link, mib)
