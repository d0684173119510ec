#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Object storage far away: ours, restic and rclone to one Ceph gateway, through a line with a round trip and a cap.

The kernel may have no traffic shaping, so the line is a relay of our own. Each round backs the corpus up and restores it
with each tool through the relay, all of it and one file of the middle, and with ours to a folder of this machine; rclone
copies the files as they are, as a measure of the line. Memory, disk and gateway are of this machine, so the gateway takes
its share of the processors from all of them alike. At last a repository of 10,000 snapshots is listed by a machine that
knows nothing of it.

Exit status: 1 if a step of any tool failed; goals that are not met do not count.
"""
from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import shlex
import statistics
import subprocess
import sys
import tempfile

import boto3

import corpus
import measure
from files import remove_tree

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "support"))
from ceph_gateway import CephGateway  # noqa: E402
from servers import answers, free_ports, wait_until  # noqa: E402


@dataclasses.dataclass
class Line:
    """A gateway behind a relay."""

    gateway: CephGateway
    keys: tuple[str, str]
    port: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Tool:
    name = ""

    def __init__(self, line: Line, work: pathlib.Path, source: pathlib.Path, target: pathlib.Path):
        self.line, self.folder, self.source, self.target = line, work / self.name, source, target
        self.bucket = self.name

    def environment(self) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": self.line.keys[0], "AWS_SECRET_ACCESS_KEY": self.line.keys[1]}

    def init(self) -> str:
        return "true"

    def forget_what_it_knows(self) -> None:
        """As on a machine that is new."""


class Ours(Tool):
    name = "ours"

    def __init__(self, line: Line, work: pathlib.Path, source: pathlib.Path, target: pathlib.Path, program: pathlib.Path):
        super().__init__(line, work, source, target)
        self.program = program

    def address(self) -> str:
        return f"s3+http://127.0.0.1:{self.line.port}/{self.bucket}/web-1"

    def command(self, *words: object) -> str:
        credentials = self.folder / "store.toml"
        self.line.gateway.write_credentials(credentials, self.line.keys)
        return shlex.join(str(each) for each in (
            self.program, *words, "--repository", self.address(), "--keys", self.folder / "keys", "--state",
            self.folder / "state", "--credentials-file", credentials))

    def init(self) -> str:
        return self.command("repository", "init", "--machine", "web-1")

    def upload(self) -> str:
        return self.command("backup", "--nice", "0", "--paths", self.source)

    def restore(self) -> str:
        return self.command("restore", "latest", "--target", self.target)

    def one_file(self, path: pathlib.Path) -> str:
        return self.command("restore", "latest", path, "--target", self.target)

    def forget_what_it_knows(self) -> None:
        remove_tree(self.folder / "state")


class OursNear(Ours):
    name = "near"

    def address(self) -> str:
        return f"file://{self.folder}/store"


class Restic(Tool):
    name = "restic"

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "RESTIC_REPOSITORY": f"s3:{self.line.endpoint}/{self.bucket}",
                "RESTIC_PASSWORD": "bench", "RESTIC_CACHE_DIR": str(self.folder / "cache")}

    def init(self) -> str:
        return "restic init"

    def upload(self) -> str:
        return f"restic backup {shlex.quote(str(self.source))}"

    def restore(self) -> str:
        return f"restic restore latest --target {shlex.quote(str(self.target))}"

    def one_file(self, path: pathlib.Path) -> str:
        return f"{self.restore()} --include {shlex.quote(str(path))}"

    def forget_what_it_knows(self) -> None:
        remove_tree(self.folder / "cache")


class Rclone(Tool):
    name = "rclone"

    def environment(self) -> dict[str, str]:
        # It cannot take a bundle of certificates from the environment, and needs none.
        return {"AWS_CA_BUNDLE": "", "RCLONE_CONFIG_FAR_TYPE": "s3", "RCLONE_CONFIG_FAR_PROVIDER": "Ceph",
                "RCLONE_CONFIG_FAR_ACCESS_KEY_ID": self.line.keys[0],
                "RCLONE_CONFIG_FAR_SECRET_ACCESS_KEY": self.line.keys[1],
                "RCLONE_CONFIG_FAR_ENDPOINT": self.line.endpoint}

    def upload(self) -> str:
        return f"rclone copy --transfers 8 {shlex.quote(str(self.source))} far:{self.bucket}/files"

    def restore(self) -> str:
        return f"rclone copy --transfers 8 far:{self.bucket}/files {shlex.quote(str(self.target))}"

    def one_file(self, path: pathlib.Path) -> str:
        there = f"far:{self.bucket}/files/{path.relative_to(self.source)}"
        return f"rclone copyto {shlex.quote(there)} {shlex.quote(str(self.target / path.name))}"


def measured(tool: Tool, step: str, command: str, output: pathlib.Path) -> measure.Cost:
    measure.forget_caches()
    cost = measure.run(command, tool.environment(), tool.folder, output)
    print(f"  {tool.name:7} {step:8} {cost.wall:7.2f} s wall {cost.cpu:7.2f} s CPU {cost.memory:7.1f} MiB", flush=True)
    if cost.status != 0:
        print(cost.errors, file=sys.stderr)
    return cost


def one_round(line: Line, work: pathlib.Path, source: pathlib.Path, program: pathlib.Path, peers: list[str],
              costs: dict[tuple[str, str], list[measure.Cost]], order: int) -> int:
    """Bytes that ours stored far away."""
    stored = 0
    target = work / "restored"
    tools = [OursNear(line, work, source, target, program), Ours(line, work, source, target, program)]
    tools += [peer(line, work, source, target) for peer in (Restic, Rclone) if peer.name in peers]
    tools = tools[order % len(tools):] + tools[:order % len(tools)]
    s3, middle = s3_of(line), file_of_the_middle(source)
    for tool in tools:
        remove_tree(tool.folder)
        tool.folder.mkdir(parents=True)
        s3.create_bucket(Bucket=tool.bucket)
        measure.run(tool.init(), tool.environment(), tool.folder, work / "output")
        for step, command in (("upload", tool.upload()), ("restore", tool.restore()), ("one file", tool.one_file(middle))):
            remove_tree(target)
            target.mkdir()
            if step != "upload":
                tool.forget_what_it_knows()
            costs.setdefault((tool.name, step), []).append(measured(tool, step, command, work / "output"))
            if (tool.name, step) == (Ours.name, "upload"):
                for direction, cost in the_line_alone(line, s3, tool, work / "objects"):
                    costs.setdefault(("line", direction), []).append(cost)
        size = empty(s3, tool.bucket)
        line.gateway.collect_garbage()
        stored = size // 2 if tool.name == Ours.name else stored  # there twice, for the line alone
        remove_tree(tool.folder)
    return stored


def the_line_alone(line: Line, s3: object, tool: Tool, folder: pathlib.Path) -> list[tuple[str, measure.Cost]]:
    """What relay and gateway allow when nobody computes: the same packs, got and put by curl as they are."""
    remove_tree(folder)
    folder.mkdir()
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=tool.bucket, Prefix="web-1/packs/")
    keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
    curl = (f"curl -sS --fail --parallel --parallel-max 8 --aws-sigv4 aws:amz:us-east-1:s3 --user {':'.join(line.keys)}"
            " -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' --config")
    costs = []
    for direction, words in (("restore", "output"), ("upload", "upload-file")):
        there = "" if direction == "restore" else "line/"
        (folder / "config").write_text("".join(
            f'url = "{line.endpoint}/{tool.bucket}/{there}{key}"\n{words} = "{folder}/{number}"\n' for number, key in enumerate(keys)))
        costs.append((direction, measured(tool, "the line", f"{curl} {folder / 'config'}", folder / "said")))
    return costs


def file_of_the_middle(source: pathlib.Path) -> pathlib.Path:
    files = sorted(each for each in source.rglob("*.xml") if each.is_file() and not each.is_symlink())
    return files[len(files) // 2]


def list_many(line: Line, work: pathlib.Path, build: pathlib.Path, count: int) -> list[measure.Cost]:
    """Three times, each on a machine that knows nothing."""
    print(f"{count} snapshots", flush=True)
    source = work / "little"
    source.mkdir()
    (source / "file").write_text("little")
    ours = Ours(dataclasses.replace(line, port=line.gateway.port), work, source, work / "restored", build / "cli/intendance")
    ours.bucket = "many"
    ours.folder.mkdir()
    s3_of(line).create_bucket(Bucket=ours.bucket)
    credentials = ours.folder / "store.toml"
    for command in (ours.init(), ours.upload(),
                    shlex.join(str(each) for each in (build / "bench/simulate_snapshots", ours.address(), ours.folder / "keys",
                                                      credentials, count)),
                    ours.command("prune")):
        done = measure.run(command, ours.environment(), ours.folder, work / "output")
        if done.status != 0:
            sys.exit(f"{command}: {done.errors}")
    ours.line = line
    costs = []
    for _ in range(3):
        ours.forget_what_it_knows()
        costs.append(measured(ours, "list", ours.command("snapshots", "--json"), work / "output"))
        if (work / "output").read_text().count('"id"') < count:
            sys.exit("not every snapshot was listed")
    return costs


def s3_of(line: Line) -> object:
    return boto3.client("s3", endpoint_url=line.gateway.endpoint, aws_access_key_id=line.keys[0],
                        aws_secret_access_key=line.keys[1], region_name="us-east-1",
                        config=boto3.session.Config(s3={"addressing_style": "path"}))


def empty(s3: object, bucket: str) -> int:
    """Bytes that were in it. The gateway keeps everything in memory."""
    size = 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        keys = [{"Key": each["Key"]} for each in page.get("Contents", [])]
        size += sum(each["Size"] for each in page.get("Contents", []))
        if keys:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys})
    return size


def report(costs: dict[tuple[str, str], list[measure.Cost]], peers: list[str], size: int, stored: int, megabits: int) -> None:
    print(f"\n{size / 1e6:.0f} MB of files, {stored / 1e6:.0f} MB as ours stores them; medians of"
          f" {len(next(iter(costs.values())))}")
    wall = {key: statistics.median(each.wall for each in all_of) for key, all_of in costs.items()}
    for step in ("upload", "restore"):
        print(f"{step:8}" + "".join(f"  {name} {wall[name, step]:.2f} s" for name in ("near", "ours", *peers)))
        cap = stored * 8 / megabits / 1e6
        attainable = max(wall["near", step], cap)
        print(f"  of what the line (all that is stored, at its cap: {cap:.1f} s) or the engine near by allows, whichever is slower:"
              f" {attainable / wall['ours', step]:.2f} (goal 0.9)")
        print(f"  the same packs by curl, which computes nothing: {wall['line', step]:.2f} s; one after the other with the engine"
              f" near by, as on one processor: {wall['line', step] + wall['near', step]:.2f} s")
        for name in peers:
            print(f"  against {name}: {wall['ours', step] / wall[name, step]:.2f} (goal 1 or less)")
    print("one file" + "".join(f"  {name} {wall[name, 'one file']:.2f} s" for name in ("ours", *peers)))
    for name in peers:
        print(f"  against {name}: {wall['ours', 'one file'] / wall[name, 'one file']:.2f} (goal 1 or less)")
    print(f"list of many  {wall['ours', 'list']:.2f} s (goal 3 or less)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", choices=("small", "medium"), default="small")
    parser.add_argument("--tools", default="restic,rclone", metavar="LIST", help="beside ours; rclone sends file by file and takes long")
    parser.add_argument("--round-trip", type=int, default=50, metavar="MS")
    parser.add_argument("--megabits", type=int, default=1000)
    parser.add_argument("--snapshots", type=int, default=10_000, metavar="N", help="of the repository that is listed")
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    program = arguments.build.resolve() / "cli/intendance"
    peers = [each for each in arguments.tools.split(",") if each]
    if unknown := set(peers) - {Restic.name, Rclone.name}:
        parser.error(f"unknown tools: {', '.join(unknown)}")
    costs: dict[tuple[str, str], list[measure.Cost]] = {}
    with tempfile.TemporaryDirectory(prefix="intendance-bench-") as folder, CephGateway() as gateway:
        work = pathlib.Path(folder)
        keys = gateway.add_user("bench")
        port = free_ports(1)[0]
        relay = subprocess.Popen([arguments.build / "bench/relay", str(port), str(gateway.port),
                                  str(arguments.round_trip), str(arguments.megabits)])
        try:
            wait_until("the relay", lambda: answers(port))
            corpus.build(work / "source", "1", arguments.scale)
            size, stored = measure.bytes_beneath(work / "source"), 0
            for number in range(arguments.rounds):
                print(f"round {number + 1}", flush=True)
                stored = one_round(Line(gateway, keys, port), work, work / "source", program, peers, costs, number)
            costs["ours", "list"] = list_many(Line(gateway, keys, port), work, arguments.build.resolve(), arguments.snapshots)
        finally:
            relay.terminate()
            relay.wait()
    report(costs, peers, size, stored, arguments.megabits)
    if arguments.json:
        arguments.json.write_text(json.dumps({
            "machine": measure.machine(), "bytes": size, "stored_bytes": stored, "round_trip_ms": arguments.round_trip,
            "megabits": arguments.megabits,
            "costs": {f"{name} {step}": [dataclasses.asdict(each) for each in all_of]
                      for (name, step), all_of in costs.items()}}, indent=1))
    return 1 if any(each.status != 0 for all_of in costs.values() for each in all_of) else 0


if __name__ == "__main__":
    sys.exit(main())
