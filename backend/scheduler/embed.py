#!/usr/bin/env python3
"""Makes C files of shell scripts, as strings.

Of far-keeper.sh alone: its text, and a name that changes whenever the text does. Of those called
kubernetes-NAME.sh: kube_NAME_text for each, without its comments, since they go with every pod.
"""

import hashlib
import pathlib
import sys

HEAD = """/*
 * {name} - {what}
 */
#include "{header}"

"""


def c_string(line):
    """One line of a script as a C string; bytes that C gives a meaning to as octal."""
    plain = "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in line)
    return f'    "{plain}"'


def c_text(variable, lines):
    rows = "\n".join(c_string(line) for line in lines)
    return f"const char {variable}[] =\n{rows};\n"


def keeper(source):
    text = source.read_bytes()
    name = "keeper-" + hashlib.sha256(text).hexdigest()[:8]
    return (HEAD.format(name="far-keeper.c", what="far-keeper.sh as a string",
                        header="clustrixfs/scheduler.h") +
            f'const char far_keeper_name[] = "{name}";\n\n' +
            c_text("far_keeper_text", text.splitlines(keepends=True)))


def scripts(sources):
    texts = []
    for source in sources:
        lines = source.read_bytes().splitlines(keepends=True)
        name = source.stem.removeprefix("kubernetes-")
        texts.append(c_text(f"kube_{name}_text",
                            [line for line in lines if not line.lstrip().startswith(b"#")]))
    return (HEAD.format(name="kubernetes-scripts.c", what="kubernetes-*.sh as strings",
                        header="kubernetes.h") + "\n".join(texts))


def main():
    *sources, target = map(pathlib.Path, sys.argv[1:])
    text = keeper(sources[0]) if sources[0].name == "far-keeper.sh" else scripts(sources)
    target.write_text(text, encoding="ascii")


main()
