# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the tests with a real Ceph gateway share: the gateway, a bucket of the lab's, and our program."""
from __future__ import annotations

import atexit
import pathlib
import subprocess
import sys
import tempfile
import unittest

import boto3

INTENDANCE, BACKUPD, STORAGE_TEST, BACKUPD_TEST = (pathlib.Path(each).resolve() for each in sys.argv[1:5])
sys.path.insert(0, sys.argv[5])
from ceph_gateway import CephGateway  # noqa: E402

GATEWAY: CephGateway
KEYS: tuple[str, str]


def start_gateway() -> None:
    """One for the tests of all modules; it stops with the process."""
    global GATEWAY, KEYS
    GATEWAY = CephGateway()
    atexit.register(GATEWAY.stop)
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
