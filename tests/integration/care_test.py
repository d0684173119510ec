#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The hub's daemon takes care of a real repository: care_test.py INTENDANCE INTENDANCE-BACKUPD

Forgets, prunes in its two phases and verifies when that is due, makes up for what was missed while
it was away, survives being killed in the midst of each, finds damage, and tells all of it.
"""
import datetime
import json
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from backup_daemon import BackupDaemon, a_week_passed, wait_for  # noqa: E402


class Care(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="intendance-care-")
        self.addCleanup(folder.cleanup)
        self.top = pathlib.Path(folder.name)
        self.intendance, self.backupd = PROGRAMS
        self.state, self.config = self.top / "state", self.top / "intendance.toml"
        self.store, self.keys, self.source = self.top / "store", self.top / "keys", self.top / "source"
        (self.top / "token").write_text("secret\n")
        self.configure()
        self.source.mkdir()
        self.cli("repository", "init", "--repository", f"file://{self.store}", "--keys", self.keys, "--machine", "web-1")
        for number in range(4):
            (self.source / "image").write_bytes(os.urandom(4_000_000))
            (self.source / f"lettre-{number}").write_bytes(os.urandom(500_000))
            self.cli("backup", "tei")
        self.running = []
        self.addCleanup(lambda: [daemon.kill() for daemon in self.running if daemon.process.poll() is None])

    def configure(self, **changed):
        care = {"keep": "{ last = 2 }", "prune": '"daily"', "grace": '"1s"', "verify": '"weekly"',
                "drill": '"weekly"', **changed}
        lines = "".join(f"{key} = {value}\n" for key, value in care.items() if value)
        self.config.write_text(
            f'[machine]\nname = "hub"\n[backupd]\nlisten = "127.0.0.1:0"\ntoken_file = "token"\n'
            f'[repository.web-1]\nurl = "file://{self.store}"\nkeys = "{self.keys}"\n'
            f'[[job]]\nname = "tei"\nrepository = "web-1"\nschedule = "monthly 31 23:59"\npaths = ["{self.source}"]\n'
            f'[[care]]\nrepository = "web-1"\n{lines}')

    def cli(self, *arguments, status=0):
        done = subprocess.run([self.intendance, *map(str, arguments), "--config", self.config, "--state", self.state],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, status, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def start(self):
        daemon = BackupDaemon(self.backupd, self.config, self.state, self.top / "log")
        self.running.append(daemon)
        return daemon

    def a_week_passes(self):
        a_week_passed(self.state, "web-1")

    def first_start(self):
        """The daemon gets to know of the care, and nothing is due."""
        daemon = self.start()
        self.assertEqual(daemon.care()["verify"]["last_run"], None)
        daemon.kill()

    def finish_all(self, daemon):
        """All three tasks ended since its start."""
        for said in ["snapshots forgotten by the rules", "repository pruned", "repository (verified|is damaged)"]:
            wait_for(said, lambda said=said: re.search(said, daemon.said()))
        return wait_for("rest", lambda: not daemon.care()["running"] and daemon.care())

    def packs(self):
        return sum(1 for path in (self.store / "packs").rglob("*") if path.is_file())

    def test_does_what_was_missed(self):
        self.first_start()
        packs = self.packs()
        self.a_week_passes()
        time.sleep(1.1)  # what the last backup stored is younger than the grace
        daemon = self.start()
        self.assertIn("asks for what this version does not do yet", daemon.said())
        self.assertIn("key=drill", daemon.said())
        care = self.finish_all(daemon)
        self.assertEqual((care["snapshots"], care["damaged_objects"], care["lost_files"]), (2, 0, 0))
        self.assertGreaterEqual(self.packs(), packs, "marked, and not deleted yet")
        self.assertGreater(daemon.metric("intendance_backup_last_prune_marked_bytes", repository="web-1"), 1e6)
        self.assertEqual(daemon.metric("intendance_backup_last_forget_removed_snapshots", repository="web-1"), 2)
        self.assertLess(daemon.stop(), 5)
        self.a_week_passes()
        time.sleep(1.1)
        marked = self.packs()
        daemon = self.start()
        care = self.finish_all(daemon)
        self.assertLess(self.packs(), marked)
        self.assertGreater(daemon.metric("intendance_backup_last_prune_freed_bytes", repository="web-1"), 1e6)
        self.assertEqual(care["prune"]["last_run"]["outcome"], "done")
        self.assertTrue(care["verify"]["next_run"] > care["verify"]["last_success"])
        self.check_metrics(daemon)

    def check_metrics(self, daemon):
        page = daemon.ask("/metrics")
        done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
        for document, described in DESCRIBED.items():
            self.assertIn("last_run_unchanged_files", page)
            for name in set(re.findall(r"^# TYPE (intendance_backup_\w+)", page, flags=re.MULTILINE)):
                self.assertIn(f"`{name.removeprefix('intendance_backup_')}`", described, document)
        for task in ["forget", "prune", "verify"]:
            for name in ["last_success_timestamp_seconds", "next_run_timestamp_seconds", "last_run_duration_seconds"]:
                self.assertGreaterEqual(daemon.metric(f"intendance_backup_care_{name}", task=task), 0, name)
            self.assertEqual(daemon.metric("intendance_backup_care_overdue", task=task), 0)
            self.assertEqual(daemon.metric("intendance_backup_care_failures_since_success", task=task), 0)
        self.assertEqual(daemon.metric("intendance_backup_repository_snapshots", repository="web-1"), 2)
        self.assertEqual(daemon.metric("intendance_backup_damaged_objects", repository="web-1"), 0)
        size = daemon.metric("intendance_backup_repository_bytes", repository="web-1")
        self.assertLess(daemon.metric("intendance_backup_never_read_bytes", repository="web-1"), size)
        self.assertLess(time.time() - daemon.metric("intendance_backup_oldest_unread_byte_timestamp_seconds"), 600)

    def test_survives_being_killed_in_the_midst(self):
        self.first_start()
        for task in ["forget", "prune", "verify"]:
            for delay in [0, 0.01, 0.05]:
                self.a_week_passes()
                daemon = self.start()
                wait_for(task, lambda task=task: re.search(f"care begins .*task={task}", daemon.said()))
                time.sleep(delay)
                daemon.kill()
        self.assertIn("whole", self.cli("verify", "--read-data", "--repository", "web-1"))
        self.a_week_passes()
        daemon = self.start()
        care = self.finish_all(daemon)
        self.assertEqual((care["snapshots"], care["damaged_objects"]), (2, 0))
        self.assertFalse((self.state / "care" / "web-1.scratch").exists())
        above = len(self.source.parts) - 2
        self.cli("restore", "latest", "--target", self.top / "out", "--strip", above, "--repository", "web-1")
        restored = self.top / "out" / self.source.name
        for file in self.source.iterdir():
            self.assertEqual((restored / file.name).read_bytes(), file.read_bytes())

    def test_tells_of_damage(self):
        self.first_start()
        large = [path for path in (self.store / "packs").rglob("*") if path.is_file() and path.stat().st_size > 2e6]
        victim = min(large, key=lambda path: path.stat().st_mtime)  # which is read first
        moment = victim.stat().st_mtime_ns
        victim.chmod(0o600)
        with victim.open("r+b") as file:
            file.seek(1_000_000)
            byte = file.read(1)[0]
            file.seek(1_000_000)
            file.write(bytes([byte ^ 1]))
        os.utime(victim, ns=(moment, moment))  # as a disk does it
        self.configure(keep="{ all = true }")
        self.a_week_passes()
        daemon = self.start()
        wait_for("damage", lambda: "repository is damaged" in daemon.said())
        self.assertGreaterEqual(daemon.metric("intendance_backup_damaged_objects", repository="web-1"), 1)
        self.assertEqual(daemon.metric("intendance_backup_lost_files", repository="web-1"), 1)
        self.assertEqual(daemon.care()["verify"]["last_run"]["outcome"], "warnings")

    def test_a_store_that_is_away_is_tried_again(self):
        self.first_start()
        self.a_week_passes()
        away = self.store.with_name("away")
        self.store.rename(away)
        daemon = self.start()
        care = wait_for("three failures", lambda: daemon.said().count("care failed") >= 3 and daemon.care())
        self.assertEqual(care["verify"]["failures"], 1)
        self.assertEqual(care["verify"]["last_run"]["outcome"], "failed")
        again = datetime.datetime.fromisoformat(care["verify"]["next_run"].replace("Z", "+00:00"))
        left = again - datetime.datetime.now(datetime.timezone.utc)
        self.assertTrue(datetime.timedelta(minutes=8) < left < datetime.timedelta(minutes=11), left)
        self.assertLess(daemon.stop(), 5)
        shutil.rmtree(self.store, ignore_errors=True)
        away.rename(self.store)
        self.a_week_passes()
        self.assertEqual(self.finish_all(self.start())["verify"]["failures"], 0)

    def test_knows_what_was_done_by_hand(self):
        self.first_start()
        daemon = self.start()
        self.assertEqual(daemon.care()["oldest_unread"], None)
        self.cli("verify", "--repository", "web-1")
        care = daemon.care()
        self.assertIsNone(care["verify"]["last_run"], "reads nothing, so it puts nothing off")
        self.assertGreater(care["never_read_bytes"], 1e6)
        self.cli("verify", "--read-data", "--repository", "web-1")
        self.assertEqual(daemon.care()["never_read_bytes"], 0)
        self.assertIsNotNone(daemon.care()["verify"]["last_success"])
        self.cli("prune", "--grace", "0", "--repository", "web-1")
        self.assertIsNotNone(daemon.care()["prune"]["last_success"])

    def test_config_check_names_what_is_missing(self):
        self.cli("config", "check")
        self.configure(keep=None)
        self.assertIn("has no keep", self.cli("config", "check", status=2))
        self.configure()
        (self.keys / "maintenance.key").unlink()
        (self.keys / "reader.key").unlink()
        self.assertIn("no maintenance.key", self.cli("config", "check", status=2))


def become_nobody(folder):
    """No daemon runs as root: its programs where anybody may read them, and root's rights given up."""
    if os.geteuid() != 0:
        return
    PROGRAMS[:] = [shutil.copy2(program, folder) for program in PROGRAMS]
    nobody = pwd.getpwnam("nobody")
    os.chmod(folder, 0o755)
    os.setgroups([])
    os.setresgid(nobody.pw_gid, nobody.pw_gid, nobody.pw_gid)
    os.setresuid(nobody.pw_uid, nobody.pw_uid, nobody.pw_uid)


if __name__ == "__main__":
    PROGRAMS = sys.argv[1:3]
    if len(PROGRAMS) != 2:
        sys.exit(__doc__)
    DESCRIBED = {name: (pathlib.Path(__file__).resolve().parents[2] / "docs" / name).read_text(encoding="utf-8")
                 for name in ["operations.md", "exploitation.md"]}
    copies = tempfile.mkdtemp(prefix="intendance-care-")
    if os.fork() == 0:
        become_nobody(copies)
        unittest.main(argv=sys.argv[:1], verbosity=2)
    status = os.wait()[1]
    shutil.rmtree(copies)
    sys.exit(os.waitstatus_to_exitcode(status))
