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
