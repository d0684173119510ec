#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backups in a folder of a real SFTP server: sftp_test.py INTENDANCE STORAGE_TEST SUPPORT [TEST…]"""
from __future__ import annotations

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import unittest

INTENDANCE, STORAGE_TEST = (pathlib.Path(each).resolve() for each in sys.argv[1:3])
sys.path.insert(0, sys.argv[3])
from archives import restore_by_its_text  # noqa: E402
from servers import wait_until  # noqa: E402
from ssh_server import SshServer  # noqa: E402

INSIDE = "INTENDANCE_SFTP_TEST"  # "mounts" or "no mounts", in the namespace of the test's own
MIB = 1 << 20
SERVER: SshServer


def setUpModule() -> None:
    global SERVER
    SERVER = SshServer()
    unittest.addModuleCleanup(SERVER.stop)


class Case(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="intendance-sftp-")
        self.addCleanup(folder.cleanup)
        self.top = pathlib.Path(folder.name)
        self.credentials = SERVER.write_credentials(self.top / "credentials")
        self.store = SERVER.home / self.id().rsplit(".", 1)[1]
        self.address = f"{SERVER.address}{self.store}"

    def command(self, *arguments: object) -> list[str]:
        return [str(each) for each in (INTENDANCE, *arguments, "--repository", self.address, "--keys",
                                       self.top / "keys", "--state", self.top / "state", "--credentials-file",
                                       self.credentials)]

    def run_program(self, *arguments: object, expect: int = 0) -> subprocess.CompletedProcess:
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=120)
        self.assertEqual(expect, done.returncode, done.stdout + done.stderr)
        return done

    def init(self, expect: int = 0) -> str:
        done = self.run_program("repository", "init", "--machine", "web-1", expect=expect)
        return done.stdout + done.stderr

    def make_tree(self, size: int) -> pathlib.Path:
        chance, tree = random.Random(7), self.top / "tree"
        (tree / "deep/er").mkdir(parents=True)
        for number in range(200):
            (tree / f"deep/{number}.xml").write_text(f"<TEI n='{number}'/>" * 50)
        (tree / "deep/er/large").write_bytes(chance.randbytes(size))
        return tree

    def assert_comes_back(self, tree: pathlib.Path) -> None:
        with tempfile.TemporaryDirectory(dir=self.top) as target:
            # The folders above are the test's own or root's.
            self.run_program("restore", "latest", "--target", target, "--strip", len(tree.parts) - 2)
            subprocess.run(["diff", "-r", tree, pathlib.Path(target) / tree.name], check=True)
        self.run_program("verify", "--read-data")

    def objects(self) -> list[str]:
        return [str(each.relative_to(self.store)) for each in self.store.rglob("*") if each.is_file()]


class Archives(Case):
    """Of a repository elsewhere, into the space for tapes."""

    def test_go_there_and_are_restored_without_us(self) -> None:
        tree = self.make_tree(5 * MIB)
        config = self.top / "intendance.toml"
        config.write_text(
            f'[machine]\nname = "hub"\n[backupd]\n[repository.web-1]\nurl = "file://{self.top}/store"\n'
            f'keys = "{self.top}/keys"\n[archive.nearline]\nurl = "{self.address}"\n'
            f'credentials_file = "{self.credentials}"\n[[job]]\nname = "tei"\nrepository = "web-1"\npaths = ["{tree}"]\n'
            f'[[care]]\nrepository = "web-1"\nkeep = {{ last = 2 }}\n'
            f'archive = {{ to = "nearline", every = "monthly", part = "2MB" }}\n')
        for arguments in (("repository", "init", "--machine", "web-1"), ("backup", "tei"), ("archive",)):
            done = subprocess.run([str(each) for each in (INTENDANCE, *arguments, "--config", config, "--state", self.top / "state")],
                                  capture_output=True, text=True, timeout=120)
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn("1 written", done.stdout)
        (archive,) = (file.parent for file in self.store.glob("tei/*/sha256sums"))
        self.assertEqual({"lisezmoi.txt", "part-0001.tar.zst.age", "part-0002.tar.zst.age", "part-0003.tar.zst.age",
                          "sha256sums"}, {each.name for each in archive.iterdir()})
        target = self.top / "target"
        target.mkdir()
        restore_by_its_text(archive, self.top / "keys/reader.key", target)
        subprocess.run(["diff", "-r", tree, target / tree.relative_to("/")], check=True)


