#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tests of the bench's corpus and of what compares trees, with tar as the one that backs up."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import compare_trees
import corpus
import files
import mutate

KEEP = ["--acls", "--xattrs", "--xattrs-include=*", "--numeric-owner"]


def copy_by_tar(source, target):
    """As the bench's floor does it."""
    target.mkdir()
    with subprocess.Popen(["tar", "-c", "--format=posix", "--sparse", *KEEP, "-C", source, "."], stdout=subprocess.PIPE) as pack:
        subprocess.run(["tar", "-x", "-p", "--warning=no-timestamp", *KEEP, "-C", target], stdin=pack.stdout, check=True)
    if pack.returncode != 0:
        raise AssertionError("tar could not read the corpus")


class Corpus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="intendance-bench-test-"))
        cls.addClassCleanup(files.remove_tree, cls.folder)
        cls.source = cls.folder / "source"
        cls.left_out = corpus.build(cls.source, "7", "tiny")
        os.sync()  # Room on the disk is given when data is written out.
        cls.tree = compare_trees.describe(cls.source)

    def test_holds_what_a_machine_holds(self):
        parts = {name.split(b"/")[0] for name in self.tree}
        self.assertEqual(parts, {b"www", b"tei", b"iiif", b"cloud", b"dumps", b"couchdb", b"log", b"vm", b"odd"})
        sites = [{name.split(b"/", 2)[2] for name in self.tree if name.startswith(b"www/" + site + b"/")}
                 for site in (b"expositions", b"collections")]
        self.assertEqual(*sites)
        self.assertLess(min(entry.modified for entry in self.tree.values()), -2 * 10 ** 18)
        self.assertTrue(any(entry.allocated < entry.size // 2 for entry in self.tree.values()))
        if not self.left_out:
            names = {name for entry in self.tree.values() for name in entry.attributes}
            self.assertLessEqual({"user.comment", "system.posix_acl_access", "system.posix_acl_default"}, names)

    def test_follows_from_the_seed_through_a_day_of_work(self):
        """And tar loses nothing of it: one copy is made anew, the other by tar."""
        twin, copy = self.folder / "twin", self.folder / "copy"
        corpus.build(twin, "7", "tiny")
        self.assertEqual(compare_trees.digest(compare_trees.describe(twin)), compare_trees.digest(self.tree))
        copy_by_tar(self.source, copy)
        os.sync()
        self.assertEqual(compare_trees.differences(self.tree, compare_trees.describe(copy)), {})
        self.assertEqual(*(mutate.day_of_work(top, "7", day=1) for top in (twin, copy)))
        os.sync()
        trees = [compare_trees.describe(top) for top in (twin, copy)]
        self.assertEqual(compare_trees.differences(*trees), {})
        changed = compare_trees.differences(self.tree, trees[0])
        self.assertLessEqual({"missing", "extra", "contents", "size", "mode", "time", "folder time", "target", "hard link"}, changed.keys())
        self.assertLess(len(changed["contents"]) + len(changed["size"]), 30)

    def test_another_seed_makes_other_bytes(self):
        logs = set()
        for seed in ("7", "8"):
            part = corpus.Corpus(self.folder / f"seed{seed}", seed, corpus.SCALES["tiny"], corpus.Words(seed))
            corpus.make_logs(part)
            logs.add((part.root / "log/access.log").read_bytes())
        self.assertEqual(len(logs), 2)

    def test_goes_only_into_an_empty_folder(self):
        with self.assertRaisesRegex(SystemExit, "not empty"):
            corpus.build(self.source, "7", "tiny")
        with self.assertRaisesRegex(SystemExit, "no corpus"):
            mutate.day_of_work(self.folder, "7", 1)

    def test_names_each_loss(self):
        odd = self.folder / "odd"
        shutil.copytree(self.source / "odd/sizes", odd)
        (odd / "folder").mkdir()
        (odd / "link").symlink_to("s0000001")
        os.link(odd / "s0000511", odd / "second")
        os.truncate(odd / "s0000512", 1 << 20)
        os.sync()
        before = compare_trees.describe(odd)
        late = 1_800_000_000 * files.SECOND
        losses = {
            "missing": (b"s0000000", lambda: (odd / "s0000000").unlink()),
            "extra": (b"new", lambda: (odd / "new").touch()),
            "type": (b"s0004095", lambda: ((odd / "s0004095").unlink(), (odd / "s0004095").mkdir())),
            "contents": (b"s0004096", lambda: self.write(odd / "s0004096", bytes(4096))),
            "size": (b"s0004097", lambda: self.write(odd / "s0004097", b"short")),
            "mode": (b"s0065536", lambda: (odd / "s0065536").chmod(0o4711)),
            "time": (b"pattern", lambda: os.utime(odd / "pattern", ns=(0, before[b"pattern"].modified + 1))),
            "folder time": (b"folder", lambda: os.utime(odd / "folder", ns=(0, late))),
            "symbolic link time": (b"link", lambda: os.utime(odd / "link", ns=(0, late), follow_symlinks=False)),
            "hard link": (b"second", lambda: self.part(odd / "second")),
            "holes": (b"s0000512", lambda: self.write(odd / "s0000512", (odd / "s0000512").read_bytes())),
        }
        if not self.left_out:
            losses["attribute"] = (b"zeros", lambda: os.setxattr(odd / "zeros", "user.new", b"1"))
        if files.AS_ROOT:
            losses["owner"] = (b"s0000001", lambda: os.chown(odd / "s0000001", 1, 2))
        for kind, (name, lose) in losses.items():
            with self.subTest(kind):
                lose()
                os.sync()
                after = compare_trees.describe(odd)
                self.assertIn(name, [found for found, _ in compare_trees.differences(before, after).get(kind, [])])
                before = after
        target = os.readlink(odd / "link")
        (odd / "link").unlink()
        (odd / "link").symlink_to(f"{target}?")
        self.assertIn("target", compare_trees.differences(before, compare_trees.describe(odd)))

    @staticmethod
    def write(path, data):
        """In place, with the time it had."""
        status = path.stat()
        path.write_bytes(data)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    @staticmethod
    def part(path):
        """Makes a name of a file with several a file of its own."""
        apart = path.with_name("apart")
        shutil.copy2(path, apart)
        apart.replace(path)


if __name__ == "__main__":
    unittest.main()
