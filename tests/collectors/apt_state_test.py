#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""apt_state_test.py PROGRAM: intendance-apt-state beside Debian's own script, on this machine, and on a machine of files."""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path("/usr/share/prometheus-node-exporter-collectors/apt_info.py")
STATUS = """Package: {name}
Status: {wanted} ok installed
Maintainer: nobody
Architecture: amd64
Version: {version}
Description: a package

"""
PACKAGE = """Package: {name}
Maintainer: nobody
Architecture: amd64
Version: {version}
Filename: pool/{name}.deb
Size: 1
SHA256: {digest}
Description: a package

"""


def samples(page: str) -> dict[str, float]:
    """By name and labels, whatever their order."""
    found = {}
    for line in page.splitlines():
        if line and not line.startswith("#"):
            name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()
            found[name + "".join(sorted(re.findall(r'\w+="[^"]*"', labels or "")))] = float(value)
    return found


def state(*root: pathlib.Path) -> dict[str, float]:
    done = subprocess.run([PROGRAM, *root], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return samples(done.stdout)


class AptState(unittest.TestCase):
    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.root = pathlib.Path(place.name)
        for folder in ("etc/apt/preferences.d", "var/lib/dpkg", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial"):
            (self.root / folder).mkdir(parents=True)
        (self.root / "etc/apt/sources.list").write_text(
            "deb [arch=amd64] http://archive.example.org/main stable main\n"
            "deb [arch=amd64] http://archive.example.org/security stable-security main\n")

    def installed(self, *packages: tuple[str, str, str]) -> None:
        (self.root / "var/lib/dpkg/status").write_text(
            "".join(STATUS.format(name=name, version=version, wanted=wanted) for name, version, wanted in packages))

    def published(self, suite: str, codename: str, packages: dict[str, str]) -> None:
        archive = "security" if suite.endswith("-security") else "main"
        stem = self.root / "var/lib/apt/lists" / f"archive.example.org_{archive}_dists_{suite}"
        pathlib.Path(f"{stem}_Release").write_text(f"Origin: Debian\nLabel: Debian\nSuite: {suite}\nCodename: {codename}\n")
        pathlib.Path(f"{stem}_main_binary-amd64_Packages").write_text(
            "".join(PACKAGE.format(name=name, version=version, digest="0" * 64) for name, version in packages.items()))

    def test_tells_what_debians_script_tells(self) -> None:
        if not SCRIPT.exists():
            self.skipTest("Debian's package prometheus-node-exporter-collectors is not installed")
        theirs = samples(subprocess.run(["/usr/bin/python3", SCRIPT], capture_output=True, text=True, check=True, timeout=120).stdout)
        ours = state()
        for name, value in theirs.items():
            if name != "node_reboot_required":  # the daemon's own, at each scrape
                self.assertAlmostEqual(ours[name], value, places=3, msg=name)
        self.assertEqual({name for name in ours if name.startswith("apt_")}, {name for name in theirs if name.startswith("apt_")})

    def test_counts_by_origin(self) -> None:
        self.installed(("openssl", "1.0", "install"), ("curl", "1.0", "install"), ("held", "1.0", "hold"), ("new", "1.0", "install"))
        self.published("stable", "bookworm", {"openssl": "1.0", "curl": "1.1", "held": "2.0", "new": "1.0", "other": "1.0"})
        self.published("stable-security", "bookworm-security", {"openssl": "1.0-1"})
        ours = state(self.root)
        self.assertEqual(ours['apt_upgrades_pendingarch="amd64"origin="Debian:bookworm-security/stable-security"'], 1)
        self.assertEqual(ours['apt_upgrades_pendingarch="amd64"origin="Debian:bookworm/stable"'], 2)
        self.assertEqual(ours['apt_upgrades_heldarch="amd64"origin="Debian:bookworm/stable"'], 1)
        self.assertEqual(ours["intendance_security_upgrades_pending"], 1)

    def test_heeds_preferences(self) -> None:
        self.installed(("curl", "1.0", "install"))
        self.published("stable", "bookworm", {"curl": "1.1"})
        (self.root / "etc/apt/preferences.d/curl").write_text("Package: curl\nPin: version 1.0\nPin-Priority: 1001\n")
        self.assertEqual(state(self.root)['apt_upgrades_pendingarch=""origin=""'], 0)

    def test_nothing_is_pending(self) -> None:
        self.installed(("curl", "1.0", "install"))
        ours = state(self.root)
        self.assertEqual(ours['apt_upgrades_pendingarch=""origin=""'], 0)
        self.assertEqual(ours["intendance_security_upgrades_pending"], 0)

    def test_damaged_tables_are_an_error(self) -> None:
        self.installed(("curl", "1.0", "install"))
        (self.root / "var/lib/dpkg/status").write_text("Version: of what?\n\n")
        done = subprocess.run([PROGRAM, self.root], capture_output=True, text=True, timeout=120)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("intendance-apt-state: ", done.stderr)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
