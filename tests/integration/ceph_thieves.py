# SPDX-License-Identifier: AGPL-3.0-or-later
"""Part of ceph_test.py: what somebody can do who has a machine's S3 key, and who sees to it that he cannot do more."""
from __future__ import annotations

import datetime
import json
import os
import pathlib
import subprocess
import time

import botocore.exceptions

import ceph_case
from backup_daemon import BackupDaemon, a_week_passed, wait_for
from ceph_case import BACKUPD, INTENDANCE, Case


class LockedBucket(Case):
    """Its credentials are the machine's, and the thief's."""

    def setUp(self) -> None:
        super().setUp()
        self.bucket = self.prefix[:60]
        self.address = f"s3+http://127.0.0.1:{ceph_case.GATEWAY.port}/{self.bucket}/web-1"
        self.tree = self.top / "tree"
        self.tree.mkdir()
        for number in range(20):
            (self.tree / f"{number}.xml").write_bytes(os.urandom(100_000))
        said = self.run_program("repository", "init", "--machine", "web-1", "--make-bucket", "--lock", "2d")
        self.assertIn("locked for 2 days", said.stdout)
        self.run_program("backup", "--paths", self.tree)
        self.thief = ceph_case.client(ceph_case.KEYS)

    def versions(self) -> list[dict]:
        return self.thief.list_object_versions(Bucket=self.bucket, Prefix="web-1/").get("Versions", [])

    def refused(self, call, **arguments: object) -> None:
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(Bucket=self.bucket, **arguments)
        self.assertIn(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], (403, 409))


class Thief(LockedBucket):
    """Whoever steals a machine has its S3 key, and whatever S3 client he likes."""

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
        self.address = f"s3+http://127.0.0.1:{ceph_case.GATEWAY.port}/lab/{self.prefix}"
        said = self.run_program("repository", "init", "--machine", "web-1").stdout
        self.assertIn("NOT PROTECTED AGAINST DELETION: the bucket keeps no versions", said)


class Hub(LockedBucket):
    """Months later: the hub, with a credential that no machine has, keeps what is kept under lock."""

    def locks(self) -> dict[str, datetime.datetime]:
        """Until when, by name, what a restore needs."""
        return {each["Key"].removeprefix("web-1/"): self.thief.get_object_retention(
            Bucket=self.bucket, Key=each["Key"], VersionId=each["VersionId"])["Retention"]["RetainUntilDate"]
            for each in self.versions() if each["Key"].split("/")[1] in ("trust", "snapshots", "indexes", "packs")}

    def pruned(self, config: pathlib.Path) -> None:
        daemon = BackupDaemon(BACKUPD, config, self.top / "hub", self.top / "log")
        try:
            wait_for("the prune", lambda: "repository pruned" in daemon.said())
            wait_for("rest", lambda: not daemon.care()["running"])
            self.assertEqual(1, daemon.metric("intendance_backup_repository_locked", repository="web-1"))
            self.assertGreater(
                daemon.metric("intendance_backup_store_request_duration_seconds_count", operation="list"), 0)
        finally:
            daemon.stop()

    def test_extends_the_locks_of_all_that_is_kept(self) -> None:
        (self.top / "token").write_text("secret\n")
        config = self.top / "hub.toml"
        config.write_text(
            f'[machine]\nname = "hub"\n[backupd]\nlisten = "127.0.0.1:0"\ntoken_file = "token"\n'
            f'[repository.web-1]\nurl = "{self.address}"\ncredentials_file = "{self.credentials}"\n'
            f'keys = "{self.top}/keys"\n[[care]]\nrepository = "web-1"\nkeep = {{ last = 9 }}\nprune = "daily"\n')
        BackupDaemon(BACKUPD, config, self.top / "hub", self.top / "log").stop()
        before = self.locks()
        self.assertGreater(len(before), 3)
        a_week_passed(self.top / "hub", "web-1")
        time.sleep(1.1)  # the gateway counts in seconds
        self.pruned(config)
        after = self.locks()
        self.assertEqual(set(before), set(after))
        for name, until in after.items():
            self.assertGreater(until, before[name], name)
        a_week_passed(self.top / "hub", "web-1")
        time.sleep(1.1)
        self.pruned(config)
        for name, until in self.locks().items():
            self.assertGreater(until, after[name], name)


class WriteOnly(Case):
    """A machine whose credentials are of another user than the bucket's owner, by the policy that init prints."""

    def setUp(self) -> None:
        super().setUp()
        said = self.run_program("repository", "init", "--machine", "web-1").stdout
        self.assertIn("these credentials can delete", said)
        self.assertIn("refuses a name in use itself", said)
        policy = said[said.index("{"):].replace("user/MACHINE", f"user/{self.prefix}")
        keys = ceph_case.GATEWAY.add_user(self.prefix)
        ceph_case.client(ceph_case.KEYS).put_bucket_policy(Bucket="lab", Policy=policy)
        self.machine = ceph_case.GATEWAY.write_credentials(self.top / "machine.toml", keys)
        self.thief = ceph_case.client(keys)
        self.tree = self.top / "tree"
        self.tree.mkdir()
        (self.tree / "image").write_bytes(os.urandom(300_000))

    def test_backs_up_and_removes_nothing(self) -> None:
        self.run_program("backup", "--paths", self.tree, credentials=self.machine)
        (self.tree / "later").write_text("more")
        self.run_program("backup", "--paths", self.tree, credentials=self.machine)
        kept = self.objects()
        self.assertEqual([], [each for each in kept if each.startswith("sessions/")], "it withdraws its announcement")
        for name in kept:
            with self.assertRaises(botocore.exceptions.ClientError, msg=name) as caught:
                self.thief.delete_object(Bucket="lab", Key=f"{self.prefix}/{name}")
            self.assertEqual(403, caught.exception.response["ResponseMetadata"]["HTTPStatusCode"])
        with self.assertRaises(botocore.exceptions.ClientError):
            self.thief.delete_bucket_policy(Bucket="lab")
        with self.assertRaises(botocore.exceptions.ClientError):
            self.thief.put_object(Bucket="lab", Key="elsewhere/x", Body=b"x")
        said = self.run_program("repository", "info", "--try-out", credentials=self.machine).stdout
        self.assertIn("these credentials CANNOT delete", said)
        self.run_program("forget", "--keep-last", "1")  # with the hub's
        self.run_program("prune", "--grace", "0")
        self.run_program("verify", "--read-data")
