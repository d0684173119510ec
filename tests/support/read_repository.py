#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reads a backup repository without Intendance, from docs/repository-format.md alone.

  read_repository.py list|restore --repository DIR --keys DIR [--scan] [--snapshot PREFIX] [--target DIR]

KEYS holds owner.pub and reader.key. `list` shows the snapshots; `restore` puts the latest, or another,
beneath TARGET (here), which is empty or made anew. With --scan chunks are found without indexes. All that
can be checked is; a damaged file is named and left out, and the others are restored.

Exit status: 0 done, 1 damage was found (or nothing could be done), 2 bad usage, 3 done but for what
only root may restore. Needs Debian's age, python3-nacl and python3-zstandard.
"""
import argparse
import base64
import functools
import hashlib
import io
import itertools
import json
import os
import pathlib
import stat
import struct
import subprocess
import sys
from collections import Counter, namedtuple
from collections.abc import Callable, Iterator
from types import SimpleNamespace as Record
import nacl.bindings as sodium
import zstandard

CONTENTS, MANIFEST, REFERENCES = 1, 2, 3  # kinds of chunks
FILE, DIRECTORY, LINK, CHARACTER, BLOCK, FIFO, MORE = range(1, 8)  # types of records
Block = namedtuple("Block", "pack kind epoch session number offset stored length")
TRUST_MEMBERS = ("algorithm repository created version previous readers maintainers writers revoked_readers "
                 "revoked_maintainers revoked_writers epochs deduplicate_from grace_seconds reader_secrets "
                 "maintainer_secrets writer_secrets").split()
Snapshot = namedtuple("Snapshot", "name signer sequence started header body")

complaints: Counter = Counter()

def complain(kind: str, what: str, error: object) -> None:
    print(f"read_repository: {kind}: {what}: {error}", file=sys.stderr)
    complaints[kind] += 1

def attempt(what: str, work: Callable, *arguments: object, kind: str = "damaged", **keywords: object) -> object:
    try:
        return work(*arguments, **keywords)
    except Exception as error:  # bytes that a stranger may have written can lead to any
        return complain(kind, what, error if isinstance(error, (OSError, ValueError)) else repr(error))

def need(condition: object, message: str) -> None:
    if not condition:
        raise ValueError(message)

def shown(path: bytes) -> str:
    return repr("/" + os.fsdecode(path))  # nothing in it moves a terminal's cursor

def mac(key: bytes, data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=32, key=key).digest()

def derive(key: bytes, context: str, *parts: bytes) -> bytes:
    return mac(key, context.encode() + b"\0" + b"".join(struct.pack("<Q", len(p)) + p for p in parts))

def unseal(key: bytes, associated: bytes, nonce_and_sealed: bytes) -> bytes:
    nonce, sealed = nonce_and_sealed[:24], nonce_and_sealed[24:]
    return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, associated, nonce, key)

class Cursor(io.BytesIO):
    """Reads from the front; raises ValueError where there are not enough bytes."""

    def more(self) -> bool:
        return self.tell() < len(self.getbuffer())

    def take(self, count: int) -> bytes:
        data = self.read(count)
        need(len(data) == count, "it ends too early")
        return data

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def varint(self) -> int:
        value = shift = 0
        while (byte := self.take(1)[0]) >= 0x80:
            value, shift = value | (byte & 0x7F) << shift, shift + 7
        need(shift < 70, "a number is too long")
        return value | byte << shift

    def signed(self) -> int:
        half, odd = divmod(self.varint(), 2)
        return -half - 1 if odd else half

    def counted(self) -> bytes:
        return self.take(self.varint())

    def pairs(self, first: Callable) -> list:
        return [(first(self), self.varint()) for _ in iter(self.more, False)]

    def intro(self, letters: bytes) -> tuple[bytes, int]:
        start, epoch = self.take(12), self.take(4)
        need(start == letters + b"\1\1\0\0", "it does not begin as an object of version 1 does")
        return start + epoch, int.from_bytes(epoch, "little")

class Repository:
    """Opens the trust object and the indexes at once, packs and chunks when they are asked for."""

    def __init__(self, folder: pathlib.Path, keys: pathlib.Path, scan: bool) -> None:
        self.folder = folder
        key = [line for line in (keys / "owner.pub").read_text().splitlines() if line[:1] not in ("", "#")][0]
        self.owner = base64.b64decode(key.removeprefix("intendance-owner-1 "), validate=True)
        self.id, self.trust, digests = b"", {}, set()
        self._each("trust/*", self._read_trust, digests)
        need(self.trust, f"{folder}: no trust object is signed by the owner of owner.pub")
        opened = subprocess.run(["age", "--decrypt", "--identity", keys / "reader.key"], stdout=subprocess.PIPE,
                                input=base64.b64decode(self.trust["reader_secrets"]), check=True)
        self.epochs = {int(number): Record(**{name: base64.b64decode(secret) for name, secret in secrets.items()})
                       for number, secrets in json.loads(opened.stdout)["epochs"].items()}
        self.places: dict[bytes, list[tuple[Block, int, int]]] = {}  # of a chunk: block, offset, length
        self.packs_known, self.packs_hashed = set(), set()  # their names
        self._each("packs/*/*" if scan else "indexes/*", self._read_directory if scan else self._read_index)

    def _each(self, pattern: str, read: Callable, *more: object) -> list:
        """What `read` makes of each object with such a name; what is wrong with one is reported."""
        names = sorted(str(path.relative_to(self.folder)) for path in self.folder.glob(pattern))
        return [made for name in names if (made := attempt(name, read, name, *more)) is not None]

    def _hashed(self, name: str) -> Cursor:
        data = (self.folder / name).read_bytes()
        need(hashlib.sha256(data).hexdigest() == name[-64:], "its bytes are not those it was named for")
        return Cursor(data)

    def _read_trust(self, name: str, digests_before: set) -> None:
        data = (self.folder / name).read_bytes()
        first, signature, document = data.split(b"\n", 2)
        sodium.crypto_sign_open(base64.b64decode(signature) + first + b"\n" + document, self.owner)
        trust = json.loads(document)
        good = first == b"intendance-trust-1" and trust["algorithm"] == 1 and name == f"trust/{trust['version']:08}"
        good = good and all(member in TRUST_MEMBERS or member.startswith("x-") for member in trust)
        need(good, "of another version than its name or this program")
        need(self.id.hex() in ("", trust["repository"]), "of another repository")
        self.id, self.trust = bytes.fromhex(trust["repository"]), trust
        if trust["previous"] and trust["previous"]["digest"] not in digests_before:
            complain("damaged", name, "the version before it is gone")
        digests_before.add(hashlib.sha256(data).hexdigest())

    def _read_index(self, name: str) -> None:
        data = self._hashed(name)
        intro, epoch = data.intro(b"INTDINDX")
        body = Cursor(unseal(derive(self.epochs[epoch].structure, "index"), intro, data.read()))
        for _ in range(body.varint()):
            pack, size, length, entries = body.take(32).hex(), body.varint(), body.varint(), body.counted()
            self._read_entries(entries, f"packs/{pack[:2]}/{pack}", size - 8 - length)
        need(not any(body.read()), "it goes on after its end")

    def _read_directory(self, pack: str) -> None:
        if pack not in self.packs_known:
            end = (self.folder / pack).stat().st_size - 8
            start = end - Cursor(self._read(pack, end, 4)).u32()
            intro, epoch = Cursor(self._read(pack, 0, 16)).intro(b"INTDPACK")
            key = derive(self.epochs[epoch].structure, "directory")
            self._read_entries(unseal(key, intro, self._read(pack, start, end - start)), pack, start)

    def _read_entries(self, data: bytes, pack: str, end: int) -> None:
        """Remembers where the pack's chunks lie; its last block ends at `end`."""
        entries, offset = Cursor(data), 16
        origins = [(entries.u32(), entries.take(32)) for _ in range(entries.varint())]
        for _ in range(entries.varint()):
            kind, origin, number, stored = entries.take(1)[0], *(entries.varint() for _ in range(3))
            chunks = [(entries.take(16), entries.varint()) for _ in range(entries.varint())]
            starts = list(itertools.accumulate((length for _, length in chunks), initial=0))
            block = Block(pack, kind, *origins[origin], number, offset, stored, starts[-1])
            for (id_, length), start in zip(chunks, starts):
                self.places.setdefault(id_, []).append((block, start, length))
            offset += stored
        need(offset == end and not any(entries.read()), "its directory is not that of its blocks")
        self.packs_known.add(pack)

    def _read(self, pack: str, offset: int, size: int) -> bytes:
        """Damage is reported once, and does not hinder: it may be elsewhere, and each block has its own seal."""
        with open(self.folder / pack, "rb") as file:
            if pack not in self.packs_hashed and hashlib.file_digest(file, "sha256").hexdigest() != pack[-64:]:
                complain("damaged", pack, "its bytes are not those it was named for")
            self.packs_hashed.add(pack)
            return os.pread(file.fileno(), size, offset)

    def _session_secret(self, epoch: int, public: bytes) -> bytes:
        secret = self.epochs[epoch].secret
        shared, own = sodium.crypto_scalarmult(secret, public), sodium.crypto_scalarmult_base(secret)
        return derive(shared, "session", public, own, self.id)

    @functools.lru_cache(maxsize=16)
    def _block(self, block: Block) -> bytes:
        if block.kind == REFERENCES:
            key = derive(self.epochs[block.epoch].structure, "references", block.session)
        else:
            key = derive(self._session_secret(block.epoch, block.session), "blocks")
        sealed = struct.pack("<Q16x", block.number) + self._read(block.pack, block.offset, block.stored)
        plain = unseal(key, bytes([block.kind]), sealed)
        need(plain[0] in (0, 1) and block.length <= 8 << 20, "a block of an unknown form")
        stream = zstandard.ZstdDecompressor().stream_reader(plain[1:]) if plain[0] else io.BytesIO(plain[1:])
        contents = stream.read(block.length + 1)
        need(len(contents) == block.length, "a block of another length than its directory says")
        return contents

    def chunk(self, id_: bytes, kind: int) -> bytes:
        if id_ not in self.places:
            self._each("packs/*/*", self._read_directory)
        fault: Exception = ValueError(f"chunk {id_.hex()}: in no index and no pack")
        for block, start, length in self.places.get(id_, []):
            try:
                chunk, epoch = self._block(block)[start : start + length], self.epochs[block.epoch]
                key = derive(epoch.structure if kind == REFERENCES else epoch.naming, "chunk", bytes([kind]))
                need(block.kind == kind and mac(key, chunk)[:16] == id_, f"{block.pack}: not chunk {id_.hex()}")
                return chunk
            except Exception as error:  # there may be another copy
                fault = error
        raise fault

    def snapshot(self, name: str) -> Snapshot:
        data = self._hashed(name)
        intro, epoch = data.intro(b"INTDSNAP")
        header, body = data.take(data.u32()), Cursor(data.take(data.u32()))
        signer, signed, signature = data.take(32), data.getvalue()[: data.tell()], data.take(64)
        sodium.crypto_sign_open(signature + b"intendance-snapshot-1\n" + self.id + signed, signer)
        header = json.loads(unseal(derive(self.epochs[epoch].structure, "snapshot header"), intro, header))
        revoked = [writer for writer in self.trust["revoked_writers"] if name[-64:] in writer["snapshots"]]
        trusted = any(base64.b64decode(writer["signs"]) == signer and writer["name"] == header["machine"]
                      for writer in self.trust["writers"] + revoked)
        need(trusted and not data.more(), "the owner does not trust its writer to sign it (any more)")
        seen = header["trust_version"]
        need(seen <= self.trust["version"], f"names version {seen} of the trust object, which is not there")
        key = derive(self._session_secret(epoch, body.take(32)), "snapshot body")
        body = json.loads(unseal(key, intro, body.read()))
        return Snapshot(name[-64:], signer, int(header["sequence"]), str(header["started"]), header, body)

    def snapshots(self) -> list[Snapshot]:
        found = sorted(self._each("snapshots/*", self.snapshot), key=lambda one: (one.signer, one.sequence))
        for one, other in itertools.pairwise(found):
            step = other.sequence - one.sequence if one.signer == other.signer else 2
            if step == 0 or step == 1 and other.header["previous"] != one.name:
                complain("damaged", f"snapshots/{other.name}", f"does not follow {one.name} in its writer's sequence")
        return sorted(found, key=lambda one: (one.started, one.sequence))

