# SPDX-License-Identifier: AGPL-3.0-or-later
"""A running intendance-backupd, as tests see it."""
from __future__ import annotations

import datetime
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.request
from typing import Callable, TypeVar

WAIT = 60  # seconds, for what takes one

Found = TypeVar("Found")


def wait_for(what: str, condition: Callable[[], Found]) -> Found:
    """The first true answer of `condition`."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {WAIT} s in vain for {what}")


def a_week_passed(state: pathlib.Path, repository: str) -> None:
    """While the daemon was away: all that it remembers of the care for that repository is eight days older."""
    file = state / "care" / f"{repository}.json"

    def older(match: re.Match[str]) -> str:
        moment = datetime.datetime.fromisoformat(match[0].replace("Z", "+00:00")) - datetime.timedelta(days=8)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    file.write_text(re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", older, file.read_text()))


class BackupDaemon:
    """Answers when it is made, with the token "secret"; `log` has what it and others before it said."""

    def __init__(self, program: pathlib.Path, config: pathlib.Path, state: pathlib.Path, log: pathlib.Path) -> None:
        self.log = log
        self.from_here = log.stat().st_size if log.exists() else 0
        with log.open("ab") as out:
            self.process = subprocess.Popen([program, "--config", config, "--state", state], stdout=out, stderr=out,
                                            env={**os.environ, "TZ": "UTC"})
        self.address = wait_for("its address", lambda: re.search(r"answering on \S*?(127\.0\.0\.1:\d+)", self.said())).group(1)

    def said(self) -> str:
        return self.log.read_bytes()[self.from_here:].decode()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> float:
        """Seconds that it took."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(WAIT)
        assert status == 0, f"ended with {status}: {self.said()}"
        return time.monotonic() - begin

    def ask(self, path: str) -> str:
        request = urllib.request.Request(f"http://{self.address}{path}", headers={"Authorization": "Bearer secret"})
        with urllib.request.urlopen(request, timeout=WAIT) as answer:
            return answer.read().decode()

    def care(self) -> dict:
        (care,) = json.loads(self.ask("/api/v1/status"))["care"]
        return care

    def metric(self, name: str, **labels: str) -> float | None:
        for line in self.ask("/metrics").splitlines():
            if line.startswith(f"{name}{{") and all(f'{key}="{value}"' in line for key, value in labels.items()):
                return float(line.rsplit(" ", 1)[1])
        return None