class Conformance(Case):
    def test_the_store_keeps_every_promise(self) -> None:
        done = subprocess.run([STORAGE_TEST, "--gtest_filter=*/server:SftpServer.*", "--gtest_brief=1"],
                              capture_output=True, text=True, timeout=120,
                              env={**os.environ, "INTENDANCE_TEST_STORE": f"{self.address} {self.credentials}",
                                   "INTENDANCE_TEST_SSHD": str(SERVER.pid)})
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertNotIn("SKIPPED", done.stdout)


class Backups(Case):
    def test_go_there_and_come_back(self) -> None:
        tree = self.make_tree(20 * MIB)
        self.init()
        self.run_program("backup", "--paths", tree)
        (tree / "deep/er/large").write_bytes(b"another")
        self.run_program("backup", "--paths", tree)
        self.assertEqual(2, len(json.loads(self.run_program("snapshots", "--json").stdout)))
        self.assert_comes_back(tree)
        before = sum((self.store / each).stat().st_size for each in self.objects())
        self.run_program("forget", "--keep-last", "1")
        self.run_program("prune", "--grace", "0")
        self.assert_comes_back(tree)
        self.assertEqual(1, len([each for each in self.objects() if each.startswith("snapshots/")]))
        self.assertLess(sum((self.store / each).stat().st_size for each in self.objects()), before - 10 * MIB)
        self.assertEqual([], list((self.store / ".incoming").iterdir()))

    def test_beneath_the_folder_of_the_login(self) -> None:
        self.address = f"{SERVER.address}/~/of/{self.store.name}"
        self.init()
        self.assertTrue((SERVER.home / "of" / self.store.name / "trust").is_dir())

    def test_what_was_broken_off_long_ago_is_removed(self) -> None:
        SERVER.run("mkdir", "-p", self.store / ".incoming")
        for name, age in (("old", 25), ("new", 23)):
            SERVER.run("touch", "-d", f"{age} hours ago", self.store / ".incoming" / name)
        self.init()
        self.assertEqual(["new"], os.listdir(self.store / ".incoming"))


