# SPDX-License-Identifier: AGPL-3.0-or-later
"""A built intendance-collectord that reads real servers, all beneath one folder and on free ports of the
loopback, run by an unprivileged user, and gone with the test.

    with House("nginx", program) as house: …
"""
from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from node_exporter_integration import LABEL, SAMPLE  # noqa: E402
from servers import Failed, Servers, answers, free_ports, wait_until  # noqa: E402,F401

SLOW_MACHINE = 60  # seconds until something that must happen counts as missing
# Of others' names, which break promtool's rules on purpose.
NAMES_OF_OTHERS = ("node_", "pg_", "nginx_", "apache_", "haproxy_", "phpfpm_", "mysql_", "jvm_", "bind_", "puppet_", "couchdb_")


class Page:
    """One scrape: values by name and labels, types by name, the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.values: dict[str, dict[frozenset, float]] = {}
        self.types: dict[str, str] = {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                self.types[name] = kind
            elif line and not line.startswith("#"):
                name, labels, value = SAMPLE.match(line).groups()
                self.values.setdefault(name, {})[frozenset(LABEL.findall(labels or ""))] = float(value)

    def value(self, metric: str, /, **labels: str) -> float | None:
        return self.values.get(metric, {}).get(frozenset(labels.items()))

    def labels(self, metric: str) -> list[dict[str, str]]:
        return [dict(each) for each in self.values.get(metric, {})]

    def names(self, beginning: str) -> set[str]:
        return {name for name in self.values if name.startswith(beginning)}

    def reason(self, service: str, kind: str) -> str:
        """Why a reader fails; empty when it does not."""
        for labels in self.labels("intendance_reader_failure_info"):
            if (labels["service"], labels["kind"]) == (service, kind):
                return labels["reason"].replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
        return ""


class House(Servers):
    def __init__(self, name: str, program: str, user: str = "nobody") -> None:
        super().__init__(f"reader-{name}", user)
        # Where the program was built may be closed to that user.
        self.program = self.top / "intendance-collectord"
        shutil.copy(program, self.program)
        self.address = ""

    def file(self, name: str, text: str, mode: int = 0o644) -> pathlib.Path:
        """A file of the servers' user."""
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        self.own(path)
        return path

    def folder(self, name: str) -> pathlib.Path:
        path = self.top / name
        path.mkdir(parents=True)
        self.own(path)
        return path

    def own(self, path: pathlib.Path) -> None:
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def collect(self, readers: str) -> None:
        """Starts collectord with these [[reader]] tables."""
        config = self.file("intendance.toml", f'[machine]\nname = "web-1"\n[collectord]\nlisten = "127.0.0.1:0"\n{readers}', 0o600)
        self.begin("collectord", self.program, "--config", config, "--state", self.folder("state"))

        def address() -> str:
            said = self.said("collectord")
            return said.partition("answering on ")[2].partition("\n")[0].strip() if "answering on " in said else ""
        self.wait_for("collectord", address)
        self.address = address().split()[0]

    def scrape(self, query: str = "") -> Page:
        request = urllib.request.Request(f"{self.address}/metrics{query}", headers={"X-Prometheus-Scrape-Timeout-Seconds": "10"})
        with urllib.request.urlopen(request, timeout=SLOW_MACHINE) as answer:
            return Page(answer.read().decode())

    def timed_scrape(self) -> tuple[Page, float]:
        started = time.monotonic()
        page = self.scrape()
        return page, time.monotonic() - started

    def scrape_until(self, what: str, holds) -> Page:
        """The first page of which `holds` is true."""
        pages: list[Page] = []

        def ready() -> bool:
            pages[:] = [self.scrape()]
            return holds(pages[0])
        try:
            wait_until(what, ready, SLOW_MACHINE)
        except Failed as failed:
            interesting = [line for line in pages[0].text.splitlines() if "reader" in line or "refused" in line]
            raise Failed(f"{failed}\n" + "\n".join(interesting)) from None
        return pages[0]

    def read(self, service: str, kind: str) -> Page:
        """The first page on which that reader succeeds, linted."""
        page = self.scrape_until(f"{kind}/{service} is read", lambda page: page.value("intendance_reader_success", service=service, kind=kind) == 1)
        refused = [labels for labels in page.labels("intendance_collector_refused_info") if labels["collector"] == f"{kind}/{service}"]
        assert not refused, refused
        self.lint(page)
        return page

    def fails(self, service: str, kind: str) -> str:
        """The reason once that reader fails."""
        return self.scrape_until(f"{kind}/{service} fails", lambda page: page.reason(service, kind)).reason(service, kind)

    @staticmethod
    def lint(page: Page) -> None:
        """promtool must parse the page, and has nothing against a name of ours."""
        assert shutil.which("promtool"), "promtool is missing: apt install prometheus"
        lint = subprocess.run(["promtool", "check", "metrics"], input=page.text, text=True, capture_output=True, check=False)
        ours = [line for line in (lint.stderr + lint.stdout).splitlines() if not line.startswith(NAMES_OF_OTHERS)]
        assert not ours, "\n".join(ours)
        assert lint.returncode in (0, 3), lint  # 3: linting problems, those of others


def need(*paths: str) -> None:
    """Programs of Debian's packages, by their whole path."""
    missing = [path for path in paths if not pathlib.Path(path).exists()]
    assert not missing, f"{' '.join(missing)} missing: ./dev setup installs it"
