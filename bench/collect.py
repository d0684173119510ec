#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Scrapes side by side: collectord and node_exporter, a thousand scrapes each, in turns."""
from __future__ import annotations

import argparse
import http.client
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mebibytes(pid: int) -> float:
    return int(re.search(r"RssAnon:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


class Subject:
    def __init__(self, name: str, port: int, arguments: list[str]):
        self.name, self.port = name, port
        self.process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.times: list[float] = []
        self.cpu = 0.0
        self.series = 0
        deadline = time.monotonic() + 20
        while True:
            try:
                self.scrape(1)
                break
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise SystemExit(f"{name} does not answer")
                time.sleep(0.1)
        self.times.clear()

    def scrape(self, count: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        before = cpu_seconds(self.process.pid)
        for _ in range(count):
            started = time.perf_counter()
            connection.request("GET", "/metrics")
            page = connection.getresponse().read()
            self.times.append((time.perf_counter() - started) * 1000)
        self.cpu += cpu_seconds(self.process.pid) - before
        self.series = sum(1 for line in page.splitlines() if line and not line.startswith(b"#"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--scrapes", type=int, default=1000)
    arguments = parser.parse_args()
    source = pathlib.Path(__file__).resolve().parent.parent
    with tempfile.TemporaryDirectory(prefix="intendance-bench-") as folder:
        ours, theirs = free_port(), free_port()
        config = pathlib.Path(folder) / "intendance.toml"
        config.write_text(f'[collectord]\nlisten = "127.0.0.1:{ours}"\nservices = "{source}/services"\n')
        subjects = [
            Subject("collectord", ours, [str(arguments.build / "collectors/intendance-collectord"), "--config", str(config), "--state", folder]),
            Subject("node_exporter", theirs, ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{theirs}"]),
        ]
        try:
            for subject in subjects:
                subject.cpu = 0.0
            for _ in range(10):  # in turns, so that noise falls on both
                for subject in subjects:
                    subject.scrape(arguments.scrapes // 10)
            print(f"{'':16}{'series':>8}{'p50 ms':>9}{'p99 ms':>9}{'CPU s/1000':>12}{'anon MiB':>10}")
            for subject in subjects:
                times = sorted(subject.times)
                print(f"{subject.name:16}{subject.series:8}{statistics.median(times):9.2f}{times[int(len(times) * 0.99)]:9.2f}"
                      f"{subject.cpu * 1000 / len(times):12.2f}{resident_mebibytes(subject.process.pid):10.1f}")
        finally:
            for subject in subjects:
                subject.process.terminate()
                subject.process.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
