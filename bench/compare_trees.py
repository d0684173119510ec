#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Compares a restored tree with its original, attribute by attribute.

  compare_trees.py ORIGINAL RESTORED [--most N] [--json]

Exit status: 0 the same, 1 something differs. What is compared, and counted by class: whether a name is there, type,
contents, size, mode, owner, time of modification to the nanosecond (of files, folders and symbolic links apart), target
of a symbolic link, number of a device, which names are one file, extended attributes, access lists, capabilities, and
whether a file with holes takes much more room than it did. The top folder itself is not compared. Root sees everything.
"""
from __future__ import annotations

import argparse
import collections
import dataclasses
import errno
import hashlib
import json
import os
import pathlib
import stat
import sys

CLASSES = ("missing", "extra", "type", "contents", "size", "mode", "owner", "time", "folder time", "symbolic link time",
           "target", "device", "hard link", "attribute", "access list", "capability", "holes")
TIME_CLASS = {stat.S_IFDIR: "folder time", stat.S_IFLNK: "symbolic link time"}
ATTRIBUTE_CLASS = {"system.posix_acl_access": "access list", "system.posix_acl_default": "access list",
                   "security.capability": "capability"}
# A restored file with holes may take so much more room than its original.
ROOM_FACTOR, ROOM_BYTES = 1.25, 65_536


@dataclasses.dataclass
class Entry:
    """One name of a tree; the fields that its type lacks are empty."""

    type: int
    mode: int
    owner: tuple[int, int]
    modified: int  # nanoseconds since 1970
    size: int = 0
    allocated: int = 0
    contents: str = ""  # SHA-256
    target: bytes = b""
    device: int = 0
    same_as: bytes = b""  # the first name, in the order of bytes, of a file that has several here
    attributes: dict[str, bytes] = dataclasses.field(default_factory=dict)


Tree = dict[bytes, Entry]
Differences = dict[str, list[tuple[bytes, str]]]


def describe(top: pathlib.Path) -> Tree:
    """Every name beneath `top`, relative to it. No symbolic link is followed and no FIFO opened."""
    root = os.fsencode(top)
    tree: Tree = {}
    names_of_file: dict[tuple[int, int], list[bytes]] = collections.defaultdict(list)
    folders = [b""]
    while folders:
        folder = folders.pop()
        for name in os.listdir(os.path.join(root, folder)):
            relative = os.path.join(folder, name)
            path = os.path.join(root, relative)
            status = os.lstat(path)
            tree[relative] = _entry(path, status)
            if stat.S_ISDIR(status.st_mode):
                folders.append(relative)
            elif status.st_nlink > 1:
                names_of_file[status.st_dev, status.st_ino].append(relative)
    for names in names_of_file.values():
        if len(names) > 1:
            for name in names:
                tree[name].same_as = min(names)
    return tree


def _entry(path: bytes, status: os.stat_result) -> Entry:
    entry = Entry(stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid), status.st_mtime_ns)
    if stat.S_ISREG(status.st_mode):
        entry.size, entry.allocated = status.st_size, status.st_blocks * 512
        with open(path, "rb") as file:
            entry.contents = hashlib.file_digest(file, "sha256").hexdigest()
    elif stat.S_ISLNK(status.st_mode):
        entry.target = os.readlink(path)
    elif stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
        entry.device = status.st_rdev
    try:
        entry.attributes = {name: os.getxattr(path, name, follow_symlinks=False) for name in os.listxattr(path, follow_symlinks=False)}
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise
    return entry


def digest(tree: Tree) -> str:
    """SHA-256 over everything but the room that files take on the disk."""
    total = hashlib.sha256()
    for name, entry in sorted(tree.items()):
        parts = dataclasses.replace(entry, allocated=0, attributes=dict(sorted(entry.attributes.items())))
        total.update(repr((name, parts)).encode())
    return total.hexdigest()


def summary(tree: Tree) -> str:
    size, allocated = (sum(getattr(entry, field) for entry in tree.values()) for field in ("size", "allocated"))
    return f"{len(tree)} entries, {size / 1e6:.1f} MB, {allocated / 1e6:.1f} MB allocated"


def differences(original: Tree, restored: Tree) -> Differences:
    """Names and what became of them, by class; a class without differences is absent."""
    found: Differences = collections.defaultdict(list)
    links = _link_groups(original), _link_groups(restored)
    for name in sorted(original.keys() | restored.keys()):
        before, after = original.get(name), restored.get(name)
        if after is None:
            found["missing"].append((name, ""))
        elif before is None:
            found["extra"].append((name, ""))
        elif before.type != after.type:
            found["type"].append((name, f"{before.type:o} became {after.type:o}"))
        else:
            for kind, what in _entry_differences(before, after):
                found[kind].append((name, what))
            names_before, names_after = (groups.get(name, frozenset()) for groups in links)
            if names_before != names_after:
                found["hard link"].append((name, f"{max(1, len(names_before))} names became {max(1, len(names_after))}"))
    return {kind: found[kind] for kind in CLASSES if kind in found}


def _link_groups(tree: Tree) -> dict[bytes, frozenset[bytes]]:
    """All names of the file that a name stands for, where there are several."""
    names: dict[bytes, set[bytes]] = collections.defaultdict(set)
    for name, entry in tree.items():
        if entry.same_as:
            names[entry.same_as].add(name)
    return {name: frozenset(group) for group in names.values() for name in group}


def _entry_differences(before: Entry, after: Entry) -> list[tuple[str, str]]:
    found = []
    if before.mode != after.mode:
        found.append(("mode", f"{before.mode:04o} became {after.mode:04o}"))
    if before.owner != after.owner:
        found.append(("owner", f"{before.owner} became {after.owner}"))
    if before.modified != after.modified:
        found.append((TIME_CLASS.get(before.type, "time"), f"{after.modified - before.modified:+} ns"))
    if before.size != after.size:
        found.append(("size", f"{before.size} became {after.size}"))
    elif before.contents != after.contents:
        found.append(("contents", f"{before.size} bytes, other ones"))
    if before.target != after.target:
        found.append(("target", f"{before.target!r} became {after.target!r}"))
    if before.device != after.device:
        found.append(("device", f"{before.device} became {after.device}"))
    for name in sorted(before.attributes.keys() | after.attributes.keys()):
        values = before.attributes.get(name), after.attributes.get(name)
        if values[0] != values[1]:
            fate = "is new" if values[0] is None else "is lost" if values[1] is None else "changed"
            found.append((ATTRIBUTE_CLASS.get(name, "attribute"), f"{name} {fate}"))
    has_holes = before.allocated + 4096 < before.size
    if has_holes and after.allocated > before.allocated * ROOM_FACTOR + ROOM_BYTES:
        found.append(("holes", f"{before.allocated} bytes on disk became {after.allocated}"))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("original", type=pathlib.Path)
    parser.add_argument("restored", type=pathlib.Path)
    parser.add_argument("--most", type=int, default=8, metavar="N", help="lines shown of each class (default 8)")
    parser.add_argument("--json", action="store_true", help="only the counts, as JSON")
    arguments = parser.parse_args()
    found = differences(describe(arguments.original), describe(arguments.restored))
    if arguments.json:
        print(json.dumps({kind: len(names) for kind, names in found.items()}))
    else:
        for kind, names in found.items():
            for name, what in names[:arguments.most]:
                print(f"{kind:18} {name!r} {what}")
            if len(names) > arguments.most:
                print(f"{kind:18} and {len(names) - arguments.most} more")
        print(", ".join(f"{kind}: {len(names)}" for kind, names in found.items()) or "the same")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
