"""writers.py - the ways in which Python programs write a file: writers.py WAY SOURCE TARGET"""
import mmap
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

way, source, target = sys.argv[1:]
data = pathlib.Path(source).read_bytes()
half = len(data) // 2


def unfinished():
    """Everything is written; nothing is closed."""
    f = open(target, "wb", buffering=0)
    f.write(data)
    return f


def plain():
    with open(target, "wb") as f:
        f.write(data)


def byte_by_byte():
    with open(target, "wb", buffering=0) as f:
        for i in range(len(data)):
            f.write(data[i:i + 1])


def path():
    pathlib.Path(target).write_bytes(data)


def temporary():
    with tempfile.NamedTemporaryFile(dir=os.path.dirname(target), delete=False) as f:
        f.write(data)
        f.flush()
        os.fsync(f.fileno())
    os.replace(f.name, target)


def mapped():
    with open(target, "w+b") as f:
        f.truncate(len(data))
        with mmap.mmap(f.fileno(), len(data)) as m:
            m[:] = data
            m.flush()


def child():
    with open(target, "wb", buffering=0) as f:
        f.write(data[:half])
        subprocess.run(["tail", "-c", f"+{half + 1}", source], stdout=f, check=True)


def fork():
    with open(target, "wb", buffering=0) as f:
        f.write(data[:half])
        if os.fork() == 0:
            os._exit(0)
        os.wait()
        f.write(data[half:])


def backwards():
    with open(target, "wb", buffering=0) as f:
        os.pwrite(f.fileno(), data[half:], half)
        os.pwrite(f.fileno(), data[:half], 0)


def two_handles():
    with open(target, "wb", buffering=0) as a, open(target, "r+b", buffering=0) as b:
        a.write(data[:half])
        b.seek(half)
        b.write(data[half:])


def synced():
    with open(target, "wb", buffering=0) as f:
        f.write(data)
        os.fsync(f.fileno())
        os.fchmod(f.fileno(), 0o755)
        os.utime(f.fileno())


def rename_before_close():
    hidden = os.path.join(os.path.dirname(target), ".goutputstream-" + os.path.basename(target))
    with open(hidden, "xb", buffering=0) as f:
        f.write(data)
        os.rename(hidden, target)


def touch_again():
    """emacs, gio and KDE open what they wrote once more for writing, write nothing, and close."""
    plain()
    os.close(os.open(target, os.O_WRONLY))
    os.chmod(target, 0o644)
    os.utime(target)


def never_closed():
    unfinished()
    os._exit(0)


def killed():
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    f = unfinished()
    os.kill(os.getpid(), getattr(signal, os.environ.get("SIGNAL", "SIGKILL")))


def killed_half():
    f = open(target, "wb", buffering=0)
    f.write(data[:half])
    os.kill(os.getpid(), signal.SIGKILL)


ways = {f.__name__: f for f in (
    plain, byte_by_byte, path, temporary, mapped, child, fork, backwards, two_handles, synced,
    rename_before_close, touch_again, never_closed, killed, killed_half)}
ways["copy"] = lambda: shutil.copy(source, target)
ways["copy2"] = lambda: shutil.copy2(source, target)
ways["copyfile"] = lambda: shutil.copyfile(source, target)
ways[way]()
