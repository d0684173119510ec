#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backups, prunes and restores of a tree that changes all the time, each killed at some moment, and left in peace.

killed_test.py INTENDANCE SECONDS [TEST…]
"""
from __future__ import annotations

import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest

import live_tree

INTENDANCE = pathlib.Path()
SECONDS = 5.0  # for each test
LONGEST = 60  # seconds, for one command


class Alive(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory(prefix="intendance-killed-")
        self.addCleanup(temporary.cleanup)
        self.top = pathlib.Path(temporary.name).resolve()
        self.live, self.still, self.store = self.top / "live", self.top / "still", self.top / "store"
        self.live.mkdir()
        self.still.mkdir()
        self.seed = random.randrange(1 << 32)
        self.chance = random.Random(self.seed)
        self.run_to_its_end("repository", "init", "--machine", "m", expect=[0])
        mutator = subprocess.Popen([sys.executable, "-B", live_tree.__file__, self.live, self.top / "elsewhere", str(self.seed)], stdout=subprocess.PIPE)
        self.addCleanup(mutator.stdout.close)
        self.addCleanup(mutator.wait)
        self.addCleanup(mutator.kill)
        mutator.stdout.readline()
        self.end = time.monotonic() + SECONDS

    def command(self, arguments: tuple[object, ...]) -> list[str]:
        where = ["--repository", f"file://{self.store}", "--keys", self.top / "keys", "--state", self.top / "state"]
        return [str(each) for each in [INTENDANCE, *arguments, *where]]

    def run_to_its_end(self, *arguments: object, expect: list[int]) -> str:
        done = subprocess.run(self.command(arguments), capture_output=True, text=True, errors="replace", timeout=LONGEST)
        self.assertIn(done.returncode, expect, f"seed {self.seed}, {arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def kill_midway(self, *arguments: object, within: float) -> bool:
        """Whether it was killed before it ended."""
        process = subprocess.Popen(self.command(arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(self.chance.uniform(0, within))
        except subprocess.TimeoutExpired:
            process.kill()
        return process.wait() < 0

    def backup(self) -> tuple[str, ...]:
        return "backup", "--nice", "0", "--paths", str(self.live), str(self.still)

    def snapshots(self) -> list[str]:
        return [each["id"] for each in json.loads(self.run_to_its_end("snapshots", "--json", expect=[0]))]

    def check_restored(self, target: pathlib.Path, expected: dict[str, bytes]) -> int:
        """What did not change is there bit for bit; of what did, nothing is another's. Returns how many files are live."""
        still = target / self.still.relative_to("/")
        self.assertEqual(expected, {each.name: each.read_bytes() for each in still.iterdir()}, f"seed {self.seed}")
        files = 0
        for folder, _, names in os.walk(target / self.live.relative_to("/")):
            for path in (pathlib.Path(folder) / name for name in names):
                if stat.S_ISREG(path.lstat().st_mode):
                    files += 1
                    path.chmod(0o600)
                    named = path.with_name(path.name.removeprefix(".new-"))
                    self.assertTrue(live_tree.is_own(named, path.read_bytes()), f"seed {self.seed}: {path} holds another file's contents")
        return files


class Torn(Alive):
    def test_no_backup_of_a_changing_tree_hangs_or_takes_another_files_contents(self) -> None:
        live_files = rounds = 0
        (self.still / "rock").write_bytes(b"does not move")
        while rounds < 2 or time.monotonic() < self.end:
            rounds += 1
            self.run_to_its_end(*self.backup(), expect=[0, 3])
            target = self.top / f"target-{rounds}"
            self.run_to_its_end("restore", "latest", "--target", target, expect=[0])
            live_files += self.check_restored(target, {"rock": b"does not move"})
            shutil.rmtree(target)
        self.assertGreater(live_files, 20 * rounds, "hardly anything was backed up, so hardly anything is proven")
        self.run_to_its_end("verify", "--read-data", expect=[0])


class Interrupted(Alive):
    def test_a_backup_to_a_slow_store_ends_at_once(self) -> None:
        """At the rate that it is allowed, it would take ten minutes."""
        (self.still / "rock").write_bytes(self.chance.randbytes(6_000_000))
        process = subprocess.Popen(self.command((*self.backup(), "--limit-upload", "10KiB/s")), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        incoming = self.store / ".incoming"
        while not (incoming.is_dir() and any(incoming.iterdir())) and process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):  # until it puts its first object
                process.wait(0.01)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=LONGEST)[1]
        self.assertEqual(1, process.returncode, said)
        self.assertIn("stopped", said)
        self.assertEqual([], self.snapshots())
        self.run_to_its_end(*self.backup(), expect=[0, 3])
        self.run_to_its_end("verify", "--read-data", expect=[0])


class Killed(Alive):
    def test_nothing_is_lost_or_left(self) -> None:
        kept: dict[str, dict[str, bytes]] = {}
        target, killed = self.top / "target", 0
        while killed < 6 or time.monotonic() < self.end:
            name = f"part-{self.chance.randrange(4)}"
            (self.still / name).write_bytes(self.chance.randbytes(self.chance.randrange(3_000_000)))
            expected = {each.name: each.read_bytes() for each in self.still.iterdir()}
            killed += self.kill_midway(*self.backup(), within=0.4)
            new = [each for each in self.snapshots() if each not in kept]
            self.assertLessEqual(len(new), 1)
            kept.update({each: expected for each in new})
            if len(kept) > 3:
                forgotten = next(iter(kept))
                (self.store / "snapshots" / forgotten).unlink()
                del kept[forgotten]
            killed += self.kill_midway("prune", "--nice", "0", "--grace", "0d", within=0.15)
            if kept:
                killed += self.kill_midway("restore", "latest", "--target", target, "--overwrite=always", within=0.2)
        self.run_to_its_end(*self.backup(), expect=[0, 3])
        self.run_to_its_end("prune", "--grace", "0d", expect=[0])
        kept[next(each for each in self.snapshots() if each not in kept)] = expected
        self.assertEqual(set(kept), set(self.snapshots()))
        shutil.rmtree(target, ignore_errors=True)
        for snapshot, files in kept.items():
            self.kill_midway("restore", snapshot, "--target", target, within=0.1)
            self.run_to_its_end("restore", snapshot, "--target", target, "--overwrite=always", expect=[0])
            self.check_restored(target, files)
            shutil.rmtree(target)
        self.run_to_its_end("verify", "--read-data", expect=[0])
        self.assertEqual([], self.left_over_tomorrow())

    def left_over_tomorrow(self) -> list[str]:
        """Of what is made for a moment. Somebody may be at work on what is young in a store: for a day it stays."""
        long_ago = time.time() - 2 * 86_400
        for path in (self.store / ".incoming").iterdir():
            os.utime(path, (long_ago, long_ago))
        self.snapshots()
        found = [*(self.top / "state").rglob("*.next"), *(self.top / "state").glob("spool/*"), *(self.store / ".incoming").glob("*")]
        return [str(each) for each in found]


if __name__ == "__main__":
    INTENDANCE, SECONDS = pathlib.Path(sys.argv[1]).resolve(), float(sys.argv[2])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
