#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A machine is stolen: its bundle of keys, its state folder, and free hand over the store. The thief, a
process of his own that holds nothing else, opens no stored contents, becomes no reader, signs in no
other machine's name, and what he stores is found.

stolen_machine_test.py INTENDANCE SUPPORT_DIRECTORY [TEST…]
"""
from __future__ import annotations

import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
for argument in sys.argv[2:3]:
    sys.path.append(argument)

import nacl.signing
import zstandard

from hostile_writer import HostileWriter, age_open, record, varint
from read_repository import CONTENTS
from thiefs_eyes import ThiefsEyes

INTENDANCE = pathlib.Path()
SECRET = b"the minutes of the jury, which nobody else may read\n"
READING = [["ls", "latest"], ["restore", "latest", "--target", "out"], ["key", "recovery-sheet", "--output", "-"],
           ["verify", "--read-data"]]


class Place:
    """One copy of everything; each holder has a folder of keys and one of state."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder, self.repository, self.tree = folder, folder / "repository", folder / "tree"

    def intendance(self, holder: str, *arguments: object, expect: int | None = 0) -> subprocess.CompletedProcess:
        command = [INTENDANCE, *arguments, "--repository", f"file://{self.repository}", "--keys", self.folder / holder,
                   "--state", self.folder / f"{holder}-state"]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60, cwd=self.folder,
                              env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder)})
        if expect is not None and done.returncode != expect:
            raise AssertionError(f"{command}: exit {done.returncode}, not {expect}\n{done.stdout}{done.stderr}")
        return done

    def json(self, holder: str, *arguments: object, expect: int | None = 0) -> dict | list:
        return json.loads(self.intendance(holder, *arguments, "--json", expect=expect).stdout)

    def trust(self) -> dict:
        newest = (self.repository / "trust" / "00000001").read_bytes()
        return json.loads(newest.split(b"\n", 2)[2])