FIELDS = {  # tag: name, what makes its value when there is none, how it is read
    1: ("path", bytes, Cursor.read), 2: ("type", int, Cursor.varint), 3: ("mode", int, Cursor.varint),
    4: ("owner", tuple, lambda value: (value.varint(), value.varint())),
    7: ("mtime", int, lambda value: value.signed() * 10**9 + value.varint()),
    8: ("size", int, Cursor.varint), 9: ("link", bytes, Cursor.read), 10: ("first_name", bytes, Cursor.read),
    11: ("device", int, lambda value: os.makedev(value.varint(), value.varint())),
    12: ("xattrs", list, lambda value: [(value.counted(), value.read())]),
    13: ("extents", list, lambda value: value.pairs(lambda value: value.take(16))),
    14: ("data", list, lambda value: value.pairs(Cursor.varint)), 16: ("continues", bool, lambda value: True),
}

def record_of(fields: Cursor) -> Record:
    record = Record(**{name: nothing() for name, nothing, _ in FIELDS.values()})
    while fields.more():
        tag, value = fields.varint(), Cursor(fields.counted())
        if tag in FIELDS:
            name, _, read = FIELDS[tag]
            setattr(record, name, getattr(record, name) + read(value) if name == "xattrs" else read(value))
            need(not value.more(), f"{shown(record.path)}: a field goes on after its end")
    return record

