#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Installs the build into a folder of its own and looks at what a machine would get.

install_test.py CMAKE BUILD_DIRECTORY PREFIX
"""
import configparser
import os
import pathlib
import stat
import subprocess
import sys
import tempfile
import unittest

DAEMONS = ["collectord", "backupd", "billingd", "webd"]
# What each may do beside its own work; 10 is a unit without any protection.
# Tenths. collectord asks adjtimex how well the clock is kept, which ProtectClock would forbid.
MOST_EXPOSURE = {"collectord": 21, "backupd": 25, "billingd": 15, "webd": 15}


def run(*command):
    """Standard output and error of a program that must succeed."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def read_unit(path):
    unit = configparser.ConfigParser(strict=False, interpolation=None, delimiters=["="])
    unit.optionxform = str
    unit.read(path, encoding="utf-8")
    return unit


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.root = pathlib.Path(cls.folder.name)
        cmake, build, prefix = ARGUMENTS
        subprocess.run([cmake, "--install", build], env={**os.environ, "DESTDIR": str(cls.root)}, check=True,
                       stdout=subprocess.DEVNULL)
        cls.prefix = cls.root / prefix.lstrip("/")
        cls.units = {name: cls.prefix / f"lib/systemd/system/intendance-{name}.service" for name in DAEMONS}

    def test_everything_lies_beneath_the_prefix(self):
        expected = ["bin/intendance", "lib/sysusers.d/intendance.conf", "lib/tmpfiles.d/intendance.conf",
                    "share/intendance/services/omeka-s.toml", "share/intendance/prometheus/intendance.rules.yml",
                    "share/intendance/grafana/intendance.json", "share/doc/intendance/operations.md",
                    "share/doc/intendance/exploitation.md"]
        for name in expected:
            self.assertTrue((self.prefix / name).is_file(), name)
        for path in self.root.rglob("*"):
            if path.is_file():
                self.assertTrue(path.is_relative_to(self.prefix), path)

    def test_every_program_runs(self):
        for program in ["intendance", *(f"intendance-{name}" for name in DAEMONS)]:
            self.assertIn("intendance", run(self.prefix / "bin" / program, "--version"))

    def test_units_are_without_fault(self):
        # Unknown keys are faults only so; programs are looked for beneath --root.
        units = [str(unit) for unit in self.units.values()]
        run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", f"--root={self.root}", *units)

    def test_verify_would_tell(self):
        broken = self.units["webd"].with_name("broken.service")
        self.addCleanup(broken.unlink)
        broken.write_text(self.units["webd"].read_text(encoding="utf-8").replace("PrivateTmp=", "PrivateTpm="),
                          encoding="utf-8")
        with self.assertRaisesRegex(AssertionError, "PrivateTpm"):
            run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", f"--root={self.root}", str(broken))

    def test_units_are_confined(self):
        for name, unit in self.units.items():
            run("systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSURE[name]}", "--no-pager",
                str(unit))

    def test_only_backupd_has_a_capability(self):
        for name, unit in self.units.items():
            service = read_unit(unit)["Service"]
            wanted = "CAP_DAC_READ_SEARCH" if name == "backupd" else ""
            self.assertEqual(service["AmbientCapabilities"], wanted, name)
            self.assertEqual(service["CapabilityBoundingSet"], wanted, name)

    def test_users_and_folders_are_made(self):
        etc = self.root / "etc"
        etc.mkdir()
        run("systemd-sysusers", f"--root={self.root}", str(self.prefix / "lib/sysusers.d/intendance.conf"))
        users = [line.split(":")[0] for line in (etc / "passwd").read_text(encoding="utf-8").splitlines()]
        for unit in self.units.values():
            self.assertIn(read_unit(unit)["Service"]["User"], users)
        # The folders are given to root, for which an unprivileged user of a namespace's own will do.
        as_root = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
        run(*as_root, "systemd-tmpfiles", f"--root={self.root}", "--create",
            str(self.prefix / "lib/tmpfiles.d/intendance.conf"))
        for name, mode in {"": 0o755, "conf.d": 0o755, "keys": 0o700}.items():
            self.assertEqual(stat.S_IMODE((etc / "intendance" / name).stat().st_mode), mode, name)


if __name__ == "__main__":
    ARGUMENTS = sys.argv[1:4]
    if len(ARGUMENTS) != 3:
        sys.exit(__doc__)
    unittest.main(argv=sys.argv[:1])
