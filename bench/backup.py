#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backups side by side: the same tree, every tool in turn, medians of several rounds as ratios.

Each restore is followed by `sync`, inside its time, and the restored tree's contents are compared.
Run as root, caches are dropped before each command.
"""
from __future__ import annotations

import argparse
import hashlib
import os
import pathlib
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 3


def make_corpus(root: pathlib.Path, megabytes: int) -> None:
    """Small XML files that resemble each other, SQL-like lines, and noise, from one seed."""
    source = random.Random(1)
    words = [f"{source.choice('bcdfglmnprst')}{source.choice('aeiou')}{source.choice(['', 'n', 'r', 's'])}" * source.randint(1, 3) for _ in range(4000)]
    text = lambda count: " ".join(source.choice(words) for _ in range(count))
    for number in range(megabytes * 20):
        folder = root / "tei" / f"{number % 50:02}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"lettre-{number:05}.xml").write_text(f"<TEI><text n='{number}'>{text(source.randint(200, 600))}</text></TEI>")
    with (root / "dump.sql").open("w") as dump:
        for number in range(megabytes * 600):
            dump.write(f"INSERT INTO lettre VALUES ({number}, '{text(60)}');\n")
    (root / "images.bin").write_bytes(source.randbytes(megabytes * 300_000))


def digest(root: pathlib.Path) -> str:
    total = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file():
            total.update(path.relative_to(root).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


class Tool:
    def __init__(self, name: str, work: pathlib.Path, source: pathlib.Path):
        self.name, self.work, self.source = name, work / name, source
        self.work.mkdir()
        self.repository = self.work / "repository"
        self.environment = dict(os.environ, HOME=str(self.work), RESTIC_PASSWORD="bench", BORG_PASSPHRASE="bench",
                                BORG_RELOCATED_REPO_ACCESS_IS_OK="yes")

    def shell(self, command: str, inside: pathlib.Path | None = None) -> None:
        subprocess.run(["bash", "-ceuo", "pipefail", command], check=True, env=self.environment, cwd=inside or self.work,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def prepare(self) -> None: ...
    def backup(self) -> None: ...
    def restore(self, target: pathlib.Path) -> None: ...


class Ours(Tool):
    def __init__(self, work: pathlib.Path, source: pathlib.Path, program: pathlib.Path):
        super().__init__("intendance", work, source)
        self.program = program
        self.where = f"--repository file://{self.repository} --keys {self.work}/keys --state {self.work}/state"

    def prepare(self) -> None:
        self.shell(f"{self.program} repository init --machine bench {self.where}")

    def backup(self) -> None:
        self.shell(f"{self.program} backup --paths {self.source} {self.where}")

    def restore(self, target: pathlib.Path) -> None:
        depth = len(self.source.relative_to("/").parts)
        self.shell(f"{self.program} restore latest {self.source} --strip {depth} --target {target} {self.where}")


class Restic(Tool):
    def prepare(self) -> None:
        self.shell(f"restic init -q -r {self.repository}")

    def backup(self) -> None:
        self.shell(f"restic backup -q -r {self.repository} {self.source}")

    def restore(self, target: pathlib.Path) -> None:
        self.shell(f"restic restore -q -r {self.repository} latest --target {target}.whole && mv {target}.whole{self.source} {target}")


class Borg(Tool):
    def prepare(self) -> None:
        self.shell(f"borg init -e repokey-blake2 {self.repository}")

    def backup(self) -> None:
        self.shell(f"borg create -C zstd,3 {self.repository}::$(date +%s%N) .", self.source)

    def restore(self, target: pathlib.Path) -> None:
        target.mkdir()
        self.shell(f"borg extract {self.repository}::$(borg list --short --last 1 {self.repository})", target)


class Tar(Tool):
    def backup(self) -> None:
        self.shell(f"tar --sparse --xattrs -C {self.source} -c . | zstd -3 -q -T1 -f -o {self.repository}")

    def restore(self, target: pathlib.Path) -> None:
        target.mkdir()
        self.shell(f"zstd -d -q -c {self.repository} | tar --xattrs -C {target} -x")


def measure(work) -> tuple[float, float]:
    """Wall and CPU seconds of everything that `work` starts."""
    if os.geteuid() == 0:
        subprocess.run(["sync"], check=True)
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    work()
    wall = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def one_round(tool: Tool, expected: str) -> dict[str, tuple[float, float]]:
    for path in tool.work.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    tool.prepare()
    target = tool.work / "restored"

    def restore() -> None:
        tool.restore(target)
        subprocess.run(["sync"], check=True)

    figures = {"first": measure(tool.backup), "unchanged": measure(tool.backup), "restore": measure(restore)}
    if digest(target) != expected:
        raise SystemExit(f"{tool.name} did not bring back what it was given")
    size = sum(path.stat().st_size for path in ([tool.repository] if tool.repository.is_file() else tool.repository.rglob("*")) if path.is_file())
    figures["size"] = (size / 1e6, 0.0)
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--megabytes", type=int, default=100, help="of each kind of contents, about (default 100)")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="intendance-bench-") as folder:
        work = pathlib.Path(folder)
        source = work / "source"
        source.mkdir()
        make_corpus(source, arguments.megabytes)
        expected = digest(source)
        tools = [Ours(work, source, arguments.build / "cli/intendance"), Restic("restic", work, source), Borg("borg", work, source), Tar("tar", work, source)]
        results: dict[str, list[dict]] = {tool.name: [] for tool in tools}
        for number in range(arguments.rounds):
            for tool in tools:
                print(f"round {number + 1}: {tool.name}", file=sys.stderr, flush=True)
                results[tool.name].append(one_round(tool, expected))
    print(f"{'':12}" + "".join(f"{tool.name:>22}" for tool in tools))
    for step in ("first", "unchanged", "restore", "size"):
        medians = [[statistics.median(r[step][kind] for r in results[tool.name]) for kind in (0, 1)] for tool in tools]
        unit = "MB" if step == "size" else "s"
        cells = [f"{wall:8.2f} {unit} {wall / medians[0][0]:5.2f}x" + (f" {cpu:5.1f}c" if step != "size" else "      ") for wall, cpu in medians]
        print(f"{step:12}" + "".join(f"{cell:>22}" for cell in cells))
    print("x: of ours; c: CPU seconds; medians of", arguments.rounds, "rounds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
