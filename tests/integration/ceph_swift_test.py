#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ceph's gateway where it speaks Swift, with Keystone: ceph_swift_test.py STORAGE_TEST SUPPORT PACKAGES"""
from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

STORAGE_TEST = pathlib.Path(sys.argv[1]).resolve()
sys.path.insert(0, sys.argv[2])
from ceph_gateway import CephGateway  # noqa: E402
from swift_servers import SwiftServers, ask  # noqa: E402

KEYSTONE = """rgw keystone url = {url}
rgw keystone api version = 3
rgw keystone admin user = swift
rgw keystone admin password = swiftpass
rgw keystone admin domain = Default
rgw keystone admin project = service
rgw keystone accepted roles = member, swiftoperator
rgw swift account in url = true
"""


class Conformance(unittest.TestCase):
    def test_the_store_keeps_every_promise(self) -> None:
        servers = SwiftServers(pathlib.Path(sys.argv[3]).resolve())
        self.addCleanup(servers.stop)
        gateway = CephGateway(KEYSTONE.format(url=servers.auth_url.removesuffix("/v3")))
        self.addCleanup(gateway.stop)
        servers.add_object_store(gateway.endpoint + "/swift/v1/AUTH_%(tenant_id)s")
        made = ask("PUT", f"{gateway.endpoint}/swift/v1/AUTH_{servers.project}/lab", {"X-Auth-Token": servers.lab_token()})
        self.assertEqual(201, made.status, made.body)
        with tempfile.TemporaryDirectory(prefix="intendance-container-") as folder:
            credentials = servers.write_credentials(pathlib.Path(folder) / "store.toml", **servers.application_keys())
            done = subprocess.run(
                [STORAGE_TEST, "--gtest_filter=*/server:SwiftServer*", "--gtest_brief=1"], capture_output=True, text=True,
                timeout=300, env={**os.environ, "INTENDANCE_TEST_STORE": f"swift+http://127.0.0.1:{gateway.port}/lab {credentials}",
                                  "INTENDANCE_TEST_STORE_IS_CEPH": "yes"})
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertNotIn("SKIPPED", done.stdout)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
