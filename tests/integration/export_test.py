#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Takes a real tree out of a repository with `intendance export`, opens the archive with other tools
alone (age, zstd, GNU tar, bsdtar, Python's tarfile, unzip), and compares attribute by attribute.

export_test.py INTENDANCE [--unprivileged] [TEST…]

With --unprivileged, root becomes `nobody` first.
"""
from __future__ import annotations

import json
import os
import pathlib
import pty
import pwd
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile

sys.dont_write_bytecode = True

import sample_tree

INTENDANCE = pathlib.Path()
ROOT = os.geteuid() == 0
MOST_MEMORY = 64 << 10  # KiB
BEFORE_1970 = b"times/-1"  # a part of the second before 1970: libarchive cannot write it
OLD_AND_EXACT = b"times/-1000000001"  # bsdtar reads parts of a second before 1970 the wrong way round


class Place:
    def __init__(self, folder: pathlib.Path) -> None:
        self.folder, self.keys, self.tree = folder, folder / "keys", folder / "tree"

    def command(self, *arguments: object) -> list[str]:
        return [str(part) for part in (INTENDANCE, *arguments, "--repository", f"file://{self.folder}/repository",
                                       "--keys", self.keys, "--state", self.folder / "state")]

    def intendance(self, *arguments: object, expect: int = 0, **more: object) -> subprocess.CompletedProcess:
        done = subprocess.run(self.command(*arguments), capture_output=True, timeout=300, **more)
        if done.returncode != expect:
            raise AssertionError(f"{arguments}: exit {done.returncode}, not {expect}\n{done.stdout[-2000:]!r}{done.stderr!r}")
        return done

    def export(self, *arguments: object, expect: int = 0, **more: object) -> subprocess.CompletedProcess:
        """The tree's folder becomes the archive's top."""
        above = len(self.tree.parent.parts) - 1
        return self.intendance("export", "latest", "--strip", above, *arguments, expect=expect, **more)

    def back_up(self) -> None:
        self.intendance("backup", "--paths", self.tree)

    def new_folder(self, name: str) -> pathlib.Path:
        (self.folder / name).mkdir()
        return self.folder / name


def piped(*commands: list[object]) -> None:
    """As a shell would: each reads what the one before writes; all must succeed."""
    running: list[subprocess.Popen] = []
    for command in commands:
        source = running[-1].stdout if running else subprocess.DEVNULL
        running.append(subprocess.Popen([str(part) for part in command], stdin=source, stdout=subprocess.PIPE))
        if len(running) > 1:
            running[-2].stdout.close()
    running[-1].communicate(timeout=300)
    for command, process in zip(commands, running):
        if process.wait(300):
            raise AssertionError(f"{command}: exit {process.returncode}")


class WithPlace(unittest.TestCase):
    maxDiff = None
    place: Place

    @classmethod
    def setUpClass(cls) -> None:
        temporary = tempfile.TemporaryDirectory(prefix="intendance-export-")
        cls.addClassCleanup(cls.clean, temporary)
        cls.place = Place(pathlib.Path(temporary.name).resolve())
        cls.place.intendance("repository", "init", "--machine", "test-1")

    @staticmethod
    def clean(temporary: tempfile.TemporaryDirectory) -> None:
        for folder, _, _ in os.walk(temporary.name):  # top down: each is opened before it is read
            os.chmod(folder, 0o700)
            for name in os.listdir(folder):
                if os.path.isdir(os.path.join(folder, name)) and not os.path.islink(os.path.join(folder, name)):
                    os.chmod(os.path.join(folder, name), 0o700)
        temporary.cleanup()

    def assert_same(self, expected: dict, found: dict) -> None:
        self.assertEqual(sorted(expected), sorted(found))
        for path, description in expected.items():
            self.assertEqual(description, found[path], path)


class Tree(WithPlace):
    """Everything that a file system can hold."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        tree = cls.place.tree
        sample_tree.make(tree, seed=1)
        (tree / "long link").symlink_to("far/" * 60 + "away")
        cls.odd = tree / "odd attributes"
        cls.odd.write_text("named oddly")
        try:
            for name in ("user.a=b", "user.a%b", "user.%3D"):
                os.setxattr(cls.odd, name, b"any\0bytes\n=")
        except OSError as error:
            print(f"no extended attributes here ({error.strerror}): not tried")
        if ROOT:
            (tree / "large numbers").touch()
            os.chown(tree / "large numbers", 3_000_000, 4_000_000_000)
        cls.place.back_up()
        cls.described = sample_tree.describe(tree)
        cls.sealed = cls.place.folder / "tree.tar.zst.age"
        cls.done = cls.place.export("--tar", cls.sealed, "--json", expect=3)

    def expected(self) -> dict:
        """What others find, for the one time that a tar cannot keep."""
        described = {path: dict(description) for path, description in self.described.items()}
        described[BEFORE_1970]["mtime"] = -1_000_000_000
        return described

    def opened(self) -> list[list[object]]:
        return [["age", "-d", "-i", self.place.keys / "reader.key", self.sealed], ["zstd", "-d"]]

    def test_what_is_lost_is_named(self) -> None:
        self.assertEqual({"time": 1}, json.loads(self.done.stdout)["losses"])
        self.assertIn(b"/times/-1: its time", self.done.stderr)
        self.assertEqual(1, self.done.stderr.count(b"\n"), self.done.stderr)
        self.assertEqual(0o600, stat.S_IMODE(self.sealed.stat().st_mode))

    def test_gnu_tar_restores_everything(self) -> None:
        target = self.place.new_folder("gnu")
        piped(*self.opened(), ["tar", "x", "-p", "-C", target, "--acls", "--xattrs", "--xattrs-include=*",
                               "--numeric-owner", "--warning=no-timestamp", "--warning=no-unknown-keyword"])
        self.assert_same(self.expected(), sample_tree.describe(target / "tree"))

    def test_gnu_tar_is_quiet_about_names_in_utf8(self) -> None:
        plain = self.place.folder / "quiet.tar"
        self.place.export(self.place.tree / "corpus", "--tar", plain)
        done = subprocess.run(["tar", "tf", plain], capture_output=True, check=True)
        self.assertEqual(b"", done.stderr)

    def test_bsdtar_restores_all_but_what_it_reads_otherwise(self) -> None:
        target = self.place.new_folder("bsd")
        piped(*self.opened(), ["bsdtar", "-x", "-p", "-C", target, "-f", "-", "--acls", "--xattrs", "--numeric-owner"])
        found, expected = sample_tree.describe(target / "tree"), self.expected()
        for description in (found, expected):
            del description[OLD_AND_EXACT]["mtime"]
            del description[b"odd attributes"]["attributes"]
        self.assert_same(expected, found)

    def test_python_reads_what_its_tarfile_can(self) -> None:
        target = self.place.new_folder("python")
        plain = self.place.folder / "python.tar"
        self.place.export("--tar", plain, expect=3)
        trusting = {"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}
        with tarfile.open(plain) as archive:
            archive.extractall(target, numeric_owner=True, **trusting)
        found, expected = sample_tree.describe(target / "tree"), self.expected()
        for description in [*found.values(), *expected.values()]:
            if stat.S_ISLNK(description["kind"]):  # it gives them no time, and copies their further names
                del description["mtime"], description["first name"]
            else:
                description["mtime"] = round(description["mtime"] / 1e9, 3)  # seconds, as a float
            del description["attributes"]
        for description in (found, expected):
            del description[b"attributes/file"]["mode"]  # its group's, not its access list's mask
            if not ROOT:
                del description[b"."]["mtime"]
        self.assert_same(expected, found)

    def test_standard_output_has_the_same_bytes(self) -> None:
        done = self.place.export("--tar", "-", expect=3)
        plain = self.place.folder / "same.tar"
        self.place.export("--tar", plain, expect=3)
        self.assertTrue(plain.read_bytes() == done.stdout)
        self.assertIn(b"exported", done.stderr)

    def test_one_folder_and_no_leading_parts(self) -> None:
        plain = self.place.folder / "part.tar"
        self.place.export(self.place.tree / "a", self.place.tree / "links" / "odd", "--tar", plain)
        with tarfile.open(plain) as archive:
            self.assertEqual(["tree", "tree/a", "tree/a/b", "tree/links", "tree/links/odd"], archive.getnames())
        self.place.intendance("export", "latest", self.place.tree / "a", "--tar", plain)
        with tarfile.open(plain) as archive:
            names = archive.getnames()
        self.assertEqual(str(self.place.tree / "a" / "b")[1:], names[-1])
        self.assertEqual(names[-1].split("/")[0], names[0])

    def test_a_further_name_whose_first_is_not_there_brings_the_contents(self) -> None:
        plain = self.place.folder / "further.tar"
        paths = [self.place.tree / "links" / "the same byte", self.place.tree / "one byte"]
        self.place.export(*paths, "--tar", plain)  # the first name is links/again
        with tarfile.open(plain) as archive:
            first, second = (archive.getmember(f"tree/{path.relative_to(self.place.tree)}") for path in paths)
            self.assertEqual(b"x", archive.extractfile(first).read())
            self.assertTrue(first.isreg() and second.islnk())
            self.assertEqual(first.name, second.linkname)

    def test_only_the_named_recipients_open_it(self) -> None:
        keys = [self.place.folder / f"other-{number}.key" for number in range(2)]
        recipients = []
        for key in keys:
            subprocess.run(["age-keygen", "-o", key], check=True, capture_output=True)
            shown = subprocess.run(["age-keygen", "-y", key], check=True, capture_output=True, text=True)
            recipients += ["--recipient", shown.stdout.strip()]
        sealed = self.place.folder / "others.tar.age"
        self.place.export(self.place.tree / "a", "--tar", sealed, *recipients)
        for key in keys:
            opened = subprocess.run(["age", "-d", "-i", key, sealed], check=True, capture_output=True)
            self.assertTrue(b"tree/a/b" in opened.stdout)
        refused = subprocess.run(["age", "-d", "-i", self.place.keys / "reader.key", sealed], capture_output=True)
        self.assertNotEqual(0, refused.returncode)

    def test_a_zip_keeps_what_zip_can_and_names_the_rest(self) -> None:
        parts = ["a", "corpus", "links", "modes", "times", "attributes", "odd", "one byte", "fifo"]
        archive = self.place.folder / "tree.zip"
        done = self.place.export(*[self.place.tree / part for part in parts], "--zip", archive, "--json", expect=3)
        losses = json.loads(done.stdout)["losses"]
        self.assertEqual((3, 3, 1, 3), tuple(losses[kind] for kind in ("left out", "hard link", "name", "time")))
        for name in (b"/fifo: is left out", b"/one byte: becomes a copy", b"its name is not UTF-8", b"cut to"):
            self.assertIn(name, done.stderr)
        with zipfile.ZipFile(archive) as opened:
            self.assertIsNone(opened.testzip())
            self.assertTrue("tree/odd/éàü – 文" in opened.namelist())
        target = self.place.new_folder("zip")
        subprocess.run(["unzip", "-qq", "-^", "-K", *(["-X"] if ROOT else []), archive, "-d", target], check=True,
                       capture_output=True)
        found = sample_tree.describe(target / "tree")
        expected = {path: description for path, description in self.described.items()
                    if path.split(b"/")[0].decode(errors="replace") in [*parts, "."] and b"fifo" not in path}
        self.assertEqual(sorted(expected), sorted(found))
        for path, description in expected.items():
            for kept in ("kind", "mode", "owner", "contents", "target"):
                if kept == "mode" and stat.S_ISLNK(description["kind"]):
                    continue
                self.assertEqual(description.get(kept), found[path].get(kept), (path, kept))
            if not stat.S_ISLNK(description["kind"]):
                seconds = min(max(description["mtime"] // 10**9, 0), 2**31 - 1)
                self.assertEqual(seconds, found[path]["mtime"] // 10**9, path)


class Refusals(WithPlace):
    """No archive is better than one that is not what it says."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.place.tree.mkdir()
        (cls.place.tree / "random").write_bytes(os.urandom(3 << 20))
        cls.place.back_up()

    def setUp(self) -> None:
        self.out = pathlib.Path(tempfile.mkdtemp(dir=self.place.folder))

    def assert_refused(self, expect: int, *arguments: object, **more: object) -> bytes:
        done = self.place.export(*arguments, expect=expect, **more)
        self.assertEqual([], os.listdir(self.out))
        return done.stderr

    def test_damaged_contents(self) -> None:
        copy = Place(self.place.folder / "damaged")
        copy.folder.mkdir()
        shutil.copytree(self.place.folder / "repository", copy.folder / "repository")
        copy.keys = self.place.keys
        pack = max((copy.folder / "repository" / "packs").rglob("*"), key=lambda path: path.lstat().st_size)
        with open(pack, "r+b") as file:
            os.pwrite(file.fileno(), bytes(4096), pack.stat().st_size // 2)
        for file in (self.out / "x.tar", self.out / "x.zip", "-"):
            kind = "--zip" if str(file).endswith("zip") else "--tar"
            done = copy.intendance("export", "latest", kind, file, expect=1)
            self.assertIn(os.fsencode(self.place.tree / "random"), done.stderr)
            self.assertEqual([], os.listdir(self.out))

    def test_a_full_disk(self) -> None:
        def small() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        message = self.assert_refused(1, "--tar", self.out / "x.tar.zst", preexec_fn=small)
        self.assertIn(b"x.tar.zst: cannot write: File too large", message)
        with open("/dev/full", "wb") as full:
            done = subprocess.run(self.place.command("export", "latest", "--tar", "-"), stdout=full,
                                  stderr=subprocess.PIPE, timeout=60)
        self.assertEqual((1, b"intendance: standard output: cannot write: No space left on device\n"),
                         (done.returncode, done.stderr))

    def test_whoever_reads_goes_away(self) -> None:
        with subprocess.Popen(self.place.command("export", "latest", "--tar", "-"), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as export:
            self.assertEqual(100, len(export.stdout.read(100)))
            export.stdout.close()
            message = export.stderr.read()
        self.assertEqual((1, b"intendance: standard output: cannot write: Broken pipe\n"), (export.returncode, message))

    def test_a_terminal(self) -> None:
        controller, terminal = pty.openpty()
        done = subprocess.run(self.place.command("export", "latest", "--tar", "-"), stdout=terminal,
                              stderr=subprocess.PIPE, timeout=60)
        os.close(terminal)
        os.close(controller)
        self.assertEqual(2, done.returncode)
        self.assertIn(b"not written to a terminal", done.stderr)

    def test_what_is_there_stays_when_the_archive_fails(self) -> None:
        there = self.out / "x.tar"
        there.write_text("the last good one")
        self.place.export("/nowhere", "--tar", there, expect=1)
        self.assertEqual((["x.tar"], "the last good one"), (os.listdir(self.out), there.read_text()))

    def test_a_name_that_is_no_file(self) -> None:
        pipe = self.place.folder / "pipe"
        os.mkfifo(pipe)
        self.assertIn(b"not a regular file", self.assert_refused(2, "--tar", pipe))
        self.assertTrue(stat.S_ISFIFO(pipe.lstat().st_mode))

    def test_options_that_contradict_each_other(self) -> None:
        for options in ([], ["--tar", self.out / "x", "--zip", self.out / "y"], ["--zip", self.out / "x", "--zstd"],
                        ["--zip", self.out / "x.zst.age"], ["--tar", self.out / "x", "--zstd=20"],
                        ["--tar", self.out / "x", "--recipient", "age1qqq"]):
            with self.subTest(options=options):
                self.assert_refused(2, *options)


class Large(WithPlace):
    """More than 8 GiB, which a tar's own field for the size cannot hold, and little memory."""

    def test_a_hole_of_nine_gigabytes_and_many_bytes(self) -> None:
        self.place.tree.mkdir()
        with open(self.place.tree / "sparse", "wb") as file:
            os.pwrite(file.fileno(), b"at its end", (9 << 30) - 10)
        with open(self.place.tree / "random", "wb") as file:
            for _ in range(50):
                file.write(os.urandom(4 << 20))
        with open(self.place.tree / "comb", "wb") as file:
            for tooth in range(8_000):
                os.pwrite(file.fileno(), b"tooth %d" % tooth, tooth << 13)
            file.truncate(8_000 << 13)
        self.place.back_up()
        sealed = self.place.folder / "large.tar.zst.age"
        self.place.export("--tar", sealed)
        used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        self.assertLess(used, MOST_MEMORY)
        target = self.place.new_folder("out")
        piped(["age", "-d", "-i", self.place.keys / "reader.key", sealed], ["zstd", "-d"],
              ["tar", "x", "-p", "-C", target])
        found, expected = described_large(target / "tree"), described_large(self.place.tree)
        # How many blocks hold the same data is the file system's business, to some extent.
        for name, (*_, allocated) in expected.items():
            self.assertLessEqual(found[name][-1], allocated * 1.25 + (64 << 10), name)
        self.assertEqual({name: each[:-1] for name, each in expected.items()}, {name: each[:-1] for name, each in found.items()})
        self.assertEqual(9 << 30, found["sparse"][0])
        self.assertLess(found["sparse"][-1], 1 << 20)


def described_large(top: pathlib.Path) -> dict[str, tuple]:
    """Size, time, contents from the first byte of data on, and bytes on the disk."""
    described = {}
    for path in sorted(top.iterdir()):
        status = path.stat()
        with open(path, "rb") as file:
            file.seek(os.lseek(file.fileno(), 0, os.SEEK_DATA))
            described[path.name] = (status.st_size, status.st_mtime_ns, hash(file.read()), status.st_blocks * 512)
    return described


def main(arguments: list[str]) -> int:
    global INTENDANCE
    unprivileged = "--unprivileged" in arguments
    arguments = [argument for argument in arguments if argument != "--unprivileged"]
    INTENDANCE = pathlib.Path(arguments[1])
    if unprivileged and ROOT:
        # Nobody may be unable to look into the folder of the sources.
        nobody = pwd.getpwnam("nobody")
        with tempfile.TemporaryDirectory(prefix="intendance-nobody-") as folder:
            here = pathlib.Path(__file__)
            for source in (INTENDANCE, here, here.parent / "sample_tree.py"):
                shutil.copy2(source, folder)
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            again = [f"{folder}/{here.name}", f"{folder}/{INTENDANCE.name}", *arguments[2:]]
            return subprocess.run([sys.executable, *again], user=nobody.pw_uid, group=nobody.pw_gid,
                                  extra_groups=[], cwd=folder).returncode
    return 0 if unittest.main(argv=[arguments[0], *arguments[2:]], exit=False, verbosity=2).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
