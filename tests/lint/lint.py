"""What the lint scripts share: finding files, and saying what is wrong as file:line: what."""

import os
import pathlib
import sys

SKIPPED_DIRS = {".git", "__pycache__"}
BUILD_DIR_HAS = "meson-private"


def root():
    """The source tree that was given on the command line."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} SOURCE-ROOT")
    return pathlib.Path(sys.argv[1]).resolve()


def files(top, *suffixes, under=("",)):
    """All files below the folders `under` whose names end so, as paths relative to `top`."""
    for folder in under:
        for where, dirs, names in os.walk(top / folder):
            if BUILD_DIR_HAS in dirs:
                dirs.clear()
                continue
            dirs[:] = sorted(d for d in dirs if d not in SKIPPED_DIRS)
            for name in sorted(names):
                path = pathlib.Path(where, name)
                if name.endswith(suffixes) and path.is_file():
                    yield path.relative_to(top)


def lines(top, path):
    """The lines of a file, numbered from 1."""
    text = (top / path).read_text(encoding="utf-8", errors="replace")
    return list(enumerate(text.split("\n"), start=1))


class Findings:
    """Prints each finding, and ends the script with 1 if there was one."""

    def __init__(self):
        self.count = 0

    def add(self, path, line, what):
        self.count += 1
        print(f"{path}:{line}: {what}")

    def end(self, looked_at):
        print(f"{looked_at}: {self.count} findings")
        sys.exit(1 if self.count else 0)
