#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Trees of shapes that nobody expects, backed up and restored within 64 MiB of memory each time.

hostile_shapes_test.py INTENDANCE ordinary|large [TEST…]
"""
from __future__ import annotations

import errno
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

INTENDANCE = pathlib.Path()
LARGE = False
MOST = 64 << 10  # KiB
LONGEST = 900  # seconds, for one command


def in_folder(folder: int, name: bytes) -> int:
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)


class Shapes(unittest.TestCase):
    def setUp(self) -> None:
        # In memory, where there is room for so many names at once.
        where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="intendance-shapes-", dir=where)).resolve()
        self.addCleanup(subprocess.run, ["rm", "-rf", self.top], check=True)  # which knows no longest path
        self.tree, self.target = self.top / "tree", self.top / "target"
        self.tree.mkdir()
        self.run_within("repository", "init", "--machine", "m")

    def run_within(self, *arguments: object, expect: int = 0) -> str:
        """Its output; it must not take more memory."""
        command = [INTENDANCE, *arguments, "--repository", f"file://{self.top}/store", "--keys", self.top / "keys", "--state", self.top / "state"]
        with tempfile.TemporaryFile() as out:
            process = subprocess.Popen([str(each) for each in command], stdout=out, stderr=subprocess.STDOUT)
            try:
                _, status, used = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            finally:
                process.kill()
            out.seek(0)
            said = out.read().decode(errors="replace")
        print(f"{self.id().rsplit('.', 1)[1]}: {arguments[0]}: {used.ru_maxrss >> 10} MiB, {used.ru_utime + used.ru_stime:.1f} s", file=sys.stderr)
        self.assertEqual(expect, process.returncode, said[-2000:])
        self.assertLessEqual(used.ru_maxrss, MOST, f"{arguments[0]} took too much memory")
        return said

    def there_and_back(self, expect: int = 0) -> pathlib.Path:
        """The restored tree; with a second backup, which knows the first."""
        for _ in range(2):
            self.run_within("backup", "--nice", "0", "--paths", self.tree, expect=expect)
        self.run_within("restore", "latest", "--target", self.target)
        self.run_within("verify", "--read-data")
        return self.target / self.tree.relative_to("/")

    def counts(self) -> tuple[int, int]:
        newest = json.loads(self.run_within("snapshots", "--json"))[-1]
        return newest["files"], newest["warnings"]

    # --- deep ---

    def make_deep(self, depth: int, name: bytes) -> None:
        """Folders within folders, a file in each."""
        at = os.open(self.tree, os.O_RDONLY | os.O_DIRECTORY)
        for level in range(depth):
            os.mkdir(name, dir_fd=at)
            below = in_folder(at, name)
            os.close(at)
            with open(os.open(b"file", os.O_WRONLY | os.O_CREAT, dir_fd=below), "wb") as file:
                file.write(b"%d" % level)
            at = below
        os.close(at)

    def depth_of(self, tree: pathlib.Path, name: bytes) -> int:
        at, depth = os.open(tree, os.O_RDONLY | os.O_DIRECTORY), 0
        while True:
            try:
                below = in_folder(at, name)
            except FileNotFoundError:
                os.close(at)
                return depth
            os.close(at)
            with open(os.open(b"file", os.O_RDONLY, dir_fd=below), "rb") as file:
                self.assertEqual(b"%d" % depth, file.read())
            at, depth = below, depth + 1

    def test_1500_folders_within_folders_of_255_letters(self) -> None:
        name = b"d" * 255
        self.make_deep(1500, name)
        self.assertEqual(1500, self.depth_of(self.there_and_back(), name))
        self.assertEqual((1500, 0), self.counts())

    def test_folders_too_deep_cost_what_is_in_them_and_not_the_backup(self) -> None:
        name = b"d" * 255
        self.make_deep(1700, name)
        (self.tree / "z").write_bytes(b"beside")
        restored = self.there_and_back(expect=3)
        self.assertEqual(b"beside", (restored / "z").read_bytes())
        depth = self.depth_of(restored, name)
        self.assertGreaterEqual(depth, 1590)
        self.assertEqual((depth + 1, 1), self.counts())

    # --- wide ---

    def make_wide(self, count: int) -> None:
        folder = os.open(self.tree, os.O_RDONLY | os.O_DIRECTORY)
        for number in range(count):
            os.close(os.open(f"file-{number:07}", os.O_WRONLY | os.O_CREAT, dir_fd=folder))
        os.close(folder)

    def test_a_folder_of_many_names(self) -> None:
        count = 1_000_000 if LARGE else 50_000
        self.make_wide(count)
        restored = self.there_and_back()
        with os.scandir(restored) as names:
            self.assertEqual(count, sum(1 for _ in names))

    def test_a_file_of_many_names(self) -> None:
        count = 100_000 if LARGE else 20_000
        (self.tree / "first").write_bytes(b"one file")
        folder = os.open(self.tree, os.O_RDONLY | os.O_DIRECTORY)
        for number in range(1, count):
            try:
                os.link("first", f"further-{number:06}", src_dir_fd=folder, dst_dir_fd=folder)
            except OSError as error:
                if error.errno != errno.EMLINK:
                    raise
                self.skipTest(f"a file has {number} names here at most")
        os.close(folder)
        restored = self.there_and_back()
        status = (restored / "first").stat()
        self.assertEqual(count, status.st_nlink)
        self.assertEqual(b"one file", (restored / f"further-{count - 1:06}").read_bytes())

    # --- large ---

    def test_a_sparse_file_of_a_tebibyte(self) -> None:
        size = 1 << 40
        with (self.tree / "sparse").open("wb") as file:
            for at in (0, size // 3, size - 5):
                file.seek(at)
                file.write(b"bytes")
        restored = self.there_and_back() / "sparse"
        self.assertEqual(size, restored.stat().st_size)
        self.assertLess(restored.stat().st_blocks * 512, 1 << 20)
        with restored.open("rb") as file:
            for at in (0, size // 3, size - 5):
                file.seek(at)
                self.assertEqual(b"bytes", file.read(5))
            file.seek(size // 2)
            self.assertEqual(bytes(1000), file.read(1000))

    def test_a_file_of_very_many_holes(self) -> None:
        count, step = (200_000 if LARGE else 20_000), 8192
        with (self.tree / "holes").open("wb") as file:
            for number in range(count):
                os.pwrite(file.fileno(), b"%08d" % number, number * step)
        restored = self.there_and_back() / "holes"
        self.assertEqual((self.tree / "holes").stat().st_size, restored.stat().st_size)
        with restored.open("rb") as file:
            for number in range(0, count, 997):
                self.assertEqual(b"%08d" % number, os.pread(file.fileno(), 8, number * step))
        self.assertLess(restored.stat().st_blocks, (self.tree / "holes").stat().st_blocks * 1.1)

    def give_attributes(self, name: str, values: int, size: int) -> pathlib.Path:
        path = self.tree / name
        path.write_bytes(b"x")
        try:
            for number in range(values):
                os.setxattr(path, f"user.{number:05}", os.urandom(size))
        except OSError as error:
            if error.errno not in (errno.ENOTSUP, errno.ENOSPC, errno.E2BIG):
                raise
            self.skipTest(f"no room for {values} attributes of {size} bytes here: {error}")
        return path

    def test_attributes_up_to_the_limit_come_back(self) -> None:
        names = [f"file-{number:02}" for number in range(40)]
        for name in names:
            self.give_attributes(name, 16, 65_000)  # 1 040 160 bytes with their names
        restored = self.there_and_back()
        for name in names[::13]:
            for attribute in os.listxattr(self.tree / name):
                self.assertEqual(os.getxattr(self.tree / name, attribute), os.getxattr(restored / name, attribute))
            self.assertEqual(16, len(os.listxattr(restored / name)))

    def test_attributes_above_the_limit_are_left_out_and_named(self) -> None:
        self.give_attributes("few", 1, 10)
        self.give_attributes("many", 2000, 65_536)
        restored = self.there_and_back(expect=3)
        self.assertEqual(["user.00000"], os.listxattr(restored / "few"))
        self.assertEqual([], os.listxattr(restored / "many"))
        self.assertEqual(b"x", (restored / "many").read_bytes())
        self.assertEqual((2, 1), self.counts())


if __name__ == "__main__":
    INTENDANCE, LARGE = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2] == "large"
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
