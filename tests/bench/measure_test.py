#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tests of how the bench measures a command."""
import pathlib
import tempfile
import unittest

import measure

# Twenty million turns take some tenths of a second, wherever.
WORK = "awk 'BEGIN { for (i = 0; i < 20000000; i++) n += i }'"


class Measure(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="intendance-bench-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_command(self, command, **environment):
        return measure.run(command, environment, self.folder, self.folder / "output")

    def test_counts_the_whole_process_tree(self):
        none, one, two = (self.run_command(command) for command in ("true", f"( {WORK} )", f"( {WORK} ) & {WORK}; wait"))
        self.assertLess(none.cpu, one.cpu / 2)
        self.assertGreater(two.cpu, one.cpu * 1.3)
        self.assertLess(two.cpu, two.wall * measure.CORES * 1.1)

    def test_takes_the_memory_of_the_largest_process(self):
        small = self.run_command("true")
        large = self.run_command("( head -c 64M /dev/zero | tail -c 60M | cat >/dev/null )")
        self.assertLess(small.memory, 10)
        self.assertGreater(large.memory, 50)

    def test_tells_how_a_command_ended(self):
        cost = self.run_command("echo said; echo why >&2; cat <<< \"$NAME $HOME\"; false | exit 3", NAME="value")
        self.assertEqual((cost.status, cost.errors), (3, "why\n"))
        self.assertEqual((self.folder / "output").read_text(), f"said\nvalue {self.folder}\n")
        self.assertNotEqual(self.run_command("false | true").status, 0)

    def test_sums_the_sizes_of_files(self):
        (self.folder / "inner").mkdir()
        (self.folder / "inner/a").write_bytes(bytes(100))
        (self.folder / "inner/b").symlink_to("a")
        self.assertEqual(measure.bytes_beneath(self.folder / "inner"), 100)


if __name__ == "__main__":
    unittest.main()
