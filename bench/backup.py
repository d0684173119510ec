#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backups side by side: restic, borg, bup, `tar | zstd -3` and ours, on one corpus, in turn.

Each round makes the corpus anew. Every tool makes a repository, backs up, and backs up again with nothing changed; then
a day of work is done on the corpus, and every tool backs it up, lists the latest snapshot, restores one file out of the
middle and the whole, and verifies with all data read. The order of the tools rotates from round to round. Before
each step caches are written out and dropped; after each restore comes `sync`, inside its time. The first round compares
restored trees with the corpus attribute by attribute. Run it as root: for others caches stay warm, and what only root
can make (owners, devices) is not in the corpus.

Exit status: 1 if a step of any tool failed or ours lost something; goals that are not met do not count.
"""
from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import shutil
import sys
import tempfile
import time

import compare_trees
import corpus
import measure
import mutate
import report
import tools
from files import AS_ROOT, files_beneath, remove_tree


# Between making the corpus and the first backup, in seconds. Tools that are careful read files again that changed just
# before a backup, whose clock is too coarse to tell; at night there are none.
SETTLING = 5


class Bench:
    def __init__(self, work: pathlib.Path, arguments: argparse.Namespace):
        self.source, self.target, self.output = work / "source", work / "restored", work / "output"
        self.seed, self.scale = arguments.seed, arguments.scale
        self.tools = [tools.make(name, work, self.source, arguments.program.resolve()) for name in arguments.tools]
        deduplicating = [tool.name for tool in self.tools if tool.deduplicates]
        self.results = report.Results([tool.name for tool in self.tools], deduplicating)
        self.round = 0

    def one_round(self) -> None:
        self.round += 1
        remove_tree(self.source)
        left_out = corpus.build(self.source, self.seed, self.scale)
        if left_out and self.round == 1:
            say(f"the file system holds no: {'; '.join(left_out)}")
        time.sleep(SETTLING)
        self._walk()
        shift = (self.round - 1) % len(self.tools)
        running = self.tools[shift:] + self.tools[:shift]
        running = [tool for tool in running if self._before_work(tool)]
        mutate.day_of_work(self.source, self.seed, day=1)
        self._walk()
        original = compare_trees.describe(self.source) if self.round == 1 else None
        for tool in running:
            self._after_work(tool, original)
            remove_tree(self.target)
            remove_tree(tool.folder)

    def _walk(self) -> None:
        command = f"exec find {tools.quote(self.source)} -printf '%T@ %s\\n'"
        measure.forget_caches()
        self._record(report.WALK, report.WALK, measure.run(command, {}, self.source.parent, self.output))

    def _before_work(self, tool: tools.Tool) -> bool:
        """False if the tool failed, and is left out for the rest of the round."""
        remove_tree(tool.folder)
        tool.state.mkdir(parents=True)
        return (self._step(tool, "init", tool.init()) and self._step(tool, "first", tool.backup(tools.FIRST))
                and self._step(tool, "unchanged", tool.backup(tools.UNCHANGED)))

    def _after_work(self, tool: tools.Tool, original: compare_trees.Tree | None) -> None:
        if not self._step(tool, "work", tool.backup(tools.AFTER_WORK)):
            return
        entries = sum(1 for _ in self.source.rglob("*"))
        self._step(tool, "list", tool.list_latest(), lambda: self._list_fault(entries))
        files = files_beneath(self.source / "tei", ".xml")
        middle = files[len(files) // 2]
        self._restore(tool, "file", tool.restore_file(middle.relative_to(self.source), self.target), lambda: self._file_fault(middle))
        if self._restore(tool, "restore", tool.restore(self.target)) and original:
            self._compare(tool, original)
        self._step(tool, "verify", tool.verify())

    def _compare(self, tool: tools.Tool, original: compare_trees.Tree) -> None:
        found = compare_trees.differences(original, compare_trees.describe(tool.restored_root(self.target)))
        self.results.lost[tool.name] = {kind: len(names) for kind, names in found.items()}
        for kind, names in found.items():
            say(f"  {tool.name} lost {kind}: {', '.join(f'{name!r} {what}'.strip() for name, what in names[:4])}{' …' * (len(names) > 4)}")

    def _restore(self, tool: tools.Tool, step: str, command: str, fault=lambda: "") -> bool:
        remove_tree(self.target)
        self.target.mkdir()
        return self._step(tool, step, f"{{ {command}; }} && sync", fault)

    def _step(self, tool: tools.Tool, step: str, command: str, fault=lambda: "") -> bool:
        """`fault` looks at what the command left, and says what is wrong with it."""
        measure.forget_caches()
        cost = measure.run(command, tool.environment(), tool.folder, self.output)
        return self._record(tool.name, step, cost, fault() if cost.status == 0 else "", tool)

    def _record(self, name: str, step: str, cost: measure.Cost, fault: str = "", tool: tools.Tool | None = None) -> bool:
        if cost.status != 0:
            fault = f"exit status {cost.status}: {cost.errors.strip()[-500:]}"
        sizes = [measure.bytes_beneath(folder) / 1e6 for folder in (tool.repository, tool.state)] if tool else [0, 0]
        self.results.samples.append(report.Sample(name, step, self.round, cost.wall, cost.cpu, cost.memory, cost.noise, *sizes, fault))
        noise = f", others {cost.noise:.0%}" if cost.noise > report.NOISY else ""
        say(f"round {self.round}: {name:7}{step:10}{cost.wall:8.2f} s wall{cost.cpu:8.2f} s CPU{cost.memory:8.1f} MiB"
            f"{sizes[0]:9.2f} MB{noise}{' FAILED: ' * bool(fault)}{fault}")
        return not fault

    def _list_fault(self, entries: int) -> str:
        lines = self.output.read_bytes().count(b"\n")
        return "" if lines >= entries else f"lists {lines} of {entries} names"

    def _file_fault(self, original: pathlib.Path) -> str:
        restored = [path for path in self.target.rglob("*") if path.is_file() and not path.is_symlink()]
        if len(restored) != 1:
            return f"{len(restored)} files instead of one"
        return "" if restored[0].read_bytes() == original.read_bytes() else "other contents"


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench backup", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--program", type=pathlib.Path, help="another intendance than the one just built")
    parser.add_argument("--scale", choices=corpus.SCALES, default="medium", help="of the corpus: small 0.25 GB, medium 2 GB (default medium)")
    parser.add_argument("--seed", default="1", help="of the corpus (default 1)")
    parser.add_argument("--rounds", type=int, default=3, help="(default 3)")
    parser.add_argument("--tools", default=",".join(tools.NAMES), help="in the order of the tables (default %(default)s)")
    parser.add_argument("--work", type=pathlib.Path, metavar="DIR",
                        help="work in a new folder in DIR; ten times the corpus must fit (default TMPDIR)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write every sample there, too")
    arguments = parser.parse_args()
    arguments.tools = arguments.tools.split(",")
    for name in arguments.tools:
        if name not in tools.NAMES:
            parser.error(f"unknown tool {name}; there are {', '.join(tools.NAMES)}")
    arguments.program = arguments.program or arguments.build / "cli/intendance"
    return arguments


def write_json(path: pathlib.Path, arguments: argparse.Namespace, facts: dict, results: report.Results) -> None:
    path.write_text(json.dumps({
        "scale": arguments.scale, "seed": arguments.seed, "rounds": arguments.rounds, **facts, "lost": results.lost,
        "samples": [dataclasses.asdict(sample) for sample in results.samples]}, indent=1, ensure_ascii=False) + "\n")


def main() -> int:
    arguments = parse()
    if not shutil.which("/usr/bin/time"):
        raise SystemExit("bench: /usr/bin/time is missing; install Debian's package time")
    if arguments.work:
        arguments.work.mkdir(parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix="intendance-bench-", dir=arguments.work)).resolve()
    try:
        bench = Bench(work, arguments)
        for tool in bench.tools:
            if tool.missing():
                raise SystemExit(f"bench: {', '.join(tool.missing())} is missing; ./dev bench installs the peers, "
                                 f"or leave {tool.name} out by --tools")
        facts = {"machine": measure.machine(), "versions": {tool.name: tool.version() for tool in bench.tools}}
        for _ in range(arguments.rounds):
            bench.one_round()
            if arguments.json:
                write_json(arguments.json, arguments, facts, bench.results)
    finally:
        remove_tree(work)
    if not AS_ROOT or not facts["machine"]["cold"]:
        print("Not for comparison: only root can drop caches, and make owners and devices.\n")
    print(f"Scale {arguments.scale}, {arguments.rounds} rounds, {', '.join(f'{key} {value}' for key, value in facts['machine'].items())}\n")
    print("\n".join(f"- {name}: {version}" for name, version in facts["versions"].items()) + "\n")
    print(report.text(bench.results))
    return 1 if bench.results.faults() or bench.results.lost.get(report.OURS) else 0


if __name__ == "__main__":
    sys.exit(main())
