#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backs a real tree up with `intendance`, restores it with the independent reader and with
`intendance`, and compares; then damages copies of the repository and sees that both notice.

read_repository_test.py INTENDANCE SUPPORT_DIRECTORY [--unprivileged] [TEST…]

With --unprivileged, root becomes `nobody` first.
"""
from __future__ import annotations

import base64
import hashlib
import json
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable

sys.dont_write_bytecode = True
for argument in sys.argv[2:3]:
    sys.path.append(argument)  # where the reader is

import nacl.signing

import sample_tree
from hostile_writer import HostileWriter, record, varint
from read_repository import CONTENTS, FILE, MANIFEST, MORE, Cursor, Repository, pages, record_of

INTENDANCE = pathlib.Path()
READER = pathlib.Path()


def run(*command: object, expect: int | None = 0) -> subprocess.CompletedProcess:
    done = subprocess.run([str(part) for part in command], capture_output=True, encoding="utf-8",
                          errors="surrogateescape", timeout=300)
    if expect is not None and done.returncode != expect:
        raise AssertionError(f"{command}: exit {done.returncode}, not {expect}\n{done.stdout}{done.stderr}")
    return done


class Place:
    """A repository, its keys and states in one folder, and a tree to back up."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.repository, self.keys, self.tree = folder / "repository", folder / "keys", folder / "tree"

    def intendance(self, *arguments: object, keys: str = "keys", state: str = "state",
                   expect: int | None = 0) -> subprocess.CompletedProcess:
        return run(INTENDANCE, *arguments, "--repository", f"file://{self.repository}", "--keys",
                   self.folder / keys, "--state", self.folder / state, expect=expect)

    def read(self, command: str, *arguments: object, keys: str = "restorer",
             expect: int | None = 0) -> subprocess.CompletedProcess:
        return run("/usr/bin/python3", READER, command, "--repository", self.repository, "--keys",
                   self.folder / keys, *arguments, expect=expect)

    def make_keys(self) -> None:
        self.intendance("repository", "init", "--machine", "test-1")
        for bundle, names in (("restorer", ["reader.key"]), ("machine", ["writer.key"]), ("hub", ["maintenance.key"])):
            (self.folder / bundle).mkdir()
            for name in [*names, "owner.pub"]:
                shutil.copy2(self.keys / name, self.folder / bundle)

    def back_up(self, state: str = "machine-state") -> str:
        """With the machine's keys alone; returns the snapshot's name."""
        done = self.intendance("backup", "--paths", self.tree, "--json", keys="machine", state=state)
        return json.loads(done.stdout)["snapshot"]

    def copy(self, name: str) -> Place:
        """The same keys with a copy of the repository, and a state of its own."""
        other = Place(self.folder / name)
        other.folder.mkdir()
        shutil.copytree(self.repository, other.repository)
        for bundle in ("keys", "restorer", "machine", "hub"):
            shutil.copytree(self.folder / bundle, other.folder / bundle)
        other.tree = self.tree
        return other

    def restored(self, target: pathlib.Path) -> pathlib.Path:
        return target / self.tree.relative_to("/")


# Root's folders lie above the tree; only root can give them back to root, and both readers say so.
RESTORED = 0 if os.geteuid() == 0 else 3


class WithPlace(unittest.TestCase):
    maxDiff = None
    place: Place
    temporary: tempfile.TemporaryDirectory

    @classmethod
    def setUpClass(cls) -> None:
        cls.temporary = tempfile.TemporaryDirectory(prefix="intendance-read-")
        cls.addClassCleanup(cls.clean)
        cls.place = Place(pathlib.Path(cls.temporary.name).resolve())
        cls.place.make_keys()

    @classmethod
    def clean(cls) -> None:
        for folder, _, _ in os.walk(cls.temporary.name):  # top down: each is opened before it is read
            os.chmod(folder, 0o700)
            for name in os.listdir(folder):
                if os.path.isdir(os.path.join(folder, name)) and not os.path.islink(os.path.join(folder, name)):
                    os.chmod(os.path.join(folder, name), 0o700)
        cls.temporary.cleanup()

    def assert_same(self, expected: dict, top: pathlib.Path) -> None:
        found = sample_tree.describe(top)
        self.assertEqual(sorted(expected), sorted(found))
        for path, description in expected.items():
            self.assertEqual(description, found[path], path)


