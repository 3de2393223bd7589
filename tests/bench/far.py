"""far.py - what the rows of far clusters need: the testbed, an account there, links, peers' mounts

The far side is the testbed's (tests/testbed): a real sshd and a real Slurm on this machine, with
a directory of this run in the account's home. "loopback" goes straight to it, "20 ms" through the
testbed's relay. Peers and clustrixfs use the same account, key and links. Both ends share this
machine's processors, so ratios count and absolute numbers are a lower bound.
"""

import os
import pwd
import shutil
import signal
import statistics
import subprocess
import time

from harness import ROOT, Mount, Skip, need, run, slurp, timed, until

TESTBED = os.path.join(ROOT, "tests", "testbed")
DELAY_MS = 20
SERVICES = ("sshd", "slurm")
HOSTS = {"cfx": 0, "cfx-host": 4}  # what is added to the testbed's first port


class PeerMount:
    """A peer's mount, in the foreground, so that it is ours to end."""

    def __init__(self, argv, point, env=None):
        self.argv, self.point, self.env = argv, point, env
        self.process = None

    def __enter__(self):
        os.makedirs(self.point, exist_ok=True)
        self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        env=self.env)
        end = time.monotonic() + 30
        while not os.path.ismount(self.point):
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                words = self.process.communicate()[1].decode()[-400:]
                raise RuntimeError(f"{self.argv[0]} does not mount: {words}")
            time.sleep(0.02)
        return self.point

    def __exit__(self, *failed):
        try:
            # One that has ended by the signal that ends us has unmounted.
            subprocess.run(["fusermount3", "-u", self.point], stderr=subprocess.DEVNULL,
                           check=False)
            self.process.wait(30)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process.stderr.close()


