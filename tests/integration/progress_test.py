#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs long commands of `intendance` on a pseudo-terminal, held back by their own limits of bandwidth so
that there is something to see, and looks at what the screen shows at each moment and in the end.

progress_test.py INTENDANCE [TEST…]
"""
from __future__ import annotations

import fcntl
import json
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import unicodedata
import unittest

INTENDANCE = pathlib.Path()
MIB = 1 << 20


def columns_of(text: str) -> int:
    return sum(0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1
               for each in text)


class Screen:
    """What a terminal shows of what is written to it: whole lines, the last line, and each state of that line."""

    def __init__(self, written: bytes) -> None:
        self.lines: list[str] = []
        self.drawn: list[str] = []
        self.last = ""
        text = written.decode()
        for part in re.findall(r"\r\x1b\[K|\r?\n|[^\r\n\x1b]+|.", text, re.DOTALL):
            if part == "\r\x1b[K":
                self.last = ""
            elif part.endswith("\n"):
                self.lines.append(self.last)
                self.last = ""
            elif part in ("\r", "\x1b"):
                raise AssertionError(f"{text!r} moves the cursor otherwise")
            else:
                self.last += part
                self.drawn.append(self.last)
        self.drawn = [line for line in self.drawn if line not in self.lines]


class Progress(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        temporary = tempfile.TemporaryDirectory(prefix="intendance-progress-")
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = pathlib.Path(temporary.name).resolve()
        cls.tree = cls.folder / "tree"
        (cls.tree / "文書").mkdir(parents=True)
        for number in range(4):
            (cls.tree / "文書" / f"lettre\x1b[31m {number}").write_bytes(os.urandom(MIB))
        os.mkfifo(cls.tree / "文書" / "m\n")
        (cls.tree / "z").write_bytes(os.urandom(MIB))
        cls.run_plainly("repository", "init", "--machine", "test-1")
        cls.run_plainly("backup", "--paths", cls.tree)

    @classmethod
    def command(cls, *arguments: object, repository: str = "repository") -> list[str]:
        return [str(part) for part in (INTENDANCE, *arguments, "--repository", f"file://{cls.folder}/{repository}",
                                       "--keys", cls.folder / "keys", "--state", cls.folder / "state")]

    @classmethod
    def run_plainly(cls, *arguments: object) -> subprocess.CompletedProcess:
        return subprocess.run(cls.command(*arguments), check=True, capture_output=True, timeout=60)

    def on_terminal(self, command: list[str], *, columns: int = 80, expect: int = 0, stdout: object = None,
                    stop_at: str = "", **environment: str) -> Screen:
        """With stop_at, a Ctrl-C comes when that is on the screen."""
        controller, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        own = {"LANG": "C.UTF-8", "TERM": "xterm", "PATH": os.environ["PATH"], **environment}
        process = subprocess.Popen(command, stdin=terminal, stdout=terminal if stdout is None else stdout,
                                   stderr=terminal, env=own, start_new_session=True,
                                   preexec_fn=lambda: fcntl.ioctl(terminal, termios.TIOCSCTTY, 0))
        os.close(terminal)
        written = b""
        try:
            while True:
                try:
                    piece = os.read(controller, 65536)
                except OSError:  # the last writer has gone
                    break
                written += piece
                if stop_at and stop_at in written.decode(errors="ignore"):
                    os.write(controller, b"\x03")
                    stop_at = ""
        finally:
            os.close(controller)
            if process.poll() is None:
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    process.kill()
                    raise
        self.assertEqual(expect, process.returncode, written)
        screen = Screen(written)
        self.assertEqual("", screen.last, "the line stays behind")
        for line in screen.drawn:
            self.assertLess(columns_of(line), columns, line)
        return screen

    def assert_drawn(self, screen: Screen, pattern: str) -> None:
        self.assertTrue(any(re.search(pattern, line) for line in screen.drawn), (pattern, screen.drawn))

    def back_up_slowly(self) -> list[str]:
        """Into a repository of its own, so that there is something to store."""
        name = f"repository-{self.id()}"
        subprocess.run(self.command("repository", "init", "--machine", "test-1", repository=name), check=True,
                       capture_output=True, timeout=60)
        return self.command("backup", "--paths", self.tree, "--limit-upload", "6MB/s", repository=name)

    def test_a_backup(self) -> None:
        screen = self.on_terminal(self.back_up_slowly(), columns=160)
        self.assert_drawn(screen, r"^(reading    \d+/~5 files  [\d.]+( \w+)?/~5\.0 MiB  new|storing    \d)")
        self.assertRegex(screen.lines[0], "^read       5 files  5.0 MiB")
        self.assertTrue(all(re.match("read |new data |stored |snapshot ", line) for line in screen.lines), screen.lines)

    def test_french(self) -> None:
        screen = self.on_terminal(self.back_up_slowly(), columns=160, LANG="fr_CA.UTF-8")
        self.assert_drawn(screen, r"^(lecture    \d+/~5 fichiers|dépôt      )")

    def test_verify_knows_what_it_reads(self) -> None:
        command = self.command("verify", "--read-data", "--limit-download", "8MB/s")
        for columns in (80, 40, 12):
            with self.subTest(columns=columns):
                screen = self.on_terminal(command, columns=columns)
                if columns == 80:
                    self.assert_drawn(screen, r"^verifying  \d/\d packs  [\d.]+( \w+)?/5\.\d MiB  [━╸─]{6,}  [ \d]+\d %")
                self.assertIn("whole      nothing is missing, every byte is what was written", screen.lines)

    def test_a_restore_shows_where_it_is_and_nothing_raw(self) -> None:
        command = self.command("restore", "latest", "--target", self.folder / "restored", "--limit-download", "6MB/s")
        screen = self.on_terminal(command, columns=200)
        self.assert_drawn(screen, r"^restoring  \d/5 files  [\d.]+( \w+)?/5\.0 MiB  [━╸─]{20}  [ \d]+\d %.*"
                                  r"  \S*文書/lettre\\x1b\[31m \d$")
        self.assertEqual("5", screen.lines[0].split()[1], screen.lines)

    def test_an_export_to_a_pipe_and_warnings_of_their_own_lines(self) -> None:
        command = self.command("export", "latest", "--zip", "-", "--limit-download", "6MB/s")
        with open(self.folder / "pipe.zip", "wb") as file:
            screen = self.on_terminal(command, stdout=file, expect=3)
        self.assert_drawn(screen, "^exporting  ")
        warnings = [line for line in screen.lines if line.startswith("warning: ")]
        self.assertTrue(any(r"m\x0a: is left out" in line for line in warnings), screen.lines)
        self.assertFalse(any("exporting" in line for line in screen.lines), screen.lines)
        self.assertTrue((self.folder / "pipe.zip").read_bytes().startswith(b"PK"))

    def test_maintenance(self) -> None:
        for command in (["prune"], ["repository", "rebuild-index"], ["repository", "repair"]):
            with self.subTest(command=command):
                screen = self.on_terminal(self.command(*command, "--limit-download", "60kB/s"
                                                       if "repair" not in command else "8MB/s"))
                self.assert_drawn(screen, "^(opening|listing|checking|verifying|storing) ")

    def test_a_stop_leaves_a_clean_line(self) -> None:
        command = self.command("verify", "--read-data", "--limit-download", "100kB/s")
        screen = self.on_terminal(command, expect=1, stop_at="verifying")
        self.assertEqual(1, len([line for line in screen.lines if line.startswith("intendance: ")]), screen.lines)
        self.assertFalse(any("verifying" in line for line in screen.lines), screen.lines)

    def test_nothing_is_drawn_where_nobody_could_see_it(self) -> None:
        command = self.command("verify", "--read-data", "--limit-download", "8MB/s")
        plain = subprocess.run(command, capture_output=True, timeout=60, check=True)
        self.assertEqual(b"", plain.stderr)
        self.assertNotIn(b"\x1b", plain.stdout)
        self.assertNotIn(b"verifying", plain.stdout)
        self.assertEqual([], self.on_terminal(command, TERM="dumb").drawn)
        screen = self.on_terminal([*command, "--json"])
        self.assertEqual([], json.loads("\n".join(screen.lines))["findings"])
        self.assertEqual([], screen.drawn)

    def test_nothing_is_drawn_from_the_background(self) -> None:
        command = self.command("verify", "--read-data", "--limit-download", "8MB/s")
        shell = ["sh", "-c", 'set -m; "$@" & wait $!', "sh", *command]
        screen = self.on_terminal(shell)
        self.assertIn("whole      nothing is missing, every byte is what was written", screen.lines)
        self.assertEqual([], screen.drawn)


def main(arguments: list[str]) -> int:
    global INTENDANCE
    INTENDANCE = pathlib.Path(arguments[1]).resolve()
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    return 0 if unittest.main(argv=[arguments[0], *arguments[2:]], exit=False, verbosity=2).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