def pages(repository: Repository, snapshot: Snapshot) -> Iterator[tuple[bytes, bytes]]:
    """The path with which each begins, and its id."""
    for id_ in snapshot.body["page_lists"]:
        page_list = Cursor(repository.chunk(bytes.fromhex(id_), MANIFEST))
        while page_list.more():
            yield page_list.counted(), page_list.take(16)

def records(repository: Repository, snapshot: Snapshot) -> Iterator[Record]:
    """In their order, which is checked. Those that continue a file are made one with it."""
    before, folder, names, open_ = [], [], {b""}, None
    for first, id_ in pages(repository, snapshot):
        page = Cursor(repository.chunk(id_, MANIFEST))
        while page.more():
            record = record_of(Cursor(page.counted()))
            need(first in (None, record.path), f"a page does not begin with {first}")
            first = None
            parts = record.path.split(b"/")
            if open_:
                need(record.type == MORE and parts == before, f"{shown(open_.path)}: is not continued")
                open_.extents += record.extents
                open_.data += record.data
                open_.size, open_.continues = record.size or open_.size, record.continues
            else:
                good = b"\0" not in record.path and not {b"", b".", b".."} & set(parts) and parts > before
                good = good and parts[:-1] == folder[: len(parts) - 1] and record.first_name in names
                good = good and FILE <= record.type < MORE and record.mode <= 0o7777
                need(good, f"{shown(record.path)}: does not belong here")
                before, folder, open_ = parts, parts if record.type == DIRECTORY else parts[:-1], record
                names |= {record.path} if record.type != DIRECTORY else set()
            if not open_.continues:
                yield open_
                open_ = None
    need(open_ is None, "its last file is not continued")

