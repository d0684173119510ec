#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backups in a bucket of a real Ceph gateway: ceph_test.py INTENDANCE INTENDANCE-BACKUPD STORAGE_TEST BACKUPD_TEST SUPPORT [TEST…]"""
from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
import unittest

import ceph_case
from bad_network import BadNetwork
from ceph_case import BACKUPD_TEST, INTENDANCE, STORAGE_TEST, Case, client
from ceph_thieves import Hub, Thief, WriteOnly  # noqa: F401


class Conformance(Case):
    def test_the_store_keeps_every_promise(self) -> None:
        done = subprocess.run([STORAGE_TEST, "--gtest_filter=*/server", "--gtest_brief=1"], capture_output=True,
                              text=True, timeout=300,
                              env={**os.environ, "INTENDANCE_TEST_STORE": f"{self.address} {self.credentials}"})
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertNotIn("SKIPPED", done.stdout)


class CrashMatrix(Case):
    """Slow."""

    def test_a_backup_a_prune_and_a_restore_that_are_killed_at_every_request(self) -> None:
        done = subprocess.run([BACKUPD_TEST, "--gtest_filter=Crash.*", "--gtest_brief=1"], capture_output=True,
                              text=True, timeout=1800,
                              env={**os.environ, "INTENDANCE_TEST_STORE": f"{self.address} {self.credentials}"})
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)


class Soak(Case):
    """Slow: so many seconds on a bad network, then every snapshot is whole."""

    SECONDS = int(os.environ.get("INTENDANCE_SOAK_SECONDS", "1200"))

    def test_every_snapshot_restores_after_random_faults(self) -> None:
        seed = int.from_bytes(os.urandom(4), "big")
        chance = random.Random(seed)
        network = BadNetwork(ceph_case.GATEWAY.port, 0.1, seed)
        self.addCleanup(network.stop)
        print(f"seed {seed}", file=sys.stderr)
        bad = f"s3+http://127.0.0.1:{network.port}/lab/{self.prefix}"
        tree = self.top / "tree"
        tree.mkdir()
        (tree / "large").write_bytes(chance.randbytes(24 << 20))
        self.run_program("repository", "init", "--machine", "web-1")
        states: dict[str, dict[str, bytes]] = {}
        outcomes: dict[tuple[str, int], int] = {}
        end = time.monotonic() + self.SECONDS
        while time.monotonic() < end:
            for _ in range(chance.randrange(1, 8)):
                (tree / f"file-{chance.randrange(40)}").write_bytes(chance.randbytes(chance.randrange(300_000)))
            status, said = self.attempt(bad, "backup", "--paths", tree, "--json")
            outcomes["backup", status] = outcomes.get(("backup", status), 0) + 1
            if status == 0:
                states[json.loads(said)["snapshot"]] = {each.name: each.read_bytes() for each in tree.iterdir() if each.name != "large"}
            if chance.random() < 0.2:
                status, _ = self.attempt(bad, "prune", "--grace", "0")
                outcomes["prune", status] = outcomes.get(("prune", status), 0) + 1
            if chance.random() < 0.2:
                status, _ = self.attempt(bad, "forget", "--keep-last", "12")
                outcomes["forget", status] = outcomes.get(("forget", status), 0) + 1
        print(f"{outcomes}, faults {network.happened}", file=sys.stderr)
        self.run_program("verify", "--read-data")
        kept = [each["id"] for each in json.loads(self.run_program("snapshots", "--json").stdout)]
        self.assertGreater(len(kept), 3)
        for snapshot in kept:
            target = self.top / "target" / snapshot
            self.run_program("restore", snapshot, "--target", target)
            if snapshot not in states:
                continue  # its backup heard no answer of the last request
            for name, contents in states[snapshot].items():
                self.assertEqual(contents, (target / tree.relative_to("/") / name).read_bytes(), f"{snapshot} {name}")

    def attempt(self, address: str, *arguments: object) -> tuple[int, str]:
        command = [INTENDANCE, *arguments, "--repository", address, "--keys", self.top / "keys", "--state",
                   self.top / "state", "--credentials-file", self.credentials]
        done = subprocess.run([str(each) for each in command], capture_output=True, text=True, timeout=600)
        self.assertIn(done.returncode, (0, 1, 3), done.stderr)
        return done.returncode, done.stdout