class Refusals(Case):
    def assert_refused(self, *texts: str, expect: int = 1) -> None:
        started = time.monotonic()
        said = self.init(expect=expect)
        self.assertLess(time.monotonic() - started, 30)
        for text in texts:
            self.assertIn(text, said)
        self.assertNotIn("PRIVATE KEY", said)

    def test_a_key_that_is_not_the_accounts(self) -> None:
        self.credentials = SERVER.write_credentials(self.top / "stranger", key="stranger")
        self.assert_refused(str(self.top / "stranger/id"), f"for {SERVER.login}", "authorized_keys")

    def test_a_host_that_is_not_known(self) -> None:
        (self.credentials.parent / "known_hosts").write_text("")
        self.assert_refused("has no host key", SERVER.fingerprint("host"), f"ssh-keyscan -p {SERVER.port} 127.0.0.1")

    def test_a_host_whose_key_has_changed(self) -> None:
        self.credentials = SERVER.write_credentials(self.top / "changed", host="stranger")
        self.assert_refused("Somebody may be in between", SERVER.fingerprint("host"), "ssh-keygen -R")

    def test_a_host_with_a_key_of_another_kind(self) -> None:
        SERVER.run("ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", SERVER.top / "ecdsa")
        self.credentials = SERVER.write_credentials(self.top / "kind", host="ecdsa")
        self.assert_refused("of another kind", SERVER.fingerprint("host"))

    def test_no_file_of_known_hosts(self) -> None:
        self.credentials = SERVER.write_credentials(self.top / "none", host=None)
        self.assert_refused("known_hosts_file", "is missing", SERVER.fingerprint("host"))

    def test_a_private_key_that_everybody_may_read(self) -> None:
        (self.credentials.parent / "id").chmod(0o644)
        self.assert_refused("credentials/id", "everybody on this machine may read it", "chmod o-rwx")

    def test_a_private_key_that_is_none(self) -> None:
        (self.credentials.parent / "id").write_text("no key")
        self.assert_refused("credentials/id", "is no private key", expect=2)

    def test_a_private_key_behind_a_passphrase(self) -> None:
        key = self.credentials.parent / "id"
        subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "open sesame", "-f", key], check=True,
                       stdout=subprocess.DEVNULL)
        self.assert_refused("passphrase", expect=2)
        with self.credentials.open("a") as file:
            file.write('passphrase = "open sesame"\n')
        self.init()

    def test_a_folder_in_which_the_account_may_not_write(self) -> None:
        SERVER.run("mkdir", "-m", "0555", self.store)
        self.assert_refused(str(self.store), "denies this account the permission")

    def test_no_server(self) -> None:
        self.address = f"sftp://127.0.0.1:1{self.store}"
        self.assert_refused("port 1: Connection refused")

    def use_server(self, first: str) -> None:
        """One with that line in its configuration."""
        server = SshServer(first)
        self.addCleanup(server.stop)
        self.credentials = server.write_credentials(self.top / "other")
        self.address = f"{server.address}{server.home}/store"

    def test_a_server_that_wants_a_second_factor(self) -> None:
        self.use_server("AuthenticationMethods publickey,publickey")
        self.assert_refused("wants a second factor")

    def test_a_server_that_offers_no_files(self) -> None:
        self.use_server("ForceCommand /bin/echo hello")
        self.assert_refused("offers no SFTP")

    def test_a_server_that_speaks_in_ways_that_we_do_not(self) -> None:
        self.use_server("KexAlgorithms sntrup761x25519-sha512@openssh.com")
        self.assert_refused("no match for method", "too old for ours, or too new")


class Breaking(Case):
    def test_a_server_that_goes_away_in_the_midst_of_an_upload(self) -> None:
        tree = self.make_tree(24 * MIB)
        self.init()
        running = subprocess.Popen(self.command("backup", "--paths", tree, "--limit-upload", "16MB/s"),
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(running.kill)
        for _ in range(2):
            wait_until("an upload", lambda: self.is_uploading() or running.poll() is not None, 30)
            self.assertIsNone(running.poll(), "it was done before anybody could disturb it")
            SERVER.kill_sessions()
        said, _ = running.communicate(timeout=60)
        self.assertEqual(0, running.returncode, said)
        self.assert_comes_back(tree)

    def is_uploading(self) -> bool:
        try:
            return any(each.stat().st_size > MIB for each in (self.store / ".incoming").iterdir())
        except FileNotFoundError:
            return False

    def test_a_disk_that_is_full(self) -> None:
        if os.environ.get(INSIDE) != "mounts":
            self.skipTest("no disk can be mounted here")
        SERVER.run("mkdir", self.store)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={4 * MIB},uid={self.store.stat().st_uid}"]
        subprocess.run([*mount, "tmpfs", self.store], check=True)
        self.addCleanup(subprocess.run, ["umount", self.store], check=True)
        tree = self.make_tree(20 * MIB)
        self.init()
        said = self.run_program("backup", "--paths", tree, expect=1)
        self.assertIn("may be full", said.stderr)
        self.assertRegex(said.stderr, r"\(\d+ kB of 4194 kB are free\)")
        self.run_program("verify", "--read-data")
        subprocess.run(["mount", "-o", f"remount,size={60 * MIB}", self.store], check=True)
        self.run_program("backup", "--paths", tree)
        self.assert_comes_back(tree)


def enter_namespace() -> None:
    command = ["unshare", "--mount", "--propagation", "private"]
    tried = subprocess.run([*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
    os.environ[INSIDE] = "mounts" if tried.returncode == 0 else "no mounts"
    if tried.returncode == 0:
        os.execvp("unshare", [*command, sys.executable, "-B", *sys.argv])


if __name__ == "__main__":
    if INSIDE not in os.environ:
        enter_namespace()
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