def restore(repository: Repository, snapshot: Snapshot) -> None:
    """Here and nowhere else: no path comes twice, and each lies in a folder that was made before."""
    counted, used, folders = Counter(), {id_ for _, id_ in pages(repository, snapshot)}, []
    try:
        for record in records(repository, snapshot):
            attempt(shown(record.path), make, repository, record)
            counted[{FILE: "files", DIRECTORY: "directories"}.get(record.type, "other")] += 1
            counted["bytes"] += 0 if record.first_name else record.size
            used.update(id_ for id_, _ in record.extents)
            folders += [record] if record.type == DIRECTORY else []
    finally:
        for record in reversed(folders):  # when they are filled
            attempt(shown(record.path), set_metadata, record)
    for key in ("files", "directories", "other", "bytes"):
        need(snapshot.header[key] == counted[key], f"its header does not count {counted[key]} {key}")
    used.update(bytes.fromhex(id_) for id_ in snapshot.body["page_lists"])
    for root in snapshot.header["references"]:
        for (reference_list,) in struct.iter_unpack("16s", repository.chunk(bytes.fromhex(root), REFERENCES)):
            used -= {id_ for (id_,) in struct.iter_unpack("16s", repository.chunk(reference_list, REFERENCES))}
    need(not used, f"its reference lists lack {len(used)} chunks that it needs")

