#!/usr/bin/env python3
"""Makes a C file of far-keeper.sh: its text, and a name that changes whenever the text does."""

import hashlib
import sys

HEAD = """/*
 * far-keeper.c - far-keeper.sh as a string
 */
#include "clustrixfs/scheduler.h"

"""


def c_string(line):
    """One line of the script as a C string; bytes that C gives a meaning to as octal."""
    plain = "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in line)
    return f'    "{plain}"'


def main():
    source, target = sys.argv[1:]
    with open(source, "rb") as script:
        text = script.read()
    name = "keeper-" + hashlib.sha256(text).hexdigest()[:8]
    rows = "\n".join(c_string(line) for line in text.splitlines(keepends=True))
    with open(target, "w", encoding="ascii") as out:
        out.write(f'{HEAD}const char far_keeper_name[] = "{name}";\n\n'
                  f'const char far_keeper_text[] =\n{rows};\n')


main()
