#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backups in a bucket of a real Ceph gateway: ceph_test.py INTENDANCE STORAGE_TEST BACKUPD_TEST SUPPORT [TEST…]"""
from __future__ import annotations

import datetime
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import unittest

import boto3
import botocore.exceptions

INTENDANCE, STORAGE_TEST, BACKUPD_TEST = (pathlib.Path(each).resolve() for each in sys.argv[1:4])
sys.path.insert(0, sys.argv[4])
from bad_network import BadNetwork  # noqa: E402
from ceph_gateway import CephGateway  # noqa: E402

GATEWAY: CephGateway
KEYS: tuple[str, str]


def setUpModule() -> None:
    global GATEWAY, KEYS
    GATEWAY = CephGateway()
    unittest.addModuleCleanup(GATEWAY.stop)
    KEYS = GATEWAY.add_user("lab")
    client(KEYS).create_bucket(Bucket="lab")


def client(keys: tuple[str, str]):
    """An S3 client that is not ours."""
    return boto3.client("s3", endpoint_url=GATEWAY.endpoint, aws_access_key_id=keys[0], aws_secret_access_key=keys[1],
                        region_name="us-east-1", config=boto3.session.Config(s3={"addressing_style": "path"}))


class Case(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="intendance-bucket-")
        self.addCleanup(folder.cleanup)
        self.top = pathlib.Path(folder.name)
        self.credentials = GATEWAY.write_credentials(self.top / "store.toml", KEYS)
        self.prefix = self.id().rsplit(".", 1)[1].lower().replace("_", "-")
        self.address = f"s3+http://127.0.0.1:{GATEWAY.port}/lab/{self.prefix}"

    def run_program(self, *arguments: object, expect: int = 0, address: str | None = None,
                    credentials: pathlib.Path | None = None) -> subprocess.CompletedProcess:
        command = [INTENDANCE, *arguments, "--repository", address or self.address, "--keys", self.top / "keys",
                   "--state", self.top / "state", "--credentials-file", credentials or self.credentials]
        done = subprocess.run([str(each) for each in command], capture_output=True, text=True, timeout=120)
        self.assertEqual(expect, done.returncode, done.stdout + done.stderr)
        return done

    def objects(self) -> list[str]:
        pages = client(KEYS).get_paginator("list_objects_v2").paginate(Bucket="lab", Prefix=self.prefix + "/")
        return [each["Key"].removeprefix(self.prefix + "/") for page in pages for each in page.get("Contents", [])]


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
        network = BadNetwork(GATEWAY.port, 0.1, seed)
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
            stored = client(KEYS).get_object(Bucket="lab", Key=f"{self.prefix}/{name}")["Body"].read()
            self.assertNotIn(b"telltale", stored, name)


