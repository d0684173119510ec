#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backups in a container of a real Swift with Keystone: swift_test.py INTENDANCE STORAGE_TEST SUPPORT PACKAGES [TEST…]"""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

INTENDANCE, STORAGE_TEST = (pathlib.Path(each).resolve() for each in sys.argv[1:3])
sys.path.insert(0, sys.argv[3])
from servers import wait_until  # noqa: E402
from swift_servers import SwiftServers  # noqa: E402

SERVERS: SwiftServers
# For what differs only in how a token is got.
SOME = "*.GivesBackWhatWasPut/server:*.ListsByPrefixInOrder/server:*.RemovesManyAtOnce/server"


def setUpModule() -> None:
    global SERVERS
    SERVERS = SwiftServers(pathlib.Path(sys.argv[4]).resolve())
    unittest.addModuleCleanup(SERVERS.stop)
    SERVERS.make_container("lab")


class Case(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="intendance-container-")
        self.addCleanup(folder.cleanup)
        self.top = pathlib.Path(folder.name)
        self.credentials = self.write(SERVERS.application_keys())
        self.prefix = self.id().rsplit(".", 1)[1].lower().replace("_", "-")
        self.address = self.address_of("lab")

    def address_of(self, container: str, scheme: str = "swift+http") -> str:
        return f"{scheme}://127.0.0.1:{SERVERS.ports['proxy']}/{container}/{self.prefix}"

    def write(self, keys: dict[str, str], name: str = "store.toml") -> pathlib.Path:
        return SERVERS.write_credentials(self.top / name, **keys)

    def command(self, *arguments: object, address: str | None = None, credentials: pathlib.Path | None = None) -> list[str]:
        whole = [INTENDANCE, *arguments, "--repository", address or self.address, "--keys", self.top / "keys",
                 "--state", self.top / "state", "--credentials-file", credentials or self.credentials]
        return [str(each) for each in whole]

    def run_program(self, *arguments: object, expect: int = 0, **options: object) -> subprocess.CompletedProcess:
        done = subprocess.run(self.command(*arguments, **options), capture_output=True, text=True, timeout=120)
        self.assertEqual(expect, done.returncode, done.stdout + done.stderr)
        return done

    def make_tree(self, large: int = 40 << 20) -> pathlib.Path:
        tree = self.top / "tree"
        (tree / "deep/er").mkdir(parents=True)
        for number in range(200):
            (tree / f"deep/{number}.xml").write_text(f"<TEI n='{number}'/>" * 50)
        (tree / "deep/er/large").write_bytes(os.urandom(large))
        return tree

    def expect_whole(self, tree: pathlib.Path) -> None:
        self.run_program("verify", "--read-data")
        target = self.top / "target"
        self.run_program("restore", "latest", "--target", target)
        compared = subprocess.run(["diff", "-r", tree, target / tree.relative_to("/")], capture_output=True)
        self.assertEqual(b"", compared.stdout + compared.stderr)

    def expect_promises(self, chosen: str = "*/server", address: str | None = None) -> None:
        done = subprocess.run(
            [STORAGE_TEST, f"--gtest_filter={chosen}", "--gtest_brief=1"], capture_output=True, text=True, timeout=300,
            env={**os.environ, "INTENDANCE_TEST_STORE": f"{address or self.address} {self.credentials}"})
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertNotIn("SKIPPED", done.stdout)


class Conformance(Case):
    def test_by_application_credential(self) -> None:
        self.expect_promises("*/server:SwiftServer*")

    def test_by_password(self) -> None:
        self.credentials = self.write(SERVERS.password_keys())
        self.expect_promises(SOME)

    def test_by_a_token(self) -> None:
        self.credentials = self.write(SERVERS.token_keys(SERVERS.lab_token()))
        self.expect_promises(SOME)

    def test_of_its_s3_interface(self) -> None:
        """Which has no If-None-Match."""
        self.credentials = self.write(SERVERS.s3_keys())
        self.expect_promises(address=self.address_of("lab", "s3+http"))


class Damage(Case):
    def test_is_noticed_when_it_is_read(self) -> None:
        self.expect_promises("SwiftDamage.Before")
        stored = [each for each in SERVERS.stored_files() if each.read_bytes() == b"telltale contents"]
        self.assertEqual(1, len(stored))
        with stored[0].open("r+b") as file:
            file.write(b"T")
        self.expect_promises("SwiftDamage.OfWhatIsStoredIsNoticed")


class Lists(Case):
    def test_that_lag_do_not_show_what_is_gone(self) -> None:
        self.expect_promises("SwiftLag.Before")
        with SERVERS.without("container"):  # the list is told later of what happens now
            self.assertEqual(204, SERVERS.swift("DELETE", f"/lab/{self.prefix}/b/2").status)
        self.assertEqual(404, SERVERS.swift("HEAD", f"/lab/{self.prefix}/b/2").status)
        self.assertEqual(["2", "3"], SERVERS.names("lab", self.prefix + "/b/"))
        self.expect_promises("SwiftLag.AListDoesNotShowWhatIsGone")


