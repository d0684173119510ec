# SPDX-License-Identifier: AGPL-3.0-or-later
"""What each command takes of time and memory in a repository of millions of chunks, against our goals.

The repository is simulate_repository's: everything in it is real but the blocks of contents.
"""
from __future__ import annotations

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from measure import run
from tools import quote

MOST_MEMORY = 64  # MiB
MOST_BYTES = 24  # of the index in the state folder, a chunk


class Bench:
    def __init__(self, program: pathlib.Path, folder: pathlib.Path):
        self.folder, self.tree = folder, folder / "tree"
        self.options = f"--repository file://{quote(folder / 'repository')} --keys {quote(folder / 'keys')} --state {quote(folder / 'state')}"
        self.program = quote(program)
        self.rows: list[dict[str, object]] = []

    def step(self, name: str, command: str) -> None:
        """Runs it; a step that fails ends the bench."""
        cost = run(f"exec {self.program} {command} {self.options}", {}, self.folder, self.folder / "output")
        self.rows.append({"step": name, "seconds": round(cost.wall, 2), "mebibytes": round(cost.memory, 1)})
        print(f"{name:<28} {cost.wall:8.2f} s {cost.memory:8.1f} MiB{'' if cost.memory <= MOST_MEMORY else '   too much'}", flush=True)
        if cost.status != 0:
            sys.exit(f"{name} ended with {cost.status}: {cost.errors}")

    def simulated(self) -> str:
        """The id of the snapshot that was simulated."""
        listed = subprocess.run(f"exec {self.program} snapshots --json {self.options}", shell=True, check=True, capture_output=True, text=True)
        return next(each["id"] for each in json.loads(listed.stdout) if each["job"] == "simulated")

    def bytes_a_chunk(self, chunks: int) -> float:
        return sum(path.stat().st_size for path in (self.folder / "state" / "index").glob("*/*")) / chunks

    def all_steps(self) -> None:
        backup = f"backup --nice 0 --paths {quote(self.tree)}"
        chance = random.Random(1)
        self.tree.mkdir()
        for number in range(200):
            (self.tree / str(number)).write_bytes(chance.randbytes(100_000))
        self.step("backup, no index here yet", backup)
        self.step("backup, unchanged", backup)
        (self.tree / "copy").write_bytes((self.tree / "0").read_bytes())
        (self.tree / "new").write_bytes(chance.randbytes(20_000_000))
        self.step("backup, known and new", backup)
        target = self.folder / "target"
        self.step("restore", f"restore latest --target {quote(target)}")
        subprocess.run(["diff", "-r", self.tree, target / self.tree.relative_to("/")], check=True)
        self.step("ls", "ls latest")
        self.step("ls of all files", f"ls {self.simulated()}")
        self.step("verify", "verify --nice 0")
        self.step("prune", "prune --nice 0 --dry-run")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--chunks", type=int, default=10_000_000)
    parser.add_argument("--work", type=pathlib.Path, help="where the repository is made: 150 bytes a chunk")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures here, too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="intendance-bench-", dir=arguments.work) as name:
        folder = pathlib.Path(name).resolve()
        bench = Bench(arguments.build.resolve() / "cli/intendance", folder)
        # One reader is enough here, and the warning about it is not wanted.
        subprocess.run(f"exec {bench.program} repository init --machine bench {bench.options}", shell=True, check=True, stderr=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)
        subprocess.run([arguments.build / "bench/simulate_repository", f"file://{folder}/repository", folder / "keys", str(arguments.chunks)], check=True)
        bench.all_steps()
        on_disk = bench.bytes_a_chunk(arguments.chunks)
    print(f"{'index in the state folder':<28} {on_disk:8.2f} bytes a chunk{'' if on_disk <= MOST_BYTES else '   too much'}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"chunks": arguments.chunks, "bytes_a_chunk": on_disk, "steps": bench.rows}, indent=1))
    return 0 if on_disk <= MOST_BYTES and all(row["mebibytes"] <= MOST_MEMORY for row in bench.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
