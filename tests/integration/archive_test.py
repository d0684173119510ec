#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Archives for tapes: archive_test.py INTENDANCE [TEST…]

What the hub writes is restored with age, zstd and tar alone, by the commands that the archive itself holds.
"""
from __future__ import annotations

import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from archives import restore_by_its_text  # noqa: E402

INTENDANCE = pathlib.Path()
PART = 2_000_000


class Archives(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="intendance-archive-")
        self.addCleanup(folder.cleanup)
        self.top = pathlib.Path(folder.name)
        self.tree, self.keys, self.tapes = self.top / "tree", self.top / "keys", self.top / "tapes"
        (self.tree / "lettres").mkdir(parents=True)
        (self.tree / "lettres/une lettre é").write_text("Bonjour.\n")
        (self.tree / "image").write_bytes(os.urandom(5_000_000))
        os.utime(self.tree / "image", ns=(1, 1_500_000_000_123_456_789))
        self.config = self.top / "intendance.toml"
        self.configure()
        self.cli("repository", "init", "--machine", "web-1")
        self.cli("backup", "tei")

    def configure(self, archive: str = "") -> None:
        self.config.write_text(
            f'[machine]\nname = "hub"\n[backupd]\n'
            f'[repository.web-1]\nurl = "file://{self.top}/store"\nkeys = "{self.keys}"\n'
            f'[archive.nearline]\nurl = "file://{self.tapes}"\n'
            f'[[job]]\nname = "tei"\nrepository = "web-1"\npaths = ["{self.tree}"]\n'
            f'[[care]]\nrepository = "web-1"\nkeep = {{ last = 2 }}\n'
            f'archive = {{ to = "nearline", every = "monthly", part = "{PART}B"{archive} }}\n')

    def cli(self, *arguments: object, status: int = 0) -> str:
        done = subprocess.run([str(each) for each in (INTENDANCE, *arguments, "--config", self.config, "--state", self.top / "state")],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(status, done.returncode, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def archives(self) -> list[pathlib.Path]:
        return sorted(file.parent for file in self.tapes.glob("tei/*/sha256sums"))

    def restore(self, archive: pathlib.Path, key: pathlib.Path) -> pathlib.Path:
        """By the commands of its own text."""
        target = self.top / "target"
        target.mkdir(exist_ok=True)
        restore_by_its_text(archive, key, target)
        return target / self.tree.relative_to("/")

    def test_age_zstd_and_tar_restore_everything(self) -> None:
        self.assertIn("1 written", self.cli("archive"))
        archive, = self.archives()
        parts = sorted(archive.glob("part-*.tar.zst.age"))
        self.assertEqual([f"part-{number:04}.tar.zst.age" for number in range(1, 4)], [part.name for part in parts])
        restored = self.restore(archive, self.keys / "reader.key")
        compared = subprocess.run(["diff", "-r", self.tree, restored], capture_output=True, text=True)
        self.assertEqual("", compared.stdout + compared.stderr)
        self.assertEqual(1_500_000_000_123_456_789, (restored / "image").stat().st_mtime_ns)
        self.assertIn("0 written", self.cli("archive"))

    def test_a_run_that_was_broken_off_is_gone_on_with(self) -> None:
        """The store fails at each of its objects in turn."""
        self.cli("archive")
        archive, = self.archives()
        whole = {file.name: file.stat().st_size for file in archive.iterdir()}
        subprocess.run(["rm", "-rf", self.tapes], check=True)
        name = f"tei/{archive.name}/part-0003.tar.zst.age"
        (self.tapes / name).mkdir(parents=True)  # no object can have that name
        self.cli("archive", status=1)
        stored = {file.name: file.read_bytes() for file in archive.iterdir() if file.is_file()}
        self.assertEqual({"part-0001.tar.zst.age", "part-0002.tar.zst.age"}, set(stored))
        (self.tapes / name).rmdir()
        self.cli("archive")
        self.assertEqual(set(whole), {file.name for file in archive.iterdir()})
        for file, contents in stored.items():
            self.assertEqual(contents, (archive / file).read_bytes(), "it was sent again")
        self.restore(archive, self.keys / "reader.key")

    def test_parts_that_nobody_remembers_are_made_anew(self) -> None:
        self.cli("archive")
        archive, = self.archives()
        (archive / "sha256sums").unlink()
        self.cli("archive")
        restored = self.restore(archive, self.keys / "reader.key")
        self.assertEqual((self.tree / "image").read_bytes(), (restored / "image").read_bytes())

    def test_old_archives_go_and_the_newest_stay(self) -> None:
        self.configure(", keep = 2")
        seen = []
        for number in range(4):
            (self.tree / "more").write_text(str(number))
            time.sleep(1.1)  # snapshots are told apart by their second
            self.cli("backup", "tei")
            self.cli("archive")
            seen.append(set(self.archives()))
        self.assertEqual([1, 2, 2, 2], [len(each) for each in seen])
        restored = self.restore(self.archives()[-1], self.keys / "reader.key")
        self.assertEqual("3", (restored / "more").read_text())

    def test_what_is_said_is_what_is_there(self) -> None:
        self.cli("archive")
        archive, = self.archives()
        text = (archive / "lisezmoi.txt").read_text()
        for word in ("tei", "web-1", "3 parties", "file://"):
            self.assertIn(word, text)
        for line in (archive / "sha256sums").read_text().splitlines():
            digest, name = line.split("  ")
            self.assertEqual(digest, hashlib.sha256((archive / name).read_bytes()).hexdigest())

    def test_without_a_reader_key_it_says_so(self) -> None:
        (self.keys / "reader.key").rename(self.top / "away")
        self.assertIn("reader.key", self.cli("archive", status=1))


if __name__ == "__main__":
    INTENDANCE = pathlib.Path(sys.argv[1]).resolve()
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