class Backups(Case):
    def test_go_there_and_come_back(self) -> None:
        tree = self.make_tree()
        self.run_program("repository", "init", "--machine", "web-1")
        self.run_program("backup", "--paths", tree)
        first = self.packs()
        (tree / "deep/er/large").write_bytes(os.urandom(10 << 20))
        self.run_program("backup", "--paths", tree)
        self.assertEqual(2, len(json.loads(self.run_program("snapshots", "--json").stdout)))
        self.expect_whole(tree)
        self.run_program("forget", "--keep-last", "1")
        self.run_program("prune", "--grace", "0")
        self.assertGreater(len(first - self.packs()), 1)
        self.run_program("verify", "--read-data")
        self.assertEqual(1, len(SERVERS.names("lab", self.prefix + "/snapshots/")))

    def packs(self) -> set[str]:
        return set(SERVERS.names("lab", self.prefix + "/packs/"))

    def test_a_token_that_is_refused_in_mid_run_is_renewed(self) -> None:
        tree = self.make_tree(large=24 << 20)
        self.run_program("repository", "init", "--machine", "web-1")
        with subprocess.Popen(self.command("backup", "--paths", tree, "--limit-upload", "6MiB/s"), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True) as running:
            self.addCleanup(running.kill)
            wait_until("a pack", self.packs)
            SERVERS.refuse_all_tokens()
            self.assertIsNone(running.poll())
            said, _ = running.communicate(timeout=60)
        self.assertEqual(0, running.returncode, said)
        self.expect_whole(tree)


class Refusals(Case):
    def refusal(self, *arguments: object, expect: int = 1, **options: object) -> str:
        return self.run_program("repository", "init", "--machine", "web-1", *arguments, expect=expect, **options).stderr

    def test_a_wrong_secret(self) -> None:
        keys = {**SERVERS.application_keys(), "application_credential_secret": "telltale"}
        said = self.refusal(credentials=self.write(keys))
        self.assertIn(f"asking Keystone at {SERVERS.auth_url}", said)
        self.assertIn("does not accept the application credential", said)
        self.assertNotIn("telltale", said)

    def test_a_wrong_password(self) -> None:
        said = self.refusal(credentials=self.write({**SERVERS.password_keys(), "password": "wrong"}))
        self.assertIn("does not accept the password", said)

    def test_a_project_that_is_not_there(self) -> None:
        said = self.refusal(credentials=self.write({**SERVERS.password_keys(), "project": "none"}))
        self.assertIn("knows no such user, domain or project", said)

    def test_a_token_that_was_taken_back(self) -> None:
        token = SERVERS.lab_token()
        self.credentials = self.write(SERVERS.token_keys(token))
        self.run_program("repository", "init", "--machine", "web-1")
        SERVERS.take_back(token)
        said = self.run_program("snapshots", expect=1).stderr
        self.assertIn("does not accept the token", said)
        self.assertIn("openstack token issue", said)

    def test_a_token_that_is_taken_back_in_mid_run(self) -> None:
        tree = self.make_tree(large=24 << 20)
        token = SERVERS.lab_token()
        self.credentials = self.write(SERVERS.token_keys(token))
        self.run_program("repository", "init", "--machine", "web-1")
        with subprocess.Popen(self.command("backup", "--paths", tree, "--limit-upload", "6MiB/s"), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True) as running:
            self.addCleanup(running.kill)
            wait_until("a pack", lambda: SERVERS.names("lab", self.prefix + "/packs/"))
            SERVERS.take_back(token)
            said, _ = running.communicate(timeout=60)
        self.assertEqual(1, running.returncode, said)
        self.assertIn("the token is no longer accepted (it was to expire at 20", said)

    def test_no_such_container(self) -> None:
        said = self.refusal(address=self.address_of("nowhere"))
        self.assertIn("has no such container: make it first", said)
        self.assertIn("/nowhere/", said)

    def test_a_host_that_is_not_in_the_catalogue(self) -> None:
        said = self.refusal(address=f"swift+http://localhost:{SERVERS.ports['proxy']}/lab/x")
        self.assertIn(f"no object store at http://localhost:{SERVERS.ports['proxy']}, but at {SERVERS.endpoint}", said)

    def test_an_address_with_tls_is_not_asked_without(self) -> None:
        said = self.refusal(address=self.address_of("lab", "swift"))
        self.assertIn("no object store at https://", said)
        self.assertIn("swift+http://", said)

    def test_a_keystone_that_is_away(self) -> None:
        said = self.refusal(credentials=self.write({**SERVERS.application_keys(), "auth_url": "http://127.0.0.1:1/v3"}))
        self.assertIn("asking Keystone at http://127.0.0.1:1/v3", said)

    def test_an_auth_url_that_is_no_keystones(self) -> None:
        said = self.refusal(credentials=self.write({**SERVERS.application_keys(), "auth_url": SERVERS.endpoint}))
        self.assertIn("correct auth_url", said)

    def test_no_room_left(self) -> None:
        SERVERS.make_container("small", {"X-Container-Meta-Quota-Bytes": "1000000"})
        self.address = self.address_of("small")
        self.run_program("repository", "init", "--machine", "web-1")
        said = self.run_program("backup", "--paths", self.make_tree(large=8 << 20), expect=1).stderr
        self.assertIn("no room left for this project", said)

    def test_credentials_of_another_kind(self) -> None:
        said = self.refusal(credentials=self.write(SERVERS.s3_keys()), expect=2)
        self.assertIn("of another kind", said)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