class Link:
    """One way to the far side: what the peers are told, and where our mounts go."""

    def __init__(self, far, name, suffix):
        self.far, self.name, self.suffix = far, name, suffix
        self.masters = []

    def host(self, alias):
        return alias + self.suffix

    def ssh(self, alias, *options):
        return ["ssh", "-F", self.far.config, *options, self.host(alias)]

    def where(self, path, alias="cfx-host"):
        return f"{self.host(alias)}:{path}"

    def master(self, alias):
        """A connection that stays; returns the argv that rides on it."""
        path = os.path.join(self.far.home, f"master-{self.host(alias)}")
        argv = ["ssh", "-F", self.far.config, "-o", f"ControlPath={path}", self.host(alias)]
        if not os.path.exists(path):
            run([*argv[:1], "-M", "-N", "-f", *argv[1:]], stdin=subprocess.DEVNULL)
            self.masters.append(argv)
        return argv

    def round_trip_ms(self, alias="cfx-host"):
        """A line and its echo over a channel that is open already."""
        with subprocess.Popen([*self.ssh(alias), "cat"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as echo:
            def once():
                echo.stdin.write(b"x\n")
                echo.stdin.flush()
                echo.stdout.readline()
            once()
            took = statistics.median(timed(once) for _ in range(20))
            echo.stdin.close()
        return took * 1e3

    def mount(self, name, alias="cfx-host"):
        """clustrixfs there, with state of its own; returned when the cluster is reached."""
        return FarMount(self, name, alias)

    def sshfs(self, path, *options):
        point = self.far.point("sshfs")
        return PeerMount(["sshfs", "-f", "-F", self.far.config, *options, self.where(path), point],
                         point)

    def rclone(self, path):
        point = self.far.point("rclone")
        remote = (f":sftp,host=127.0.0.1,port={self.far.ports[self.host('cfx-host')]},"
                  f"user={self.far.user},key_file='{self.far.key}',"
                  f"known_hosts_file='{self.far.known}':{path}")
        env = dict(os.environ, RCLONE_CONFIG=os.path.join(self.far.home, "rclone.conf"))
        return PeerMount(["rclone", "mount", remote, point], point, env)

    def close(self):
        for argv in self.masters:
            # One that is gone already is what is wanted.
            subprocess.run([*argv[:1], "-O", "exit", *argv[1:]], stderr=subprocess.DEVNULL,
                           check=False)


class FarMount(Mount):
    """A mount of the far side."""

    def __init__(self, link, name, alias):
        far = link.far
        host = link.host(alias)
        root = f"{far.dir}/{name}"
        super().__init__(far.bench.program, far.bench.fresh(name), far.bench.point,
                         f"{host}:{root}", {"HOME": far.home})
        self.cluster, self.root = host, root

    def __enter__(self):
        super().__enter__()
        until(lambda: slurp(self.path("clusters", self.cluster, "state")).startswith("up"),
              f"{self.cluster} to be reached")
        return self

    def submit(self, name, text):
        fd = os.open(self.path("submit", name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        os.write(fd, text.encode())
        os.close(fd)

    def done(self, name, text):
        """Submit and wait for its good end; returns the directory of its files."""
        self.submit(name, text)
        said = self.wait(name)
        if said != "completed 0":
            raise RuntimeError(f"{name}: {said}: "
                               + slurp(self.path("by-name", name, "reason")))
        return self.path("by-name", name, "files")


class Far:
    """The testbed and this run's part of it. Made once a run, when the first row needs it."""

    def __init__(self, bench):
        if os.geteuid() != 0:
            raise Skip("the testbed needs root")
        for program, package in (("ssh", "openssh-client"), ("setpriv", "util-linux")):
            need(program, package)
        self.bench = bench
        self.began = self.start_services()
        self.env = self.environment()
        self.user, self.key = self.env["CFX_SSH_USER"], self.env["CFX_SSH_KEY"]
        account = pwd.getpwnam(self.user)
        self.home = bench.fresh("far-home")
        self.config = os.path.join(self.home, ".ssh", "config")
        self.known = os.path.join(self.home, ".ssh", "known_hosts")
        self.account_home, self.relays = account.pw_dir, []
        self.dir = self.remote('mktemp -d "$HOME/bench.XXXXXX"').strip()
        self.ports = {host: int(self.env["CFX_SSH_PORT"]) + n for host, n in HOSTS.items()}
        for host in HOSTS:
            self.ports[f"{host}-slow"] = self.relay(self.ports[host])
        self.write_home()
        self.links = [Link(self, "loopback", ""), Link(self, f"{DELAY_MS} ms", "-slow")]

    def start_services(self):
        """Brings up what is not up; returns which that were, to take them down again."""
        state = os.environ.get("CFX_TESTBED", os.path.join(
            os.environ.get("TMPDIR", "/tmp"), "clustrixfs-testbed"))
        began = [s for s in SERVICES if not os.path.exists(f"{state}/started/{s}")]
        try:
            run([os.path.join(TESTBED, "up"), *SERVICES], stdin=subprocess.DEVNULL)
        except RuntimeError as why:
            raise Skip(f"no testbed: {why}") from why
        return began

    def environment(self):
        names = run(["bash", "-c", 'eval "$("$1/env")"; env -0', "bash", TESTBED])
        return dict(line.split("=", 1) for line in names.split("\0") if "=" in line)

    def relay(self, port):
        program = os.path.join(os.path.dirname(os.path.dirname(self.bench.program)),
                               "tests", "testbed", "relay")
        if not os.path.exists(program):
            raise Skip(f"no {program}: build the target relay")
        relay = subprocess.Popen([program, "0", str(port), str(DELAY_MS // 2)],
                                 stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.relays.append(relay)
        return int(relay.stdout.readline().split()[1])

    def write_home(self):
        os.mkdir(os.path.dirname(self.config), 0o700)
        with open(self.config, "w", encoding="utf-8") as f:
            for host, port in self.ports.items():
                f.write(f"Host {host}\n    HostName 127.0.0.1\n    Port {port}\n"
                        f"    User {self.user}\n    IdentityFile {self.key}\n"
                        f"    UserKnownHostsFile {self.known}\n    StrictHostKeyChecking yes\n")
        first = f"[127.0.0.1]:{self.env['CFX_SSH_PORT']} "
        keys = [line.removeprefix(first) for line in
                slurp(self.env["CFX_KNOWN_HOSTS"]).splitlines() if line.startswith(first)]
        with open(self.known, "w", encoding="utf-8") as f:
            f.writelines(f"[127.0.0.1]:{port} {key}\n"
                         for port in self.ports.values() for key in keys)

    def account(self, command, *args):
        """The argv that runs a sh command as the far account, without ssh."""
        return ["setpriv", "--reuid", self.user, "--regid", self.user, "--clear-groups",
                "env", "-i", f"HOME={self.account_home}", f"USER={self.user}",
                "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", f"SLURM_CONF={self.env['SLURM_CONF']}",
                "sh", "-c", command, "sh", *args]

    def remote(self, command, *args):
        return run(self.account(command, *args), cwd=self.account_home, stdin=subprocess.DEVNULL)

    def slurm(self, *argv):
        """An administrator's command."""
        return run(argv, env=dict(os.environ, SLURM_CONF=self.env["SLURM_CONF"]))

    def cancel_all(self):
        """Every job that works in this run's directory, and wait until Slurm has none."""
        mine = 'squeue -h -o "%i %Z" | awk -v d="$1" \'index($2, d) == 1 { print $1 }\''
        self.remote(f"{mine} | xargs -r scancel", self.dir)
        until(lambda: not self.remote(mine, self.dir).strip(), "scancel", pause=0.5)

    def point(self, name):
        return os.path.join(self.bench.work, name)

    def scratch(self, name):
        """An empty directory in memory for what is copied to here."""
        path = os.path.join(self.bench.tmpfs, name)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        return path

    def big_file(self, mib):
        """Incompressible bytes; read once, so that they are in memory for everybody."""
        path = f"{self.dir}/big-{mib}"
        self.remote('[ -e "$1" ] || head -c "$2M" /dev/urandom >"$1"; cat "$1" >/dev/null',
                    path, str(mib))
        return path

    def close(self):
        for link in self.links:
            link.close()
        for relay in self.relays:
            relay.send_signal(signal.SIGTERM)
            relay.wait()
            relay.stdout.close()
        try:
            self.cancel_all()
        finally:
            self.remote('rm -rf -- "$1"', self.dir)
            if self.began:
                run([os.path.join(TESTBED, "down"), *self.began], stdin=subprocess.DEVNULL)


def present(table, what, programs):
    """Those of {program: package} that are here; the others become skipped rows."""
    here = set()
    for program, package in programs.items():
        try:
            need(program, package)
            here.add(program)
        except Skip as why:
            table.skipped(f"{what} against {program}", why)
    return here
