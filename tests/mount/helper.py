"""helper.py - what the mount tests cannot say in a shell

Waiting for events of the kernel (a mount, an end of a process, poll()), and programs that want a
terminal. Each function is a command of that name; it exits 0 when what it waits for came to be.
"""
import ctypes
import os
import pty
import select
import signal
import sys
import time


def deadline(seconds):
    """Seconds that are left, as a function."""
    end = time.monotonic() + float(seconds)
    return lambda: max(0.0, end - time.monotonic())


def await_mount(path, pid, seconds):
    """Until PATH is a mount point that answers; 1 when process PID ended before that."""
    left = deadline(seconds)
    try:
        process = os.pidfd_open(int(pid))
    except ProcessLookupError:
        return 1
    with open("/proc/self/mountinfo", "rb", buffering=0) as mounts:
        poll = select.poll()
        poll.register(mounts, select.POLLPRI)
        poll.register(process, select.POLLIN)
        while left():
            mounts.seek(0)
            points = [line.split()[4] for line in mounts.read(1 << 20).splitlines()]
            if os.fsencode(path) in points and os.path.isdir(path):
                return 0
            for fd, _ in poll.poll(left() * 1000):
                if fd == process:
                    return 1
    return 2


def await_exit(pid, seconds):
    """Until process PID has ended; also when it is still somebody's zombie."""
    try:
        process = os.pidfd_open(int(pid))
    except ProcessLookupError:
        return 0
    poll = select.poll()
    poll.register(process, select.POLLIN)
    return 0 if poll.poll(float(seconds) * 1000) else 1


def alarm(seconds):
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, float(seconds))


def await_state(mount, job, word, seconds):
    """Until jobs/JOB/state begins with WORD: looks each time the mount's events grow."""
    alarm(seconds)
    events = os.open(os.path.join(mount, "events"), os.O_RDONLY)
    while True:
        with open(os.path.join(mount, "jobs", job, "state")) as f:
            if f.read().split()[:1] == [word]:
                return 0
        os.read(events, 1 << 16)


def await_parked(pid, path, seconds):
    """Until process PID is blocked in a read of PATH. There is no event for that: look again."""
    left = deadline(seconds)
    while left():
        try:
            held = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
            with open(f"/proc/{pid}/syscall") as f:
                call = f.read().split()[0]
        except OSError:
            return 1
        if path in held and call in ("0", "326"):  # read, copy_file_range
            return 0
        time.sleep(0.01)
    return 2


def readable(path, seconds):
    """poll() says within SECONDS that PATH can be read."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return 0 if poll.poll(float(seconds) * 1000) else 1


def poll_wait(path, up):
    """poll() on PATH sleeps until somebody else makes it readable, then read() gives the text."""
    fd = os.open(path, os.O_RDONLY)
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    if poll.poll(0):
        print("readable before there is anything to read")
        return 1
    with open(up, "w") as f:
        f.write("polling\n")
    alarm(60)
    got = poll.poll()
    print(os.read(fd, 4096).decode(), end="")
    return 0 if got[0][1] & select.POLLIN else 1


def poll_events(path, up):
    """The same for the log of events: first drained with O_NONBLOCK until EAGAIN."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    ends = 0
    while True:
        try:
            ends = ends + 1 if not os.read(fd, 1 << 16) else 0
        except BlockingIOError:
            break
        if ends > 3:
            print("a read at the end gives EOF for ever instead of EAGAIN")
            return 1
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    if poll.poll(0):
        print("readable before there is anything to read")
        return 1
    with open(up, "w") as f:
        f.write("polling\n")
    alarm(60)
    got = poll.poll()
    print(os.read(fd, 4096).decode().splitlines()[0])
    return 0 if got[0][1] & select.POLLIN else 1


def typed(keys, *argv):
    """Run a full-screen program in a terminal and type KEYS (Python escapes), each piece between
    "|" once the program has nothing more to draw; it must end by itself."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.execvp(argv[0], argv)
    left = deadline(30)
    pieces = [p.encode().decode("unicode_escape").encode() for p in keys.split("|")]
    while left():
        quiet = not select.select([fd], [], [], 0.3)[0]
        if not quiet:
            try:
                if not os.read(fd, 1 << 16):
                    break
            except OSError:
                break
        elif pieces:
            os.write(fd, pieces.pop(0))
    else:
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def reuse_pid(pid, *argv):
    """Run a program as process PID: clone3() with set_tid, which needs CAP_SYS_ADMIN. The one that
    had the number has ended; some pid 1 take their time to reap it."""
    libc = ctypes.CDLL(None, use_errno=True)
    tid = ctypes.c_int(int(pid))
    left = deadline(20)
    while os.path.exists(f"/proc/{pid}") and left():
        time.sleep(0.1)
    args = (ctypes.c_uint64 * 11)()
    args[4] = signal.SIGCHLD
    args[8] = ctypes.addressof(tid)
    args[9] = 1
    r = libc.syscall(435, args, ctypes.sizeof(args))
    if r == 0:
        os.execvp(argv[0], argv)
    if r < 0:
        print(os.strerror(ctypes.get_errno()))
        return 1
    print(r, flush=True)
    return 0


def wakeups(pid):
    """How often any thread of PID was given the processor."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status") as f:
            total += sum(int(line.split()[1]) for line in f if "voluntary_ctxt_switches" in line)
    print(total)
    return 0


if __name__ == "__main__":
    sys.exit(globals()[sys.argv[1].replace("-", "_")](*sys.argv[2:]))
