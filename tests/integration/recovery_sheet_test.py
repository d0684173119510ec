#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The recovery sheet's own commands restore a backup: in an empty folder, by a shell that knows nothing
else. The page for a browser is printed by Chromium: one page of Letter and of A4, the same commands.

recovery_sheet_test.py INTENDANCE [TEST…]
"""
from __future__ import annotations

import html
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

INTENDANCE = pathlib.Path()


class RecoverySheet(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        temporary = tempfile.TemporaryDirectory(prefix="intendance-sheet-")
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = pathlib.Path(temporary.name).resolve()
        # A long address with what a shell could take for something else.
        cls.repository = cls.folder / "a repository's $HOME `x`" / ("w" * 60)
        cls.tree = cls.folder / "tree"
        (cls.tree / "corpus").mkdir(parents=True)
        (cls.tree / "corpus" / "été.xml").write_text("<TEI>été</TEI>\n" * 1000, encoding="utf-8")
        (cls.tree / "random").write_bytes(os.urandom(200_000))
        cls.intendance("repository", "init", "--machine", "web-1")
        cls.intendance("backup", "--paths", cls.tree)

    @classmethod
    def intendance(cls, *arguments: object) -> str:
        command = [INTENDANCE, *arguments, "--repository", f"file://{cls.repository}", "--keys", cls.folder / "keys",
                   "--state", cls.folder / "state"]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    def assert_restores(self, script: str) -> None:
        place = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        environment = {"PATH": f"{INTENDANCE.parent}:/usr/bin:/bin", "HOME": str(place)}
        done = subprocess.run(["/bin/sh"], input=script, cwd=place, env=environment, capture_output=True, text=True,
                              timeout=60)
        self.assertEqual("", re.sub(r"(?m)^(warning: |  ).*\n", "", done.stderr), done.stdout)
        restored = place / "restored" / self.tree.relative_to("/")
        for name in ("corpus/été.xml", "random"):
            self.assertEqual((self.tree / name).read_bytes(), (restored / name).read_bytes())
        self.assertEqual(0o700, (place / "keys").stat().st_mode & 0o777)
        # What the sheet says must be seen is seen.
        owner = re.search(r"owner|propriétaire", script) and re.search(r"(?:owner|propriétaire) ((?:[0-9a-f]{4} ?){4})", script)
        self.assertIn(owner.group(1).strip(), done.stdout)

    def test_the_commands_of_the_text_restore(self) -> None:
        for language in ("en", "fr"):
            with self.subTest(language=language):
                self.assert_restores(self.intendance("key", "recovery-sheet", "--output", "-", "--lang", language))

    def test_a_mistyped_key_is_refused(self) -> None:
        text = self.intendance("key", "recovery-sheet", "--output", "-")
        key = re.search(r"(?m)^AGE-SECRET-KEY-1(\w+)$", text).group(1)
        wrong = text.replace(key, key[:9] + ("Q" if key[9] != "Q" else "P") + key[10:])
        done = subprocess.run(["/bin/sh"], input=wrong, cwd=tempfile.mkdtemp(dir=self.folder), capture_output=True,
                              text=True, timeout=60, env={"PATH": f"{INTENDANCE.parent}:/usr/bin:/bin"})
        self.assertIn("reader.key", done.stderr)
        self.assertIn("a character is wrong", done.stderr)

    def browser_page(self, language: str) -> str:
        file = self.folder / f"sheet-{language}.html"
        credentials = self.folder / "store.toml"
        credentials.write_text('auth_url = "https://identity.example.ca:5000/v3"\n'
                               'application_credential_id = "0123456789abcdef0123456789abcdef"\n'
                               f'application_credential_secret = "{"s" * 86}"\n')
        self.intendance("key", "recovery-sheet", "--output", file, "--lang", language, "--credentials-file", credentials)
        return file.read_text(encoding="utf-8")

    def test_the_page_for_a_browser_says_the_same(self) -> None:
        file = self.folder / "same.html"
        self.intendance("key", "recovery-sheet", "--output", file)
        page = file.read_text(encoding="utf-8")
        parts = [html.unescape(part) for part in re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL)]
        commands = "".join(part for part in parts if not part.startswith("AGE-SECRET-KEY-1 "))
        facts = "# owner " + re.search(r"owner ((?:[0-9a-f]{4} ?){4})", page).group(1) + "\n"
        self.assert_restores(facts + commands)

    def test_the_page_for_a_browser_is_one_page(self) -> None:
        chromium = shutil.which("chromium")
        self.assertTrue(chromium, "chromium is missing (./dev setup installs it)")
        for language in ("en", "fr"):
            page = self.browser_page(language)
            for size in ("letter", "A4"):
                with self.subTest(language=language, size=size):
                    source, printed = self.folder / "print.html", self.folder / "print.pdf"
                    sized = page.replace("@page { ", f"@page {{ size: {size}; ")
                    self.assertNotEqual(page, sized)
                    source.write_text(sized, encoding="utf-8")
                    subprocess.run([chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
                                    f"--user-data-dir={self.folder / 'browser'}", f"--print-to-pdf={printed}",
                                    source.as_uri()], check=True, capture_output=True, timeout=90)
                    self.assertEqual(1, len(re.findall(rb"/Type\s*/Page\b", printed.read_bytes())))


if __name__ == "__main__":
    INTENDANCE = pathlib.Path(sys.argv[1]).resolve()
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
