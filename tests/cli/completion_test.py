#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Loads the completion into an interactive bash on a pseudo-terminal, and asks its line editor what it would
insert, as a person's Tab does.

completion_test.py INTENDANCE [TEST…]
"""
from __future__ import annotations

import os
import pathlib
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import tempfile
import unittest

INTENDANCE = pathlib.Path()

# C-x i inserts all that is possible, C-x p prints the line as it is then, C-x t is a Tab.
SETUP = r"""
unset HISTFILE; PS1= PS2=
bind 'set bell-style none' 'set enable-bracketed-paste off' 2>/dev/null
bind 'set enable-bracketed-paste off'
bind '"\C-xi": insert-completions'
bind '"\C-xt": complete'
bind -x '"\C-xp": printf "\n<%s>\n" "$READLINE_LINE"; READLINE_LINE='
source ./completion
printf 'rea%s\n' dy
"""


class Completion(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        temporary = tempfile.TemporaryDirectory(prefix="intendance-completion-")
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = pathlib.Path(temporary.name)
        script = subprocess.run([INTENDANCE, "bash-completion"], capture_output=True, check=True, timeout=20).stdout
        (cls.folder / "completion").write_bytes(script)
        (cls.folder / "setup").write_text(SETUP)
        (cls.folder / "keys of mine").mkdir()
        (cls.folder / "keyring").write_text("")
        cls.controller, terminal = pty.openpty()
        cls.bash = subprocess.Popen(["bash", "--norc", "--noprofile", "-i"], stdin=terminal, stdout=terminal,
                                    stderr=terminal, cwd=cls.folder, start_new_session=True,
                                    env={"PATH": os.environ["PATH"], "TERM": "dumb", "LC_ALL": "C.UTF-8",
                                         "HOME": str(cls.folder)})
        os.close(terminal)
        cls.addClassCleanup(cls.end)
        cls.send("source ./setup\n")
        cls.read_until("\nready\r?\n")

    @classmethod
    def end(cls) -> None:
        cls.bash.send_signal(signal.SIGHUP)
        try:
            cls.bash.wait(10)
        except subprocess.TimeoutExpired:
            cls.bash.kill()
            cls.bash.wait(10)
        os.close(cls.controller)

    @classmethod
    def send(cls, text: str) -> None:
        os.write(cls.controller, text.encode())

    @classmethod
    def read_until(cls, pattern: str) -> re.Match:
        text = ""
        while True:
            if not select.select([cls.controller], [], [], 20)[0]:
                raise AssertionError(f"bash says no {pattern!r}, only {text!r}")
            text += os.read(cls.controller, 65536).decode()
            if found := re.search(pattern, text, re.DOTALL):
                return found

    def line_after(self, line: str, key: str) -> str:
        self.send(f"{line}\x18{key}\x18p")
        return self.read_until(r"\n<([^\n]*)>\r?\n")[1]

    def all_of(self, line: str) -> list[str]:
        """The words that may stand in the place of the last one."""
        before = shlex.split(line)[:-1] if not line.endswith(" ") else shlex.split(line)
        words = shlex.split(self.line_after(line, "i"))
        self.assertEqual(before, words[: len(before)])
        return words[len(before):]

    def test_the_tables_are_sound(self) -> None:
        subprocess.run(["bash", "-n", self.folder / "completion"], check=True, timeout=20)
        if checker := next((path for path in ("/usr/bin/shellcheck",) if os.path.exists(path)), None):
            subprocess.run([checker, "-s", "bash", "-e", "SC2207", self.folder / "completion"], check=True, timeout=60)

    def test_commands(self) -> None:
        first = self.all_of("intendance ")
        for word in ("--help", "backup", "repository", "hours", "status", "verify"):
            self.assertIn(word, first)
        self.assertNotIn("man-page", first)
        self.assertNotIn("rebuild-index", first)
        self.assertEqual(["repository"], self.all_of("intendance repos"))
        self.assertEqual(["info", "init", "rebuild-index", "repair", "restore-trust", "undelete"], sorted(self.all_of("intendance repository ")))
        self.assertEqual("intendance repository rebuild-index ", self.line_after("intendance repository reb", "t"))

    def test_options(self) -> None:
        self.assertEqual(["--keep-daily"], self.all_of("intendance forget --keep-d"))
        every = self.all_of("intendance restore latest --")
        for word in ("--target", "--repository", "--json", "--help"):
            self.assertIn(word, every)
        self.assertNotIn("--snapshot", every)
        self.assertEqual(["--read-data"], self.all_of("intendance verify --keys keyring --rea"))

    def test_folders_for_a_folder(self) -> None:
        self.assertEqual("intendance restore latest --target keys\\ of\\ mine/",
                         self.line_after("intendance restore latest --target key", "t"))
        self.assertEqual("intendance snapshots --keys=keys\\ of\\ mine/", self.line_after("intendance snapshots --keys=key", "t"))

    def test_files_for_files_and_paths(self) -> None:
        both = ["keyring", "keys of mine"]
        for line in ("intendance status --config key", "intendance export latest --tar key",
                     "intendance backup --paths key", "intendance backup --paths setup key",
                     "intendance restore latest --target / key"):
            with self.subTest(line=line):
                self.assertEqual(both, sorted(word.rstrip("/") for word in self.all_of(line)))

    def test_words_and_what_nobody_knows(self) -> None:
        self.assertEqual(["en", "fr"], sorted(self.all_of("intendance status --lang ")))
        for line in ("intendance backup key", "intendance prune --machine key", "intendance prune key",
                     "intendance verify --read-data key"):
            with self.subTest(line=line):
                self.assertEqual(["key"], self.all_of(line))


def main(arguments: list[str]) -> int:
    global INTENDANCE
    INTENDANCE = pathlib.Path(arguments[1]).resolve()
    return 0 if unittest.main(argv=[arguments[0], *arguments[2:]], exit=False, verbosity=2).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
