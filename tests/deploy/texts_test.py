#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Holds the Prometheus files, their tests and the two documents together.

texts_test.py SOURCE_DIRECTORY
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ANNOTATIONS = ["summary", "description", "summary_en", "description_en"]


def rules_of(text):
    """Each alert's name and its lines."""
    parts = re.split(r"^      - alert: (\w+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


class Texts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.prometheus = TOP / "deploy" / "prometheus"
        cls.rules = rules_of((cls.prometheus / "intendance.rules.yml").read_text(encoding="utf-8"))

    def test_prometheus_accepts_its_configuration(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / "prometheus"
            shutil.copytree(self.prometheus, copy)
            (copy / "intendance-token").write_text("secret\n", encoding="utf-8")
            done = subprocess.run(["promtool", "check", "config", str(copy / "prometheus.yml")],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertIn(f"{len(self.rules)} rules found", done.stdout)

    def test_every_alert_speaks_both_languages(self):
        for name, lines in self.rules.items():
            for annotation in ANNOTATIONS:
                self.assertRegex(lines, rf'(?m)^          {annotation}: ".+"$', name)

    def test_every_alert_is_tried(self):
        tests = "".join(path.read_text(encoding="utf-8") for path in self.prometheus.glob("*_test.yml"))
        for name in self.rules:
            wanted = rf'alertname="{name}"|alertname: {name}\b'
            self.assertGreaterEqual(len(re.findall(wanted, tests)), 1, name)

    def test_every_alert_is_explained(self):
        for document in ["operations.md", "exploitation.md"]:
            text = (TOP / "docs" / document).read_text(encoding="utf-8")
            explained = re.findall(r"^\*\*(\w+)\*\*", text, flags=re.MULTILINE)
            self.assertEqual(explained, list(self.rules), document)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    TOP = pathlib.Path(sys.argv[1])
    unittest.main(argv=sys.argv[:1])