class RoundTrip(WithPlace):
    """Two snapshots with changes between them."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        sample_tree.make(cls.place.tree, seed=1)
        cls.names, cls.trees = [], []
        for _ in range(2):
            cls.trees.append(sample_tree.describe(cls.place.tree))
            cls.names.append(cls.place.back_up())
            sample_tree.change(cls.place.tree, seed=2) if len(cls.names) == 1 else None

    def test_the_reader_restores_both_snapshots(self) -> None:
        for number, name in enumerate(self.names):
            target = self.place.folder / f"read-{number}"
            self.place.read("restore", "--snapshot", name[:12], "--target", target, expect=RESTORED)
            self.assert_same(self.trees[number], self.place.restored(target))

    def test_intendance_restores_both_snapshots(self) -> None:
        for number, name in enumerate(self.names):
            target = self.place.folder / f"restored-{number}"
            self.place.intendance("restore", name[:12], "--target", target, keys="restorer", expect=RESTORED)
            self.assert_same(self.trees[number], self.place.restored(target))

    def test_latest_is_the_second(self) -> None:
        target = self.place.folder / "latest"
        self.place.read("restore", "--target", target, expect=RESTORED)
        self.assert_same(self.trees[1], self.place.restored(target))
        listed = self.place.read("list").stdout.split("\n")
        self.assertEqual(self.names, [line.split(" ")[0] for line in listed if line])

    def test_what_intendance_lists_is_what_was_there(self) -> None:
        above = len(self.place.tree.relative_to("/").parents) - 1
        for tree, name in zip(self.trees, self.names):
            listed = json.loads(self.place.intendance("ls", name, "--json", keys="restorer").stdout)
            self.assertEqual(above + len(tree), len(listed))

    def test_the_reader_needs_no_index(self) -> None:
        for number, name in enumerate(self.names):
            target = self.place.folder / f"scanned-{number}"
            self.place.read("restore", "--scan", "--snapshot", name, "--target", target, expect=RESTORED)
            self.assert_same(self.trees[number], self.place.restored(target))

    def test_the_repository_is_whole_for_the_hub(self) -> None:
        self.place.intendance("verify", "--read-data", keys="hub", state="hub-state")

    def test_the_machine_cannot_read_what_it_wrote(self) -> None:
        done = self.place.intendance("restore", "latest", "--target", self.place.folder / "no", keys="machine", expect=None)
        self.assertNotEqual(0, done.returncode)
        self.assertIn("reader.key", done.stderr)
        self.assertFalse((self.place.folder / "no").exists())

    def test_lost_indexes_are_found_again_in_packs(self) -> None:
        copy = self.place.copy("without-indexes")
        shutil.rmtree(copy.repository / "indexes")
        (copy.repository / "indexes").mkdir()
        copy.read("restore", "--target", copy.folder / "out", expect=RESTORED)
        self.assert_same(self.trees[1], copy.restored(copy.folder / "out"))


class ManyIslands(WithPlace):
    """A file of more parts than one record holds."""

    ISLANDS = 4100

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.place.tree.mkdir()
        with open(cls.place.tree / "islands", "wb") as file:
            for number in range(cls.ISLANDS):
                os.pwrite(file.fileno(), os.urandom(4096), number * 12288)
            file.truncate(cls.ISLANDS * 12288)
        (cls.place.tree / "z").write_text("comes after it")
        cls.place.back_up()
        (cls.place.tree / "z").write_text("comes after what is recognised")
        cls.place.back_up()

    def test_it_goes_on_in_another_record(self) -> None:
        repository = Repository(self.place.repository, self.place.keys, False)
        snapshots = repository.snapshots()
        self.assertEqual(2, len(snapshots))
        for snapshot in snapshots:
            types = []
            for _, id_ in pages(repository, snapshot):
                page = Cursor(repository.chunk(id_, MANIFEST))
                while page.more():
                    one = record_of(Cursor(page.counted()))
                    types += [(one.type, len(one.data))] if one.path.endswith(b"/islands") else []
            self.assertEqual([(FILE, 4096), (MORE, self.ISLANDS - 4096)], types)

    def test_both_restore_it(self) -> None:
        expected = sample_tree.describe(self.place.tree)
        self.assertEqual(self.ISLANDS, len(expected[b"islands"]["data"]))
        target = self.place.folder / "read"
        self.place.read("restore", "--target", target, expect=RESTORED)
        self.assert_same(expected, self.place.restored(target))
        target = self.place.folder / "restored"
        self.place.intendance("restore", "latest", "--target", target, keys="restorer", expect=RESTORED)
        self.assert_same(expected, self.place.restored(target))


def objects(repository: pathlib.Path) -> list[pathlib.Path]:
    kinds = ("trust", "packs", "indexes", "snapshots")
    return sorted(path for kind in kinds for path in (repository / kind).rglob("*") if path.is_file())


class Damage(WithPlace):
    """One byte of one object is changed, or the object is gone: everybody who needs it says so."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.place.tree.mkdir()
        (cls.place.tree / "file").write_bytes(b"a small file\n" * 100)
        (cls.place.tree / "random").write_bytes(os.urandom(100_000))
        cls.place.back_up()

    def assert_noticed(self, damaged: Place, name: str, what: str) -> None:
        """`name` is the object's; a restore may instead name the file that it could not restore."""
        target = damaged.folder / f"read-{what}"
        done = damaged.read("restore", "--target", target, expect=1)
        self.assertIn(name.rsplit("/", 1)[1][:8], done.stderr, what)
        for keys in ("hub", "restorer"):
            done = damaged.intendance("verify", "--read-data", keys=keys, state=f"{keys}-state", expect=1)
            self.assertIn(name.rsplit("/", 1)[1][:8], done.stdout + done.stderr, what)

    def assert_restore_is_exact_or_complains(self, damaged: Place, needed: bool) -> None:
        """It reads only what it needs: not a pack's first and last bytes, and not each index."""
        target = damaged.folder / "restored"
        done = damaged.intendance("restore", "latest", "--target", target, keys="restorer", expect=None)
        lines = (done.stdout + done.stderr).split("\n")
        complaints = [line for line in lines if line.startswith(("intendance:", "warning:", "  "))
                      and "owner could not be set" not in line]
        top = damaged.restored(target)
        exact = top.exists() and sample_tree.describe(top) == sample_tree.describe(damaged.tree)
        self.assertTrue(exact and not needed or complaints and done.returncode != 0, done)

    def test_a_changed_byte_is_found_and_named(self) -> None:
        for number, path in enumerate(objects(self.place.repository)):
            name = str(path.relative_to(self.place.repository))
            size = path.stat().st_size
            for place in (0, 70, size // 2, size - 1):
                with self.subTest(object=name, byte=place):
                    copy = self.place.copy(f"flip-{number}-{place}")
                    with open(copy.repository / name, "r+b") as file:
                        byte = os.pread(file.fileno(), 1, place)
                        os.pwrite(file.fileno(), bytes([byte[0] ^ 0x20]), place)
                    self.assert_noticed(copy, name, "flip")
                    needed = place == 70 and not name.startswith("indexes/")
                    self.assert_restore_is_exact_or_complains(copy, needed)

    def test_a_cut_object_is_found_and_named(self) -> None:
        for number, path in enumerate(objects(self.place.repository)):
            name = str(path.relative_to(self.place.repository))
            with self.subTest(object=name):
                copy = self.place.copy(f"cut-{number}")
                os.truncate(copy.repository / name, path.stat().st_size - 1)
                self.assert_noticed(copy, name, "cut")

    def test_a_lost_pack_is_noticed(self) -> None:
        for number, path in enumerate((self.place.repository / "packs").glob("*/*")):
            name = str(path.relative_to(self.place.repository))
            with self.subTest(object=name):
                copy = self.place.copy(f"lost-{number}")
                (copy.repository / name).unlink()
                self.assert_noticed(copy, name, "lost")


class Interrupted(WithPlace):
    """kill -9 at moments spread over a run: what was stored before stays whole, what comes after works."""

    RUNS = 12

    def test_killed_backups_leave_a_whole_repository(self) -> None:
        sample_tree.make(self.place.tree, seed=3)
        before = self.place.back_up()
        (self.place.tree / "random").write_bytes(os.urandom(5 << 20))
        started = time.monotonic()
        self.place.back_up()
        usual = time.monotonic() - started
        killed = 0
        for number in range(self.RUNS):
            (self.place.tree / "random").write_bytes(os.urandom(5 << 20))
            # What a run lasts is only a scale: any moment is a good one to be killed at.
            killed += self.kill_backup_after(usual * number / self.RUNS)
            self.place.intendance("verify", keys="hub", state="hub-state")
        self.assertGreater(killed, 0)
        expected = sample_tree.describe(self.place.tree)
        after = self.place.back_up()
        self.place.intendance("verify", "--read-data", keys="hub", state="hub-state")
        for name in (before, after):
            self.place.read("restore", "--snapshot", name, "--target", self.place.folder / name, expect=RESTORED)
        self.assert_same(expected, self.place.restored(self.place.folder / after))

    def kill_backup_after(self, seconds: float) -> bool:
        """True when it was killed before it was done."""
        command = [INTENDANCE, "backup", "--paths", self.place.tree, "--repository",
                   f"file://{self.place.repository}", "--keys", self.place.folder / "machine", "--state",
                   self.place.folder / "machine-state"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as backup:
            try:
                backup.wait(seconds)
            except subprocess.TimeoutExpired:
                backup.kill()
        return backup.returncode < 0


class Thief(WithPlace):
    """Who has stolen the writer's key, or can write to the store, gets nothing out of a restore."""

    def setUp(self) -> None:
        self.secret = self.place.folder / "secret"
        self.secret.write_text("not the repository's")
        self.outside = self.place.folder / "outside"
        self.outside.mkdir(exist_ok=True)

    def hostile_pages(self, extent: bytes) -> dict[str, list[bytes]]:
        outside, folder = os.fsencode(self.outside), record(b"x", 2)
        file = ((8, varint(5)), (13, extent))
        begun = record(b"x/f", 1, (8, varint(10)), (13, extent), (16, b""))
        return {
            "through a link": [folder, record(b"x/l", 3, (9, outside)), record(b"x/l/f", 1, *file)],
            "up": [record(b"../outside/f", 1, *file)],
            "up within": [folder, record(b"x/../../outside/f", 1, *file)],
            "absolute": [record(outside + b"/f", 1, *file)],
            "a name of a file outside": [folder, record(b"x/h", 1, (10, b"../secret"))],
            "a name through a link": [folder, record(b"x/a", 3, (9, os.fsencode(self.place.folder))),
                                      record(b"x/h", 1, (10, b"x/a/secret"))],
            "a link in a folder's place": [record(b"x", 3, (9, outside)), folder, record(b"x/f", 1, *file)],
            "parts that wrap": [folder, record(b"x/f", 1, (8, varint(9)), (13, extent), (14, varint(2**64 - 3) + b"\5"))],
            "more of another file": [folder, begun, record(b"../outside/f", 7, (13, extent))],
            "more that never comes": [folder, begun],
            "an extent longer than its chunk": [folder, record(b"x/f", 1, (8, varint(6)), (13, extent[:16] + b"\6"))],
        }

    def write_hostile(self, copy: Place, records: Callable[[bytes], list[bytes]]) -> str:
        """Returns the snapshot's name. Each record is a page of its own, so that no first path is wrong."""
        writer = HostileWriter(copy.repository, copy.folder / "machine")
        made = records(writer.chunk_id(CONTENTS, b"owned") + b"\5")
        firsts = [record_of(Cursor(Cursor(one).counted())).path for one in made]
        return writer.write_snapshot(list(zip(firsts, made)), b"owned")

    def test_what_the_hostile_writer_writes_is_well_formed(self) -> None:
        """Else the tests below would prove nothing."""
        copy = self.place.copy("honest")
        self.write_hostile(copy, lambda extent: [
            record(b"x", 2), record(b"x/f", 1, (8, varint(99)), (13, extent), (16, b"")),
            record(b"x/f", 7, (8, varint(10)), (13, extent)), record(b"x/l", 3, (9, b"f"))])
        self.assertIn("does not count", copy.read("restore", "--target", copy.folder / "read", expect=1).stderr)
        copy.intendance("restore", "latest", "--target", copy.folder / "restored", keys="restorer")
        for target in ("read", "restored"):
            self.assertEqual(b"ownedowned", (copy.folder / target / "x" / "l").read_bytes())

    def test_no_manifest_leads_out_of_the_target(self) -> None:
        for number, name in enumerate(self.hostile_pages(bytes(17))):
            with self.subTest(manifest=name):
                copy = self.place.copy(f"hostile-{number}")
                self.write_hostile(copy, lambda extent: self.hostile_pages(extent)[name])
                copy.read("restore", "--target", copy.folder / "read", expect=1)
                done = copy.intendance("restore", "latest", "--target", copy.folder / "restored",
                                       keys="restorer", expect=None)
                self.assertNotEqual(0, done.returncode, done)
                self.assertEqual([], os.listdir(self.outside))
                self.assertEqual(1, self.secret.stat().st_nlink)

    def test_the_reader_refuses_records_that_continue_nothing(self) -> None:
        for number in range(2):
            copy = self.place.copy(f"astray-{number}")
            self.write_hostile(copy, lambda extent: [
                record(b"x", 2), record(b"x/f", 1, (8, varint(10)), (13, extent), (16, b"")),
                *[record(b"x/g", 1, (8, varint(5)), (13, extent))] * (1 - number),
                *[record(b"x/f", 7, (13, extent))] * (1 + number)])
            done = copy.read("restore", "--target", copy.folder / "read", expect=1)
            self.assertIn(["is not continued", "does not belong here"][number], done.stderr)

    def test_a_second_snapshot_of_the_same_number_is_reported(self) -> None:
        copy = self.place.copy("forked")
        copy.tree = copy.folder / "tree"
        copy.tree.mkdir()
        copy.back_up()
        self.assertEqual("", copy.read("list").stderr)
        forked = self.write_hostile(copy, lambda extent: [record(b"x", 2)])
        reported = copy.read("list", expect=1).stderr
        self.assertIn("its writer's sequence", reported)
        self.assertIn(forked, reported)

    def test_a_machine_refuses_a_trust_object_older_than_it_has_seen(self) -> None:
        copy = self.place.copy("rollback")
        copy.tree = copy.folder / "tree"
        copy.tree.mkdir()
        first = copy.repository / "trust" / "00000001"
        head, _, document = first.read_bytes().split(b"\n", 2)
        previous = {"version": 1, "digest": hashlib.sha256(first.read_bytes()).hexdigest()}
        signed = head + b"\n" + json.dumps({**json.loads(document), "version": 2, "previous": previous}).encode()
        seed = base64.b64decode((copy.keys / "owner.key").read_text().split()[-1])
        signature = base64.b64encode(nacl.signing.SigningKey(seed).sign(signed).signature)
        second = first.with_name("00000002")
        second.write_bytes(signed.replace(b"\n", b"\n" + signature + b"\n", 1))
        copy.back_up()
        second.unlink()
        done = copy.intendance("backup", "--paths", copy.tree, keys="machine", state="machine-state", expect=1)
        self.assertIn("version 2", done.stderr)
        self.assertIn("version 2", copy.read("list", expect=1).stderr)  # the snapshot says what it was made under

    def test_the_keys_of_another_repository_open_nothing(self) -> None:
        (self.place.folder / "other").mkdir()
        other = Place(self.place.folder / "other")
        other.make_keys()
        other.tree = other.folder / "tree"
        other.tree.mkdir()
        other.repository = self.place.repository
        for owner in (other.keys, self.place.keys):
            for bundle in ("restorer", "machine"):
                shutil.copy2(owner / "owner.pub", other.folder / bundle)
            for command in (["snapshots"], ["restore", "latest", "--target", other.folder / "out"]):
                self.assertEqual("", other.intendance(*command, keys="restorer", expect=1).stdout)
            other.intendance("backup", "--paths", other.tree, keys="machine", expect=1)
            other.read("list", expect=1)
        self.assertFalse((other.folder / "out").exists())

    def test_a_link_planted_in_the_target_is_not_followed(self) -> None:
        self.place.tree.mkdir()
        (self.place.tree / "folder").mkdir()
        (self.place.tree / "folder" / "file").write_text("from the backup")
        (self.place.tree / "file").write_text("from the backup")
        self.place.back_up()
        planted = self.place.restored(self.place.folder / "planted")
        planted.mkdir(parents=True)
        (planted / "folder").symlink_to(self.outside)
        (planted / "file").symlink_to(self.secret)
        done = self.place.intendance("restore", "latest", "--target", self.place.folder / "planted",
                                     keys="restorer", expect=None)
        self.assertNotEqual(0, done.returncode)
        self.assertEqual([], os.listdir(self.outside))
        self.assertEqual("not the repository's", self.secret.read_text())
        self.assertEqual("from the backup", (planted / "file").read_text())
        self.assertFalse((planted / "file").is_symlink())


def main(arguments: list[str]) -> int:
    global INTENDANCE, READER
    unprivileged = "--unprivileged" in arguments
    arguments = [argument for argument in arguments if argument != "--unprivileged"]
    INTENDANCE, support = pathlib.Path(arguments[1]), pathlib.Path(arguments[2])
    if unprivileged and os.geteuid() == 0:
        # Nobody may be unable to look into the folder of the sources.
        nobody = pwd.getpwnam("nobody")
        with tempfile.TemporaryDirectory(prefix="intendance-nobody-") as folder:
            shutil.copy2(INTENDANCE, f"{folder}/intendance")
            for source in (support, pathlib.Path(__file__).parent):
                shutil.copytree(source, f"{folder}/{source.name}", ignore=shutil.ignore_patterns("__pycache__"))
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            again = [f"{folder}/{pathlib.Path(__file__).parent.name}/{pathlib.Path(__file__).name}",
                     f"{folder}/intendance", f"{folder}/{support.name}", *arguments[3:]]
            return subprocess.run([sys.executable, *again], user=nobody.pw_uid, group=nobody.pw_gid,
                                  extra_groups=[], cwd=folder).returncode
    READER = support / "read_repository.py"
    return 0 if unittest.main(argv=[arguments[0], *arguments[3:]], exit=False, verbosity=2).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