class Backups(Case):
    def make_tree(self) -> pathlib.Path:
        tree = self.top / "tree"
        (tree / "deep/er").mkdir(parents=True)
        for number in range(200):
            (tree / f"deep/{number}.xml").write_text(f"<TEI n='{number}'/>" * 50)
        (tree / "deep/er/large").write_bytes(os.urandom(40 << 20))
        return tree

    def test_go_there_and_come_back(self) -> None:
        tree = self.make_tree()
        self.run_program("repository", "init", "--machine", "web-1")
        self.run_program("backup", "--paths", tree)
        (tree / "deep/later").write_text("more")
        self.run_program("backup", "--paths", tree)
        snapshots = json.loads(self.run_program("snapshots", "--json").stdout)
        self.assertEqual(2, len(snapshots))
        self.run_program("verify", "--read-data")
        self.run_program("restore", "latest", "--target", self.top / "target")
        compared = subprocess.run(["diff", "-r", tree, self.top / "target" / tree.relative_to("/")], capture_output=True)
        self.assertEqual(b"", compared.stdout + compared.stderr)
        self.run_program("forget", "--keep-last", "1")
        self.run_program("prune", "--grace", "0")
        self.run_program("verify", "--read-data")
        self.assertEqual(1, len([each for each in self.objects() if each.startswith("snapshots/")]))

    def test_nothing_of_it_can_be_read_in_the_bucket(self) -> None:
        tree = self.top / "tree"
        tree.mkdir()
        (tree / "telltale-name").write_text("telltale contents " * 1000)
        self.run_program("repository", "init", "--machine", "web-1")
        self.run_program("backup", "--paths", tree)
        for name in self.objects():
            stored = client(ceph_case.KEYS).get_object(Bucket="lab", Key=f"{self.prefix}/{name}")["Body"].read()
            self.assertNotIn(b"telltale", stored, name)


class Refusals(Case):
    def refusal(self, *arguments: object, **options: object) -> str:
        return self.run_program("repository", "init", "--machine", "web-1", *arguments, expect=1, **options).stderr

    def test_a_wrong_secret_key(self) -> None:
        wrong = ceph_case.GATEWAY.write_credentials(self.top / "wrong.toml", (ceph_case.KEYS[0], "not-the-secret"))
        self.assertIn("the secret key is not the access key's", self.refusal(credentials=wrong))

    def test_an_unknown_access_key(self) -> None:
        wrong = ceph_case.GATEWAY.write_credentials(self.top / "wrong.toml", ("NOBODY", ceph_case.KEYS[1]))
        self.assertIn("does not know the access key", self.refusal(credentials=wrong))

    def test_a_bucket_that_is_not_there(self) -> None:
        self.assertIn("has no such bucket", self.refusal(address=f"s3+http://127.0.0.1:{ceph_case.GATEWAY.port}/absent/x"))

    def test_a_bucket_of_somebody_else(self) -> None:
        other = ceph_case.GATEWAY.add_user("somebody-else")
        client(other).create_bucket(Bucket="others")
        self.assertIn("do not allow it", self.refusal(address=f"s3+http://127.0.0.1:{ceph_case.GATEWAY.port}/others/x"))

    def test_a_quota_that_is_used_up(self) -> None:
        keys = ceph_case.GATEWAY.add_user("small", "--max-buckets=5")
        client(keys).create_bucket(Bucket="small")
        ceph_case.GATEWAY.set_quota("small", 1 << 20)
        credentials = ceph_case.GATEWAY.write_credentials(self.top / "small.toml", keys)
        address = f"s3+http://127.0.0.1:{ceph_case.GATEWAY.port}/small"
        self.run_program("repository", "init", "--machine", "web-1", address=address, credentials=credentials)
        (self.top / "tree").mkdir()
        (self.top / "tree/large").write_bytes(os.urandom(8 << 20))
        said = self.run_program("backup", "--paths", self.top / "tree", expect=1, address=address,
                                credentials=credentials).stderr
        self.assertIn("no room left", said)

    def test_no_credentials(self) -> None:
        done = subprocess.run([INTENDANCE, "repository", "init", "--machine", "m", "--repository", self.address,
                               "--keys", self.top / "keys"], capture_output=True, text=True, timeout=60)
        self.assertEqual(2, done.returncode)
        self.assertIn("--credentials-file", done.stderr)

    def test_a_server_that_is_away(self) -> None:
        said = self.refusal(address="s3+http://127.0.0.1:1/lab/x")
        self.assertIn("127.0.0.1", said)


if __name__ == "__main__":
    ceph_case.start_gateway()
    unittest.main(argv=[sys.argv[0], *sys.argv[6:]])