class StolenMachine(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.temporary = tempfile.TemporaryDirectory(prefix="intendance-stolen-")
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.whole = place = Place(pathlib.Path(cls.temporary.name).resolve() / "whole")
        place.tree.mkdir(parents=True)
        (place.tree / "minutes").write_bytes(SECRET * 4000)
        (place.tree / "note").write_bytes(SECRET)
        place.intendance("owner", "repository", "init", "--machine", "web-1")
        place.intendance("owner", "key", "export", "--writer", "--output", place.folder / "web-1")
        (place.folder / "db-1").mkdir()
        shutil.copy2(place.folder / "owner" / "owner.pub", place.folder / "db-1")
        made = subprocess.run([INTENDANCE, "key", "generate", "writer", "--output", place.folder / "db-1" / "writer.key"],
                              check=True, capture_output=True, text=True)
        cls.before = (place.repository / "trust" / "00000001").read_bytes()
        place.intendance("owner", "key", "add-writer", made.stdout.strip(), "--name", "db-1")
        for machine in ("web-1", "db-1", "web-1"):
            place.intendance(machine, "backup", "--paths", place.tree)

    def setUp(self) -> None:
        """The thief has a folder with what he stole; the others are elsewhere."""
        here = self.whole.folder.parent / self.id().rsplit(".", 1)[1]
        shutil.copytree(self.whole.folder, here)
        self.place = Place(here)
        self.place.tree = self.whole.tree
        self.thief = Place(here / "thief")
        self.thief.folder.mkdir()
        self.thief.repository = self.place.repository
        shutil.move(here / "web-1", self.thief.folder / "keys")
        shutil.move(here / "web-1-state", self.thief.folder / "keys-state")
        (here / "web-1-state").mkdir()
        self.addCleanup(shutil.rmtree, here)

    def hostile(self) -> HostileWriter:
        return HostileWriter(self.thief.repository, self.thief.folder / "keys")

    def store_something(self, writer: HostileWriter, contents: bytes = b"owned", path: bytes = b"x") -> str:
        extent = writer.chunk_id(CONTENTS, contents) + varint(len(contents))
        page = record(path, 1, (8, varint(len(contents))), (13, extent))
        return writer.write_snapshot([(path, page)], contents)

    def assert_refused(self, name: str, reason: str) -> None:
        """It is in no list, is not the latest, and everybody who looks says so."""
        listed = self.place.intendance("owner", "snapshots", "--json", expect=3)
        self.assertNotIn(name, [snapshot["id"] for snapshot in json.loads(listed.stdout)])
        self.assertRegex(listed.stderr, f"snapshots/{name}: .*{reason}")
        self.assertIn(name, self.place.intendance("owner", "verify", expect=1).stdout)
        target = self.place.folder / "out"
        self.place.intendance("owner", "restore", "latest", "--target", target, expect=3)
        self.assertEqual(SECRET, (target / self.place.tree.relative_to("/") / "note").read_bytes())

    # --- reading ---

    def test_the_bundle_holds_two_files(self) -> None:
        self.assertEqual(["owner.pub", "writer.key"], sorted(os.listdir(self.thief.folder / "keys")))

    def test_no_command_reads_for_him(self) -> None:
        for command in READING:
            done = self.thief.intendance("keys", *command, expect=2)
            self.assertRegex(done.stderr, r"(reader|maintenance)\.key")
            self.assertNotIn(SECRET.decode()[:20], done.stdout + done.stderr)
        self.assertFalse((self.thief.folder / "out").exists())

    def test_his_key_under_other_names_opens_nothing(self) -> None:
        for name in ("reader.key", "maintenance.key"):
            shutil.copy2(self.thief.folder / "keys" / "writer.key", self.thief.folder / "keys" / name)
        for command in READING:
            self.assertIn(self.thief.intendance("keys", *command, expect=None).returncode, (1, 2))
        newest = max((self.thief.repository / "trust").iterdir()).read_bytes()
        trust = json.loads(newest.split(b"\n", 2)[2])
        key = base64.b64decode((self.thief.folder / "keys" / "writer.key").read_text().split()[-1])
        for part in ("reader_secrets", "maintainer_secrets"):
            for half in (key[32:], key[:32]):
                with self.assertRaises(subprocess.CalledProcessError) as refused:
                    age_open(base64.b64decode(trust[part]), half)
                self.assertIn(b"no identity matched", refused.exception.stderr)
        known = json.loads(age_open(base64.b64decode(trust["writer_secrets"]), key[32:]))
        self.assertEqual([{"naming", "structure"}], [set(epoch) for epoch in known["epochs"].values()])

    def test_nothing_he_holds_shows_contents(self) -> None:
        shown = 0
        for top in (self.thief.folder, self.thief.repository):
            for path in top.rglob("*"):
                if path.is_file():
                    data = path.read_bytes()
                    shown += len(data)
                    self.assertNotIn(SECRET[:20], data, path)
                    for frame in re.finditer(rb"\x28\xb5\x2f\xfd", data):  # zstd, wherever one begins
                        try:
                            plain = zstandard.ZstdDecompressor().decompressobj().decompress(data[frame.start() :])
                        except zstandard.ZstdError:
                            continue
                        self.assertNotIn(SECRET[:20], plain, path)
        self.assertGreater(shown, 1000)

    def test_all_that_he_can_open_is_structure(self) -> None:
        eyes = ThiefsEyes(self.thief.repository, self.thief.folder / "keys")
        opened = eyes.opened()
        self.assertEqual({"index", "directory", "snapshot header", "references"}, set(opened))
        for what, plain in opened.items():
            self.assertNotIn(SECRET[:20], plain, what)
            self.assertNotIn(b"minutes", plain, what)  # nor a name
        self.assertIn(b"web-1", opened["snapshot header"])
        # Blocks of contents, blocks of lists of files, snapshots' bodies: none, by whatever he has in the key's place.
        sealed, tries = eyes.sealed()
        self.assertGreaterEqual(min(sealed.values()), 1, sealed)
        self.assertEqual({"contents", "manifest", "snapshot body"}, set(sealed))
        self.assertGreater(tries, 10 * sum(sealed.values()))

    def test_what_the_state_folder_tells_is_names_and_sizes_of_its_own_last_backup(self) -> None:
        told = b""
        for path in (self.thief.folder / "keys-state").rglob("*"):
            data = path.read_bytes() if path.is_file() else b""
            for frame in re.finditer(rb"\x28\xb5\x2f\xfd", data):
                told += zstandard.ZstdDecompressor().decompressobj().decompress(data[frame.start() :])
            told += data
        self.assertIn(b"minutes", told)
        self.assertNotIn(SECRET[:20], told)

    # --- becoming somebody ---

    def test_he_becomes_no_reader(self) -> None:
        himself = subprocess.run(["age-keygen"], check=True, capture_output=True, text=True).stdout
        identity = re.search(r"public key: (age1\w+)", himself).group(1)
        newest = (self.thief.repository / "trust" / "00000002").read_bytes()
        intro, signature, document = newest.split(b"\n", 2)
        trust = json.loads(document)
        trust["readers"].append({"name": "hub", "recipient": identity})
        trust["version"], trust["previous"]["version"] = 3, 2
        mine = json.dumps(trust).encode()
        key = base64.b64decode((self.thief.folder / "keys" / "writer.key").read_text().split()[-1])
        own = base64.b64encode(nacl.signing.SigningKey(key[:32]).sign(intro + b"\n" + mine).signature)
        for number, object_ in enumerate(([intro, own, mine], [intro, signature, mine], [intro, b"", mine]), 3):
            (self.thief.repository / "trust" / f"{number:08}").write_bytes(b"\n".join(object_))
        for holder, command in (("db-1", ["backup", "--paths", self.place.tree]), ("owner", ["snapshots"]),
                                ("owner", ["verify"]), ("owner", ["ls", "latest"]), ("owner", ["repository", "info"])):
            done = self.place.intendance(holder, *command, expect=3)
            for number in (3, 4, 5):
                self.assertIn(f"trust/{number:08}", done.stdout + done.stderr, command)
        info = self.place.json("owner", "repository", "info", expect=3)
        self.assertNotIn(identity, json.dumps(info["readers"]))
        (self.thief.folder / "keys" / "reader.key").write_text(himself)
        for command in READING[:3]:
            self.assertEqual(1, self.thief.intendance("keys", *command, expect=None).returncode)
        # The owner goes on under a number that is free.
        self.place.intendance("owner", "key", "revoke", "maintenance", expect=3)
        self.assertEqual(6, self.place.json("owner", "repository", "info", expect=3)["trust_version"])

    def test_no_other_owner_is_believed(self) -> None:
        """A whole chain of trust of his own, well signed by an owner's key that he made: beside the true one, and in its place."""
        his = Place(self.thief.folder / "his")
        his.folder.mkdir()
        his.intendance("owner", "repository", "init", "--machine", "web-1")
        trust = self.thief.repository / "trust"
        shutil.copy2(his.repository / "trust" / "00000001", trust / "00000009")
        for holder, command in (("db-1", ["backup", "--paths", self.place.tree]), ("owner", ["snapshots"]), ("owner", ["verify"]),
                                ("owner", ["restore", "latest", "--target", self.place.folder / "out"])):
            done = self.place.intendance(holder, *command, expect=3)
            self.assertRegex(done.stdout + done.stderr, "trust/00000009: is not signed by the owner", command)
        for version in (1, 2, 9):
            (trust / f"{version:08}").unlink()
        shutil.copy2(his.repository / "trust" / "00000001", trust)
        for memory in ("kept", "none"):
            for holder, command in (("db-1", ["backup", "--paths", self.place.tree]), ("owner", ["ls", "latest"]), ("owner", ["verify"])):
                done = self.place.intendance(holder, *command, expect=1)
                self.assertRegex(done.stderr, "trust/00000001 is not signed by the owner", (memory, command))
            for holder in ("db-1", "owner"):
                shutil.rmtree(self.place.folder / f"{holder}-state", ignore_errors=True)

    def test_he_cannot_put_the_old_trust_object_back(self) -> None:
        (self.thief.repository / "trust" / "00000002").unlink()
        done = self.place.intendance("db-1", "backup", "--paths", self.place.tree, expect=1)
        self.assertIn("has seen version 2", done.stderr)
        shutil.rmtree(self.place.folder / "owner-state")  # who has no memory sees it in the snapshots
        self.assertIn("trust/00000002: is gone", self.place.intendance("owner", "snapshots", expect=3).stderr)
        (self.thief.repository / "trust" / "00000002").write_bytes(self.before)  # version 1 under its name
        self.place.intendance("db-1", "backup", "--paths", self.place.tree, expect=1)

    def test_he_signs_in_no_other_machines_name(self) -> None:
        writer = self.hostile()
        writer.machine = "db-1"
        self.assert_refused(self.store_something(writer), "another machine than web-1")

    def test_he_signs_with_no_other_machines_key(self) -> None:
        writer = self.hostile()
        newest = max((self.thief.repository / "trust").iterdir()).read_bytes()
        trust = json.loads(newest.split(b"\n", 2)[2])
        other = next(each for each in trust["writers"] if each["name"] == "db-1")
        writer.machine, writer.claims = "db-1", base64.b64decode(other["signs"])
        self.assert_refused(self.store_something(writer), "signature")

    def test_with_a_key_of_his_own_nothing_counts(self) -> None:
        writer = self.hostile()
        writer.signs = nacl.signing.SigningKey.generate()
        writer.claims = bytes(writer.signs.verify_key)
        self.assert_refused(self.store_something(writer), "does not trust")

    def test_once_revoked_nothing_of_his_counts(self) -> None:
        writer = self.hostile()
        self.place.intendance("owner", "key", "revoke", "web-1")
        self.assert_refused(self.store_something(writer), "revoked")

    # --- poisoning ---

    def test_a_wrong_chunk_that_others_build_upon_is_found(self) -> None:
        expected = os.urandom(3000)
        writer = self.hostile()
        writer.misnamed[b"a worm"] = expected
        self.store_something(writer, b"a worm")
        tree = self.place.folder / "later"
        tree.mkdir()
        (tree / "well-known").write_bytes(expected)
        self.place.intendance("db-1", "backup", "--paths", tree)
        snapshot = next(each["id"] for each in self.place.json("owner", "snapshots", "--machine", "db-1")[::-1])
        target = self.place.folder / "out"
        done = self.place.intendance("owner", "restore", snapshot, "--target", target, expect=None)
        self.assertNotEqual(0, done.returncode)
        self.assertIn("well-known", done.stdout + done.stderr)
        self.assertFalse((target / tree.relative_to("/") / "well-known").exists())
        self.place.intendance("owner", "verify", "--read-data", expect=1)

    def test_an_index_that_says_that_a_chunk_is_stored_is_found(self) -> None:
        """Of a file that another machine will have: it is not stored then, because it seems to be there."""
        expected = os.urandom(3000)
        writer = self.hostile()
        name, size, length, _ = max(ThiefsEyes(self.thief.repository, self.thief.folder / "keys").described(), key=lambda each: each[1])
        # What the pack's own directory does not say; in place of all other indexes, which might be read before.
        entries = writer.entries([(CONTENTS, size - 16 - 8 - length, [(writer.chunk_id(CONTENTS, expected), 3000)])])
        for each in (self.thief.repository / "indexes").iterdir():
            each.unlink()
        forged = writer.write_index([(name, size, length, entries)])
        tree = self.place.folder / "later"
        tree.mkdir()
        (tree / "well-known").write_bytes(expected)
        self.place.intendance("db-1", "backup", "--paths", tree, expect=None)
        snapshot = next(each["id"] for each in self.place.json("owner", "snapshots", "--machine", "db-1")[::-1])
        found = self.place.intendance("owner", "verify", expect=1).stdout
        self.assertIn(f"indexes/{forged}", found)
        target = self.place.folder / "out"
        done = self.place.intendance("owner", "restore", snapshot, "--target", target, expect=None)
        self.assertNotEqual(0, done.returncode)
        self.assertIn("well-known", done.stdout + done.stderr)
        self.assertFalse((target / tree.relative_to("/") / "well-known").exists())
        self.assertIn(f"snapshots/{snapshot}: needs 1 chunks that are lost", found)
        self.assertIn("well-known", found)
        # Once the indexes are made anew, the next backup stores it.
        self.place.intendance("owner", "repository", "rebuild-index")
        (tree / "well-known").touch()
        self.place.intendance("db-1", "backup", "--paths", tree)
        self.place.intendance("owner", "restore", "latest", "--target", self.place.folder / "again")
        self.assertEqual(expected, (self.place.folder / "again" / tree.relative_to("/") / "well-known").read_bytes())

    def test_indexes_that_point_elsewhere_bring_no_wrong_byte(self) -> None:
        """In place of the true ones: every pack holds what another does."""
        writer = self.hostile()
        known = ThiefsEyes(self.thief.repository, self.thief.folder / "keys").described()
        self.assertGreater(len(known), 2)
        for each in (self.thief.repository / "indexes").iterdir():
            each.unlink()
        others = known[1:] + known[:1]
        writer.write_index([(name, size, length, entries) for (name, size, length, _), (*_, entries) in zip(known, others)])
        target = self.place.folder / "out"
        done = self.place.intendance("owner", "restore", "latest", "--target", target, expect=None)
        self.assertNotEqual(0, done.returncode)
        for path in target.rglob("*"):
            if path.is_file():
                self.assertEqual((pathlib.Path("/") / path.relative_to(target)).read_bytes(), path.read_bytes())
        self.place.intendance("owner", "verify", expect=1)
        self.place.intendance("owner", "repository", "rebuild-index")
        self.place.intendance("owner", "restore", "latest", "--target", target, "--overwrite=always")
        self.assertEqual(SECRET, (target / self.place.tree.relative_to("/") / "note").read_bytes())
        self.place.intendance("owner", "verify", "--read-data")

    def test_a_snapshot_that_he_replaced_or_altered_is_named(self) -> None:
        """His own or another's; whoever may write to the store may delete, and that nobody can hinder without the store's help."""
        listed = self.place.json("owner", "snapshots")
        folder = self.thief.repository / "snapshots"
        names = {each["machine"]: each["id"] for each in listed}
        (folder / names["db-1"]).write_bytes((folder / names["web-1"]).read_bytes())
        altered = bytearray((folder / names["web-1"]).read_bytes())
        altered[60] ^= 1
        (folder / names["web-1"]).write_bytes(altered)
        verified = self.place.intendance("owner", "verify", expect=1).stdout
        shown = self.place.intendance("owner", "snapshots", "--json", expect=3)
        self.assertEqual({each["id"] for each in listed} - set(names.values()), {each["id"] for each in json.loads(shown.stdout)})
        for name in names.values():
            self.assertRegex(shown.stderr, f"snapshots/{name}: is not what its name says")
            self.assertIn(name, verified)
        for holder, command in (("owner", ["restore", names["db-1"], "--target", "out"]), ("owner", ["prune", "--grace", "0"])):
            self.assertNotEqual(0, self.place.intendance(holder, *command, expect=None).returncode)

    def test_once_revoked_nobody_builds_on_what_he_placed(self) -> None:
        expected = os.urandom(3000)
        writer = self.hostile()
        writer.misnamed[b"a worm"] = expected
        self.store_something(writer, b"a worm")
        self.place.intendance("owner", "key", "revoke", "web-1")
        self.store_something(writer, b"a worm")  # and again, with the secrets that he knows
        tree = self.place.folder / "later"
        tree.mkdir()
        (tree / "well-known").write_bytes(expected)
        self.place.intendance("db-1", "backup", "--paths", tree, expect=None)
        snapshot = self.place.json("owner", "snapshots", "--machine", "db-1", expect=None)[-1]["id"]
        target = self.place.folder / "out"
        self.place.intendance("owner", "restore", snapshot, "--target", target, expect=None)
        self.assertEqual(expected, (target / tree.relative_to("/") / "well-known").read_bytes())


if __name__ == "__main__":
    INTENDANCE = pathlib.Path(sys.argv[1]).resolve()
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
