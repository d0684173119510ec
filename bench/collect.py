#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Scrapes side by side: collectord and node_exporter with the same collectors, a thousand scrapes each, in turns.

Both columns come from one run on one machine: read their ratios. System calls are counted by strace, last,
since it slows down what it looks at.
"""
from __future__ import annotations

import argparse
import http.client
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")
TURNS = 10
TRACED = 50  # scrapes under strace
# Off by default, and needed for the names of dashboard 1860.
MORE = ["processes", "tcpstat", "interrupts", "systemd"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid: int) -> float:
    """In nanoseconds for each thread: a scrape takes less than a tick."""
    return sum(int(path.read_text().split()[0]) for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def anonymous_kibibytes(pid: int) -> int:
    return int(re.search(r"RssAnon:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


class Subject:
    def __init__(self, name: str, port: int, arguments: list[str]):
        self.name, self.port = name, port
        self.process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.times: list[float] = []
        self.cpu, self.calls = 0.0, None
        self.page = b""
        deadline = time.monotonic() + 20
        while True:
            try:
                self.scrape(1)
                break
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise SystemExit(f"{name} does not answer")
                time.sleep(0.1)
        self.scrape(20)  # what is opened and allocated once
        self.times.clear()
        self.cpu = 0.0
        self.first_anonymous = anonymous_kibibytes(self.process.pid)

    def scrape(self, count: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        before = self.cpu_now()
        for _ in range(count):
            started = time.perf_counter()
            connection.request("GET", "/metrics")
            self.page = connection.getresponse().read()
            self.times.append((time.perf_counter() - started) * 1000)
        self.cpu += self.cpu_now() - before

    def cpu_now(self) -> float:
        return cpu_seconds(self.process.pid)

    def names(self) -> set[str]:
        return {re.split(rb"[{ ]", line, 1)[0].decode() for line in self.page.splitlines() if line and not line.startswith(b"#")}

    def series(self) -> int:
        return sum(1 for line in self.page.splitlines() if line and not line.startswith(b"#"))

    def trace(self) -> None:
        """System calls a scrape, of all threads."""
        with tempfile.NamedTemporaryFile() as report:
            pid = self.process.pid
            tracer = subprocess.Popen(["strace", "-f", "-c", "-o", report.name, "-p", str(pid)], stderr=subprocess.DEVNULL)
            traced = f"TracerPid:\t{tracer.pid}\n"
            deadline = time.monotonic() + 10
            while not all(traced in path.read_text() for path in pathlib.Path(f"/proc/{pid}/task").glob("*/status")):
                if time.monotonic() > deadline or tracer.poll() is not None:
                    return  # not allowed here
                time.sleep(0.05)
            self.scrape(TRACED)
            tracer.send_signal(signal.SIGINT)
            tracer.wait()
            total = re.search(r"^\s*100\.00\s+\S+\s+\d+\s+(\d+).*total$", pathlib.Path(report.name).read_text(), re.M)
            self.calls = int(total[1]) / TRACED if total else None

    # The figures, by which the two are compared.
    def cpu_a_thousand(self) -> float:
        return self.cpu * 1000 / len(self.times)

    def percentile(self, part: float) -> float:
        return sorted(self.times)[int(len(self.times) * part)]


def show(ours: Subject, theirs: Subject, wanted: set[str]) -> None:
    def row(figure: str, one: float | None, other: float | None, digits: int, goal: str, reached: bool | None) -> None:
        cells = "".join(f"{'–' if value is None else format(value, f'.{digits}f'):>15}" for value in (one, other))
        print(f"{figure:34}{cells}   {goal:26}{'' if reached is None else 'reached' if reached else 'MISSED'}")

    print(f"{'':34}{ours.name:>15}{theirs.name:>15}   goal")
    row("series", ours.series(), theirs.series(), 0, "", None)
    here, there = len(wanted & ours.names()), len(wanted & theirs.names())
    row(f"of {len(wanted)} names of dashboard 1860", here, there, 0, "more", here > there)
    cpu = ours.cpu, theirs.cpu
    row("CPU s per 1000 scrapes", ours.cpu_a_thousand(), theirs.cpu_a_thousand(), 3, "a tenth", cpu[0] <= cpu[1] / 10)
    row("p50 ms", statistics.median(ours.times), statistics.median(theirs.times), 2, "", None)
    row("p99 ms", ours.percentile(0.99), theirs.percentile(0.99), 2, "a third", ours.percentile(0.99) <= theirs.percentile(0.99) / 3)
    anonymous = [anonymous_kibibytes(one.process.pid) for one in (ours, theirs)]
    row("anonymous memory MiB", *(value / 1024 for value in anonymous), 1, "at most 12", anonymous[0] <= 12 * 1024)
    growth = [value - one.first_anonymous for value, one in zip(anonymous, (ours, theirs))]
    row("  grown by KiB", *growth, 0, "at most 64", growth[0] <= 64)


def show_calls(ours: Subject, theirs: Subject) -> None:
    calls = [None if one.calls is None else round(one.calls) for one in (ours, theirs)]
    cells = "".join(f"{'–' if value is None else value:>15}" for value in calls)
    verdict = "" if calls[0] is None else "reached" if calls[0] <= 250 else "MISSED"
    processes = sum(1 for name in os.listdir("/proc") if name.isdigit())
    print(f"{'system calls a scrape':34}{cells}   {'at most 250':26}{verdict}   ({processes} processes)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--scrapes", type=int, default=1000)
    arguments = parser.parse_args()
    source = pathlib.Path(__file__).resolve().parent.parent
    names = (source / "tests/fixtures/dashboards/1860-names.txt").read_text().splitlines()
    with tempfile.TemporaryDirectory(prefix="intendance-bench-") as folder:
        ours, theirs = free_port(), free_port()
        config = pathlib.Path(folder) / "intendance.toml"
        config.write_text(f'[collectord]\nlisten = "127.0.0.1:{ours}"\nservices = "{source}/services"\n')
        subjects = [
            Subject("collectord", ours, [str(arguments.build / "collectors/intendance-collectord"), "--config", str(config), "--state", folder]),
            Subject("node_exporter", theirs, ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{theirs}", *(f"--collector.{name}" for name in MORE)]),
        ]
        try:
            for _ in range(TURNS):  # in turns, so that noise falls on both
                for subject in subjects:
                    subject.scrape(arguments.scrapes // TURNS)
            show(*subjects, {name for name in names if not name.startswith("#")})
            if shutil.which("strace"):
                for subject in subjects:
                    subject.trace()
            show_calls(*subjects)
        finally:
            for subject in subjects:
                subject.process.terminate()
                subject.process.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