def make(repository: Repository, record: Record) -> None:
    path, kind = record.path, record.type
    if kind == DIRECTORY:
        return os.mkdir(path)
    if kind in (CHARACTER, BLOCK) and os.geteuid() != 0:
        return complain("not restored", shown(path), "only root makes devices")
    if record.first_name:
        return os.link(record.first_name, path, follow_symlinks=False)
    if kind == FILE:
        write_file(repository, record)
    elif kind == LINK:
        os.symlink(record.link, path)
    else:
        os.mknod(path, {CHARACTER: stat.S_IFCHR, BLOCK: stat.S_IFBLK, FIFO: stat.S_IFIFO}[kind], record.device)
    set_metadata(record)

def write_file(repository: Repository, record: Record) -> None:
    parts, extents, left = record.data or [(0, record.size)], iter(record.extents), b""
    ends = [0, *map(sum, parts)]
    good = all(end <= start for end, (start, _) in zip(ends, parts)) and ends[-1] <= record.size
    length = sum(length for _, length in record.extents)
    need(good and length == sum(size for _, size in parts), "its extents do not make its size")
    with open(record.path, "xb") as file:
        try:
            for start, size in parts:
                file.seek(start)
                while size:
                    if not left:
                        id_, length = next(extents)
                        left = repository.chunk(id_, CONTENTS)
                        need(len(left) == length, f"chunk {id_.hex()}: not of {length} bytes")
                    written = file.write(left[:size])
                    left, size = left[written:], size - written
            file.truncate(record.size)
        except Exception:
            os.unlink(record.path)
            raise

def set_metadata(record: Record) -> None:
    """In this order: a new owner clears set-uid bits and capabilities, an ACL changes the mode."""
    path, mode, lack = record.path, record.mode, {"kind": "not restored", "follow_symlinks": False}
    attempt(f"{shown(path)}: its owner", os.chown, path, *record.owner, **lack)
    if (os.lstat(path).st_uid, os.lstat(path).st_gid) != record.owner:
        mode &= 0o777 if record.type == FILE else 0o1777  # no program runs as whoever restores
    for key, value in record.xattrs:
        attempt(f"{shown(path)}: attribute {key}", os.setxattr, path, key, value, **lack)
    if record.type != LINK:
        os.chmod(path, mode)
    os.utime(path, ns=(record.mtime, record.mtime), follow_symlinks=False)

def run(options: argparse.Namespace) -> None:
    repository = Repository(options.repository.absolute(), options.keys, options.scan)
    snapshots = [one for one in repository.snapshots() if one.name.startswith(options.snapshot)]
    if options.command == "list":
        for one in snapshots:
            print(one.name, *(ascii(one.header.get(key)) for key in ("started", "machine", "job", "files", "bytes")))
        return
    need(len(snapshots) == 1 or snapshots and not options.snapshot, f"{len(snapshots)} snapshots have such a name")
    options.target.mkdir(parents=True, exist_ok=True)
    os.chdir(options.target)
    os.umask(0o077)
    need(not os.listdir(), f"{options.target}: is not empty")
    attempt(f"snapshots/{snapshots[-1].name}", restore, repository, snapshots[-1])

def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("list", "restore"))
    parser.add_argument("--repository", type=pathlib.Path, required=True)
    parser.add_argument("--keys", type=pathlib.Path, required=True)
    parser.add_argument("--scan", action="store_true")
    parser.add_argument("--snapshot", default="")
    parser.add_argument("--target", type=pathlib.Path, default=".")
    options = parser.parse_args()
    attempt(str(options.repository), run, options)
    return 1 if complaints["damaged"] else 3 if complaints else 0

if __name__ == "__main__":
    sys.exit(main())