class Thief(Case):
    """Whoever steals a machine has its S3 key, and whatever S3 client he likes."""

    def setUp(self) -> None:
        super().setUp()
        self.bucket = self.prefix[:60]
        self.address = f"s3+http://127.0.0.1:{GATEWAY.port}/{self.bucket}/web-1"
        self.tree = self.top / "tree"
        self.tree.mkdir()
        for number in range(20):
            (self.tree / f"{number}.xml").write_bytes(os.urandom(100_000))
        said = self.run_program("repository", "init", "--machine", "web-1", "--make-bucket", "--lock", "2d")
        self.assertIn("locked for 2 days", said.stdout)
        self.run_program("backup", "--paths", self.tree)
        self.thief = client(KEYS)

    def versions(self) -> list[dict]:
        return self.thief.list_object_versions(Bucket=self.bucket, Prefix="web-1/").get("Versions", [])

    def refused(self, call, **arguments: object) -> None:
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(Bucket=self.bucket, **arguments)
        self.assertIn(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], (403, 409))

    def expect_whole(self) -> None:
        self.run_program("verify", "--read-data")
        target = self.top / "target"
        self.run_program("restore", "latest", "--target", target)
        compared = subprocess.run(["diff", "-r", self.tree, target / self.tree.relative_to("/")], capture_output=True)
        self.assertEqual(b"", compared.stdout + compared.stderr)

    def test_cannot_remove_for_good(self) -> None:
        kept = self.versions()
        self.assertGreater(len(kept), 3)
        for version in kept:
            key = {"Key": version["Key"], "VersionId": version["VersionId"]}
            self.refused(self.thief.delete_object, **key)
            self.refused(self.thief.delete_object, **key, BypassGovernanceRetention=True)
            soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=1)
            self.refused(self.thief.put_object_retention, **key, Retention={"Mode": "COMPLIANCE", "RetainUntilDate": soon})
        self.refused(self.thief.delete_bucket)
        self.refused(self.thief.put_bucket_versioning, VersioningConfiguration={"Status": "Suspended"})

    def test_what_seems_gone_is_brought_back(self) -> None:
        for version in self.versions():
            self.thief.delete_object(Bucket=self.bucket, Key=version["Key"])
        self.run_program("snapshots", expect=1)
        said = self.run_program("repository", "undelete", "--since", "1h", "--dry-run").stdout
        self.assertIn("would be as before", said)
        self.run_program("snapshots", expect=1)
        self.run_program("repository", "undelete", "--since", "1h")
        self.expect_whole()
        self.assertIn("0 removed and 0 written over", self.run_program("repository", "undelete", "--since", "1h").stdout)

    def test_what_was_written_over_is_put_back(self) -> None:
        for version in self.versions():
            self.thief.put_object(Bucket=self.bucket, Key=version["Key"], Body=b"ransom")
            if "packs/" in version["Key"]:
                self.thief.delete_object(Bucket=self.bucket, Key=version["Key"])
        self.run_program("repository", "undelete", "--since", "1h")
        self.expect_whole()

    def test_what_he_did_before_is_left(self) -> None:
        self.thief.delete_object(Bucket=self.bucket, Key=self.versions()[0]["Key"])
        said = self.run_program("repository", "undelete", "--since", "2099-01-01T00:00:00Z").stdout
        self.assertIn("0 removed", said)

    def test_locks_that_he_turned_off_are_noticed_by_the_next_run(self) -> None:
        config = self.top / "intendance.toml"
        config.write_text(
            f'[machine]\nname = "web-1"\n[backupd]\n[repository.far]\nurl = "{self.address}"\n'
            f'credentials_file = "{self.credentials}"\nkeys = "{self.top}/keys"\n'
            f'[[job]]\nname = "tei"\nrepository = "far"\npaths = ["{self.tree}"]\n')
        run = [INTENDANCE, "backup", "tei", "--config", config, "--state", self.top / "state"]
        subprocess.run(run, check=True, capture_output=True)
        self.thief.put_object_lock_configuration(Bucket=self.bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})
        (self.tree / "0.xml").write_bytes(os.urandom(1000))
        done = subprocess.run(run, capture_output=True, text=True)
        self.assertEqual(3, done.returncode, done.stdout + done.stderr)
        self.assertIn("no longer protected against deletion", done.stderr)
        self.assertIn("NOT PROTECTED", self.run_program("repository", "info").stdout)

    def test_locks_that_can_be_lifted_are_no_protection(self) -> None:
        self.thief.put_object_lock_configuration(Bucket=self.bucket, ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 2}}})
        found = json.loads(self.run_program("repository", "info", "--json").stdout)["protection"]
        self.assertEqual((False, 0), (found["locked"], found["period_days"]))
        self.assertIn("GOVERNANCE", found["reason"])

    def test_a_bucket_without_locks_says_so(self) -> None:
        self.address = f"s3+http://127.0.0.1:{GATEWAY.port}/lab/{self.prefix}"
        said = self.run_program("repository", "init", "--machine", "web-1").stdout
        self.assertIn("NOT PROTECTED AGAINST DELETION: the bucket keeps no versions", said)


class Refusals(Case):
    def refusal(self, *arguments: object, **options: object) -> str:
        return self.run_program("repository", "init", "--machine", "web-1", *arguments, expect=1, **options).stderr

    def test_a_wrong_secret_key(self) -> None:
        wrong = GATEWAY.write_credentials(self.top / "wrong.toml", (KEYS[0], "not-the-secret"))
        self.assertIn("the secret key is not the access key's", self.refusal(credentials=wrong))

    def test_an_unknown_access_key(self) -> None:
        wrong = GATEWAY.write_credentials(self.top / "wrong.toml", ("NOBODY", KEYS[1]))
        self.assertIn("does not know the access key", self.refusal(credentials=wrong))

    def test_a_bucket_that_is_not_there(self) -> None:
        self.assertIn("has no such bucket", self.refusal(address=f"s3+http://127.0.0.1:{GATEWAY.port}/absent/x"))

    def test_a_bucket_of_somebody_else(self) -> None:
        other = GATEWAY.add_user("somebody-else")
        client(other).create_bucket(Bucket="others")
        self.assertIn("do not allow it", self.refusal(address=f"s3+http://127.0.0.1:{GATEWAY.port}/others/x"))

    def test_a_quota_that_is_used_up(self) -> None:
        keys = GATEWAY.add_user("small", "--max-buckets=5")
        client(keys).create_bucket(Bucket="small")
        GATEWAY.set_quota("small", 1 << 20)
        credentials = GATEWAY.write_credentials(self.top / "small.toml", keys)
        address = f"s3+http://127.0.0.1:{GATEWAY.port}/small"
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
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
