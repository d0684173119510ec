#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Formats intendance(1) with groff, every warning on, and looks for each command in what one would read.

manual_test.py INTENDANCE
"""
from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import sys

SKIPPED = 77


def main(arguments: list[str]) -> int:
    if not shutil.which("groff"):
        print("groff is not here: skipped")
        return SKIPPED
    intendance = pathlib.Path(arguments[1])

    def said(*words: str) -> str:
        return subprocess.run([intendance, *words], capture_output=True, check=True, timeout=20, text=True).stdout

    page = said("man-page")
    assert page.isascii()
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-P-c"], input=page, capture_output=True, text=True,
                          check=True, timeout=20, encoding="utf-8")
    assert not done.stderr, done.stderr
    read = re.sub(".\b", "", done.stdout)  # overstrikes make bold
    commands = re.findall("^  (\\S+(?: \\S+)*?)  ", said("--help"), re.MULTILINE)
    assert len(commands) > 20 and "man-page" not in commands, commands
    for command in commands:
        assert re.search(f"^   {command}$", read, re.MULTILINE), f"{command} is missing in\n{read}"
    for words in ("--read-data[=N%(=100%)]", "…", "intendance export latest /srv/tei --tar tei.tar.zst.age", "'*.tmp'"):
        assert words in read, words
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
