#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reads a backup repository without Intendance, from docs/repository-format.md alone.

  read_repository.py list    --repository DIR --keys DIR [--snapshot latest|PREFIX]
  read_repository.py restore --repository DIR --keys DIR [--snapshot latest|PREFIX] --target DIR

KEYS holds owner.pub and reader.key (a reader's age identity). TARGET is new or an empty folder; whole
paths are put beneath it. `list` shows the snapshots, or with --snapshot what that one holds.

All that the format lets a reader check is checked: the owner's and the writers' signatures, every
name that is a hash, every seal, every chunk's id, the order and the shape of the manifest. A file
that is damaged is named and left out, and the others are restored.

Exit status: 0 done, 1 damage was found (or nothing could be done), 2 bad usage, 3 done but for what
only root may restore. Needs Debian's python3-nacl, python3-cryptography and python3-zstandard.
"""
from __future__ import annotations

import argparse
import dataclasses
import os
import pathlib
import stat
import sys
from collections.abc import Callable, Iterator

from repository_objects import CONTENTS, PAGE, REFERENCES, UNREADABLE, Cursor, Repository, Snapshot
from repository_objects import need, shown, why

FILE, DIRECTORY, LINK, CHARACTER, BLOCK, FIFO = 1, 2, 3, 4, 5, 6  # types of records
KINDS_OF_FILE = "?-dlcbp"


class Report:
    """One line on stderr for each thing that is wrong, and the exit status that follows from them."""

    def __init__(self) -> None:
        self.faults = self.lacks = 0

    def fault(self, message: str) -> None:
        print(f"read_repository: {message}", file=sys.stderr)
        self.faults += 1

    def lack(self, message: str) -> None:
        print(f"read_repository: not restored: {message}", file=sys.stderr)
        self.lacks += 1

    def status(self) -> int:
        return 1 if self.faults else 3 if self.lacks else 0


# --- the manifest ---------------------------------------------------------------------------------


@dataclasses.dataclass
class Record:
    path: bytes = b""
    type: int = 0
    mode: int = 0
    owner: tuple[int, int] = (0, 0)
    mtime: int = 0  # nanoseconds
    size: int = 0
    link: bytes = b""
    first_name: bytes = b""
    device: int = 0
    xattrs: dict[bytes, bytes] = dataclasses.field(default_factory=dict)
    extents: list[tuple[bytes, int, int]] = dataclasses.field(default_factory=list)
    data: list[tuple[int, int]] = dataclasses.field(default_factory=list)


TEXTS = {1: "path", 9: "link", 10: "first_name"}
NUMBERS = {2: "type", 3: "mode", 8: "size"}


def record_of(fields: Cursor) -> Record:
    record = Record()
    while fields:
        tag, value = fields.varint(), Cursor(fields.take(fields.varint()), fields.what)
        if tag in TEXTS:
            setattr(record, TEXTS[tag], value.rest())
        elif tag in NUMBERS:
            setattr(record, NUMBERS[tag], value.varint())
        elif tag == 4:
            record.owner = (value.varint(), value.varint())
        elif tag == 7:
            record.mtime = value.zigzag() * 1_000_000_000 + value.varint()
        elif tag == 11:
            record.device = os.makedev(value.varint(), value.varint())
        elif tag == 12:
            name = value.take(value.varint())
            record.xattrs[name] = value.rest()
        elif tag == 13:
            record.extents.append((value.take(32), value.varint(), value.varint()))
        elif tag == 14:
            record.data.append((value.varint(), value.varint()))
        else:
            value.rest()
        need(not value, f"{fields.what}: field {tag} of {shown(record.path)} goes on after its end")
    parts = record.path.split(b"/")
    good = b"\0" not in record.path and not {b"", b".", b".."} & set(parts)
    need(good, f"{fields.what}: {shown(record.path)!r} is no path")
    good = FILE <= record.type <= FIFO and record.mode <= 0o7777
    need(good, f"{fields.what}: {shown(record.path)} is of an unknown type or mode")
    return record


def records(repository: Repository, snapshot: Snapshot) -> Iterator[Record]:
    """In their order, which is checked; so is that each lies in a folder of the snapshot."""
    before: list[bytes] = []
    folders: list[bytes] = []  # the path to the current folder, part by part
    for chunk, first in snapshot.pages:
        page = Cursor(repository.chunk(chunk, PAGE), f"manifest page {chunk.hex()}")
        while page:
            record = record_of(Cursor(page.take(page.varint()), page.what))
            parts = record.path.split(b"/")
            need(first in (None, record.path), f"{page.what}: does not begin with {shown(first or b'')}")
            need(parts > before, f"{page.what}: {shown(record.path)} is out of order")
            need(folders[: len(parts) - 1] == parts[:-1], f"{page.what}: {shown(record.path)} lies in no folder")
            folders = parts if record.type == DIRECTORY else parts[:-1]
            before, first = parts, None
            yield record


def check_header(repository: Repository, snapshot: Snapshot) -> None:
    """Compares what the header counts and refers to with what the manifest holds."""
    files = directories = other = size = 0
    used = {chunk for chunk, _ in snapshot.pages}
    for record in records(repository, snapshot):
        files += record.type == FILE
        directories += record.type == DIRECTORY
        other += record.type not in (FILE, DIRECTORY)
        size += record.size if record.type == FILE and not record.first_name else 0
        used.update(extent[0] for extent in record.extents)
    what = f"snapshots/{snapshot.name}"
    counted = {"files": files, "directories": directories, "other": other, "bytes": size}
    for key, value in counted.items():
        need(snapshot.header[key] == value, f"{what}: its header says {snapshot.header[key]} {key}, not {value}")
    chunks = [repository.chunk(bytes.fromhex(id), REFERENCES) for id in snapshot.header["references"]]
    joined = b"".join(chunks)
    listed = [joined[at : at + 32] for at in range(0, len(joined), 32)]
    need(len(listed) == len(set(listed)), f"{what}: its reference list names a chunk twice")
    need(set(listed) == used, f"{what}: its reference list is not that of the chunks it needs")


# --- restoring ------------------------------------------------------------------------------------


class Restorer:
    """Makes files beneath `target` and nowhere else: it is empty at first, each folder is opened from
    the one above without following links, and nothing that exists is opened for writing."""

    def __init__(self, repository: Repository, target: pathlib.Path, report: Report) -> None:
        self.repository = repository
        self.report = report
        self.made: set[bytes] = set()  # all but folders
        target.mkdir(parents=True, exist_ok=True)
        need(not os.listdir(target), f"{target}: is not empty")
        self.root = os.open(target, os.O_DIRECTORY | os.O_NOFOLLOW)

    def restore(self, snapshot: Snapshot) -> None:
        folders = []
        try:
            for record in records(self.repository, snapshot):
                self._try(self._make, record)
                if record.type == DIRECTORY:
                    folders.append(record)
        finally:
            for record in reversed(folders):
                self._try(self._set_metadata, record)

    def _try(self, work: Callable[[Record, int, bytes], None], record: Record) -> None:
        above, _, name = record.path.rpartition(b"/")
        try:
            folder = self._open_folder(above)
            try:
                work(record, folder, name)
            finally:
                os.close(folder)
        except UNREADABLE as error:
            self.report.fault(f"/{shown(record.path)}: {why(error)}")

    def _open_folder(self, path: bytes) -> int:
        folder = os.dup(self.root)
        for part in path.split(b"/") if path else []:
            above = folder
            try:
                folder = os.open(part, os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
            finally:
                os.close(above)
        return folder

    def _make(self, record: Record, folder: int, name: bytes) -> None:
        if record.type == DIRECTORY:
            os.mkdir(name, 0o700, dir_fd=folder)
            return  # its metadata come when it is filled
        if record.first_name:
            made = record.first_name in self.made
            need(made, f"its first name /{shown(record.first_name)} was not restored")
            above, _, first = record.first_name.rpartition(b"/")
            source = self._open_folder(above)
            try:
                os.link(first, name, src_dir_fd=source, dst_dir_fd=folder, follow_symlinks=False)
            finally:
                os.close(source)
        elif record.type in (CHARACTER, BLOCK) and os.geteuid() != 0:
            self.report.lack(f"/{shown(record.path)}: only root makes devices")
            return
        elif record.type == FILE:
            self._write(record, folder, name)
        elif record.type == LINK:
            os.symlink(record.link, name, dir_fd=folder)
        else:
            kind = {CHARACTER: stat.S_IFCHR, BLOCK: stat.S_IFBLK, FIFO: stat.S_IFIFO}[record.type]
            os.mknod(name, kind | 0o600, record.device, dir_fd=folder)
        self.made.add(record.path)
        if not record.first_name:
            self._set_metadata(record, folder, name)

    def _write(self, record: Record, folder: int, name: bytes) -> None:
        length = sum(extent[2] for extent in record.extents)
        parts = record.data or [(0, record.size)]
        ends = [0] + [offset + size for offset, size in parts]
        good = all(end <= offset for end, (offset, _) in zip(ends, parts)) and ends[-1] <= record.size
        need(good and length == sum(size for _, size in parts), "its extents do not make its size")
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
        try:
            pieces = self._pieces(record)
            left = b""
            for offset, size in parts:
                while size > 0:
                    left = left or next(pieces)
                    done = os.pwrite(file, left[:size], offset)
                    left, offset, size = left[done:], offset + done, size - done
            os.ftruncate(file, record.size)
        except UNREADABLE:
            os.unlink(name, dir_fd=folder)
            raise
        finally:
            os.close(file)

    def _pieces(self, record: Record) -> Iterator[bytes]:
        for id, offset, length in record.extents:
            chunk = self.repository.chunk(id, CONTENTS)
            need(offset + length <= len(chunk), f"chunk {id.hex()}: has no {offset + length} bytes")
            if length:
                yield chunk[offset : offset + length]

    def _set_metadata(self, record: Record, folder: int, name: bytes) -> None:
        """In this order: a new owner clears set-uid bits and capabilities, an ACL changes the mode."""
        here = b"/proc/self/fd/%d/" % folder + name
        now, mode = os.lstat(here), record.mode
        if (now.st_uid, now.st_gid) != record.owner:
            try:
                os.chown(here, *record.owner, follow_symlinks=False)
            except PermissionError:
                self.report.lack(f"/{shown(record.path)}: its owner {record.owner[0]}:{record.owner[1]}")
                mode &= 0o777 if record.type == FILE else 0o1777  # no program runs as whoever restores
        for key, value in record.xattrs.items():
            try:
                os.setxattr(here, key, value, follow_symlinks=False)
            except OSError as error:
                self.report.lack(f"/{shown(record.path)}: attribute {shown(key)}: {error.strerror}")
        if record.type != LINK:
            node = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=folder)
            try:
                os.chmod(f"/proc/self/fd/{node}", mode)
            finally:
                os.close(node)
        os.utime(here, ns=(record.mtime, record.mtime), follow_symlinks=False)


# --- commands -------------------------------------------------------------------------------------


def chosen(snapshots: list[Snapshot], wanted: str) -> Snapshot:
    need(snapshots, "there is no snapshot")
    if wanted == "latest":
        return snapshots[-1]
    found = [snapshot for snapshot in snapshots if snapshot.name.startswith(wanted)]
    need(len(found) == 1, f"{wanted}: {len(found)} snapshots begin so")
    return found[0]


def list_files(repository: Repository, snapshot: Snapshot) -> None:
    for record in records(repository, snapshot):
        kind = KINDS_OF_FILE[record.type]
        more = f" -> {shown(record.link)}" if record.type == LINK else ""
        more = f" = /{shown(record.first_name)}" if record.first_name else more
        print(f"{kind} {record.mode:04o} {record.size:12} /{shown(record.path)}{more}")


def run(options: argparse.Namespace, report: Report) -> None:
    repository = Repository(options.repository, options.keys, report.fault)
    snapshots = repository.snapshots()
    if options.command == "restore":
        snapshot = chosen(snapshots, options.snapshot or "latest")
        Restorer(repository, options.target, report).restore(snapshot)
        check_header(repository, snapshot)
    elif options.snapshot:
        list_files(repository, chosen(snapshots, options.snapshot))
    else:
        for snapshot in snapshots:
            header = snapshot.header
            print(snapshot.name, header["started"], header["job"], header["files"], header["bytes"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("list", "restore"))
    parser.add_argument("--repository", type=pathlib.Path, required=True)
    parser.add_argument("--keys", type=pathlib.Path, required=True)
    parser.add_argument("--snapshot")
    parser.add_argument("--target", type=pathlib.Path)
    options = parser.parse_args()
    if options.command == "restore" and options.target is None:
        parser.error("restore needs --target")
    report = Report()
    try:
        run(options, report)
    except UNREADABLE as error:
        report.fault(why(error))
    return report.status()


if __name__ == "__main__":
    sys.exit(main())
