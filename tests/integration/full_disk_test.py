#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Disks that are really full: full_disk_test.py INTENDANCE [TEST…]

Each is a small tmpfs in a mount namespace of the test's own. A command that has no room ends with 1 and says
where; when there is room again it finishes, and nothing is lost. Exit status 77 (skipped) where no namespace
can be had.
"""
from __future__ import annotations

import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

INTENDANCE = pathlib.Path()
INSIDE = "INTENDANCE_FULL_DISK_TEST"  # set in the namespace
MIB = 1 << 20


class FullDisk(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory(prefix="intendance-full-")
        self.addCleanup(temporary.cleanup)
        self.top = pathlib.Path(temporary.name).resolve()
        self.tree, self.store, self.state, self.target = (self.top / name for name in ("tree", "store", "state", "target"))
        for folder in (self.tree, self.store, self.state, self.target):
            folder.mkdir()
        chance = random.Random(7)
        for number in range(40):
            (self.tree / str(number)).write_bytes(chance.randbytes(200_000))

    def mount(self, folder: pathlib.Path, size: int) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
        self.addCleanup(subprocess.run, ["umount", folder], check=True)

    def resize(self, folder: pathlib.Path, size: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)

    def fill(self, folder: pathlib.Path) -> pathlib.Path:
        """Takes all the room there is; returns what takes it."""
        ballast = folder / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(65536)):
                    pass
            except OSError:
                pass
        return ballast

    def intendance(self, *arguments: object, expect: int = 0) -> str:
        command = [INTENDANCE, *arguments, "--repository", f"file://{self.store}", "--keys", self.top / "keys", "--state", self.state]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(expect, done.returncode, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def init(self) -> None:
        self.intendance("repository", "init", "--machine", "m")

    def backup(self, expect: int = 0) -> str:
        return self.intendance("backup", "--paths", self.tree, expect=expect)

    def assert_told(self, said: str, folder: pathlib.Path) -> None:
        self.assertIn("No space left on device", said)
        self.assertIn(str(folder), said)

    def assert_whole(self) -> None:
        with tempfile.TemporaryDirectory(dir=self.top) as whole:
            self.intendance("restore", "latest", "--target", whole)
            subprocess.run(["diff", "-r", self.tree, pathlib.Path(whole) / self.tree.relative_to("/")], check=True)
        self.intendance("verify", "--read-data")

    def test_the_repository_has_no_room_for_a_backup(self) -> None:
        self.mount(self.store, 4 * MIB)
        self.init()
        self.assert_told(self.backup(expect=1), self.store)
        self.intendance("verify", "--read-data")
        self.resize(self.store, 40 * MIB)
        self.backup()
        self.assert_whole()

    def test_the_repository_has_no_room_left_for_anything(self) -> None:
        self.mount(self.store, 40 * MIB)
        self.init()
        self.backup()
        for path in sorted(self.tree.iterdir())[:20]:  # most of a pack is dead then
            path.write_bytes(b"short")
        self.backup()
        ballast = self.fill(self.store)
        self.assert_told(self.backup(expect=1), self.store)
        self.assert_told(self.intendance("prune", "--grace", "0d", expect=1), self.store)
        self.assert_whole()  # who only reads needs no room
        ballast.unlink()
        self.intendance("forget", "--keep-last", "1")
        self.intendance("prune", "--grace", "0d")
        self.backup()
        self.assert_whole()

    def test_the_state_folder_is_full(self) -> None:
        self.mount(self.state, 4 * MIB)
        self.init()
        ballast = self.fill(self.state)
        # The files are safe all the same; what could not be remembered is named.
        self.assert_told(self.backup(expect=3), self.state)
        ballast.unlink()
        self.assert_whole()
        self.backup()

    def test_the_target_has_no_room(self) -> None:
        self.init()
        self.backup()
        self.mount(self.target, 4 * MIB)
        said = self.intendance("restore", "latest", "--target", self.target, expect=1)
        self.assert_told(said, self.tree)
        restored = self.target / self.tree.relative_to("/")
        for path in restored.iterdir():
            self.assertEqual((self.tree / path.name).read_bytes(), path.read_bytes(), "neither whole nor absent")
        self.resize(self.target, 40 * MIB)
        self.intendance("restore", "latest", "--target", self.target, "--overwrite=if-changed")
        subprocess.run(["diff", "-r", self.tree, restored], check=True)

    def test_an_export_has_no_room(self) -> None:
        self.init()
        self.backup()
        self.mount(self.target, 4 * MIB)
        archive = self.target / "all.tar"
        self.assert_told(self.intendance("export", "latest", "--tar", archive, expect=1), archive)
        self.assertEqual([], list(self.target.iterdir()))
        self.resize(self.target, 40 * MIB)
        self.intendance("export", "latest", "--tar", archive)
        subprocess.run(["tar", "-df", archive, "-C", "/"], check=True)

    def test_the_temporary_folder_is_full(self) -> None:
        self.init()
        self.backup()
        full = self.top / "temporary"
        full.mkdir()
        self.mount(full, MIB)
        self.fill(full)
        before = os.environ.get("TMPDIR")
        os.environ["TMPDIR"] = str(full)
        try:
            self.backup()
            self.assert_whole()
        finally:
            del os.environ["TMPDIR"]
            if before is not None:
                os.environ["TMPDIR"] = before


def main() -> None:
    if INSIDE not in os.environ:
        tried = subprocess.run(["unshare", "--mount", "--propagation", "private", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, text=True)
        if tried.returncode != 0:
            print(f"no disk can be mounted here: {tried.stderr.strip()}")
            sys.exit(77)
        os.environ[INSIDE] = "yes"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, "-B", *sys.argv])
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])


if __name__ == "__main__":
    INTENDANCE = pathlib.Path(sys.argv[1]).resolve()
    main()
