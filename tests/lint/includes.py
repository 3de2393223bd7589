#!/usr/bin/env python3
"""Who may include whom: the arrows of the design as tables.

    fs -> service.h -> backend/job -> {backend/scheduler, backend/transport} -> words -> base

A contract (include/clustrixfs/NAME.h) belongs to one layer; a folder includes the contracts of the
layers it stands on, its own headers, and no other folder's. A foreign library has one home.
"""

import fnmatch
import re

import lint

# The contracts, by layer, from the ground up.
LAYERS = {
    "base": "base buf clock error host json log mailbox nearest quote thread units utf8",
    "words": "collect job record spec view",
    "transport": "cluster command transport",
    "scheduler": "scheduler",
    "results": "results",
    "inputs": "inputs",
    "outputs": "outputs",
    "config": "config",
    "met": "met",
    "job": "draft",
    "service": "service",
}

# A folder, and the layers whose contracts it may include. The first match counts.
FOLDERS = [
    ("backend/base/*", "base"),
    ("backend/words/*", "base words"),
    ("backend/keeper/*", "base words"),
    ("backend/transport/*", "base transport"),
    # The one place where a scheduler's words meet a transport.
    ("backend/scheduler/scheduler.c", "base words transport scheduler"),
    ("backend/scheduler/*", "base words scheduler +cluster +command"),
    ("backend/results/*", "base words transport results"),
    ("backend/inputs/*", "base words transport inputs"),
    ("backend/outputs/*", "base words transport results inputs outputs"),
    ("backend/job/*",
     "base words transport scheduler results inputs outputs config met job service"),
    ("backend/*", "base words transport scheduler results config met job service"),
    ("fs/*", "base words config job service"),
]

# What a contract itself may include: its own layer and those it stands on.
CONTRACTS = {
    "base": "base",
    "words": "base words",
    "transport": "base transport",
    "scheduler": "base words transport scheduler",
    "results": "base transport results",
    "inputs": "base words transport inputs",
    "outputs": "base words transport results outputs",
    "config": "base transport config",
    "met": "base transport scheduler config met",
    "job": "base words job",
    "service": "base words config job service",
}

# Headers of foreign libraries, and the only files that may include them.
FOREIGN = [
    (r"fuse.*\.h", ["fs/*"]),
    (r"sqlite3.*\.h", ["backend/job/sql.c", "backend/job/schema.c", "backend/job/store*.c"]),
    (r"cjson/.*\.h",
     ["backend/base/json.c", "backend/words/spec*.c", "backend/config-*.c", "tests/unit/*"]),
    (r"libssh/.*\.h", ["backend/transport/ssh*.[ch]"]),
    (r"archive.*\.h", ["backend/transport/far-send.c"]),
    (r"openssl/.*\.h", ["backend/inputs/hash.c"]),
    (r"check\.h", ["tests/*"]),
]

# Folders whose own headers may be included by these files: where the parts are put together.
DOORS = [
    ("backend/service*.[ch]", "backend/job"),
]

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')

layer_of = {name: layer for layer, names in LAYERS.items() for name in names.split()}


def allowed(path):
    """The names of the contracts that the file at `path` may include; None: any."""
    words = None
    if path.startswith("include/clustrixfs/"):
        words = CONTRACTS.get(layer_of.get(path.split("/")[-1].removesuffix(".h")), "")
    else:
        words = next((w for pattern, w in FOLDERS if fnmatch.fnmatch(path, pattern)), None)
    if words is None:
        return None
    names = set()
    for word in words.split():
        names.update([word[1:]] if word.startswith("+") else LAYERS[word].split())
    return names


def check_contract(findings, path, number, header):
    name = header.removeprefix("clustrixfs/").removesuffix(".h")
    if name not in layer_of:
        findings.add(path, number, f"{header} is in no layer of tests/lint/includes.py")
        return
    names = allowed(path)
    if names is not None and name not in names:
        findings.add(path, number, f"{header} ({layer_of[name]}) is not below this file")


def check_own(findings, top, path, number, header):
    folder = path.rsplit("/", 1)[0]
    inside = header.removeprefix(folder + "/")
    homes = [folder] + [door for file, door in DOORS if fnmatch.fnmatch(path, file)]
    for home in homes:
        # NAME.in becomes NAME when the program is built.
        if "/" not in inside and any((top / home / (inside + end)).is_file() for end in ("", ".in")):
            return
    findings.add(path, number, f"{header} is a header of another folder")


def check_foreign(findings, path, number, header):
    for pattern, homes in FOREIGN:
        if re.fullmatch(pattern, header):
            if not any(fnmatch.fnmatch(path, home) for home in homes):
                findings.add(path, number, f"<{header}> has its home in {', '.join(homes)}")


def check_file(findings, top, path):
    for number, line in lint.lines(top, path):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, header = match.groups()
        if header.startswith("clustrixfs/"):
            check_contract(findings, path, number, header)
        elif quote == '"' and not path.startswith("tests/"):
            check_own(findings, top, path, number, header)
        else:
            check_foreign(findings, path, number, header)


def main():
    top = lint.root()
    findings = lint.Findings()
    paths = list(lint.files(top, ".c", ".h", under=("include", "backend", "fs", "tests")))
    for path in paths:
        check_file(findings, top, str(path))
    findings.end(f"includes of {len(paths)} files")


main()
