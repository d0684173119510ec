# SPDX-License-Identifier: AGPL-3.0-or-later
"""The objects of a backup repository, opened as docs/repository-format.md describes them.

All that the format lets a reader check is checked, and Damaged raised where it does not hold: the
owner's and the writers' signatures, every name that is a hash, every seal, every chunk's id.
"""
from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import itertools
import json
import os
import pathlib
import re
import struct
from collections.abc import Callable

import nacl.bindings
import nacl.exceptions
import nacl.signing
import zstandard

import age_file

CONTENTS, PAGE, REFERENCES = 1, 2, 3  # kinds of chunks


class Damaged(ValueError):
    """Bytes are not what they should be; the message says which and why."""


# What reading bytes that a stranger may have written can raise.
UNREADABLE = (OSError, ValueError, LookupError, TypeError, OverflowError, struct.error, nacl.exceptions.CryptoError)


def why(error: BaseException) -> str:
    known = isinstance(error, (OSError, Damaged, age_file.NotAge))
    return str(error) if known else f"malformed ({type(error).__name__}: {error})"


def need(condition: object, message: str) -> None:
    if not condition:
        raise Damaged(message)


# --- the conventions of the format ----------------------------------------------------------------


def digest(data: bytes, key: bytes = b"") -> bytes:
    return hashlib.blake2b(data, digest_size=32, key=key).digest()


def derive(key: bytes, context: str, *parts: bytes) -> bytes:
    return digest(context.encode() + b"\0" + b"".join(struct.pack("<Q", len(p)) + p for p in parts), key)


def unseal(key: bytes, nonce: bytes, associated: bytes, sealed: bytes, what: str) -> bytes:
    try:
        return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, associated, nonce, key)
    except (nacl.exceptions.CryptoError, nacl.exceptions.TypeError) as error:
        raise Damaged(f"{what}: the seal is broken, or made with another key") from error


def verified(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        nacl.signing.VerifyKey(public).verify(message, signature)
        return True
    except (nacl.exceptions.CryptoError, nacl.exceptions.TypeError, nacl.exceptions.ValueError):
        return False


class Cursor:
    """Takes bytes from the front; raises Damaged where there are not enough."""

    def __init__(self, data: bytes, what: str) -> None:
        self.data, self.at, self.what = data, 0, what

    def __bool__(self) -> bool:
        return self.at < len(self.data)

    def take(self, count: int) -> bytes:
        need(count <= len(self.data) - self.at, f"{self.what}: ends too early")
        self.at += count
        return self.data[self.at - count : self.at]

    def numbers(self, layout: str) -> tuple[int, ...]:
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))

    def varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                need(value < 1 << 64, f"{self.what}: a number does not fit 64 bits")
                return value
        raise Damaged(f"{self.what}: a number is too long")

    def zigzag(self) -> int:
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def rest(self) -> bytes:
        return self.take(len(self.data) - self.at)

    def magic(self, expected: bytes) -> None:
        need(self.take(8) == expected, f"{self.what}: does not begin with {expected.decode()}")
        need(self.numbers("BBH") == (1, 1, 0), f"{self.what}: its version or algorithm is not 1")


def shown(path: bytes) -> str:
    """A path on one line that nothing in it can break."""
    text = path.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


# --- the repository -------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Blob:
    pack: str
    number: int
    offset: int
    id: bytes
    kind: int
    stored: int
    length: int


@dataclasses.dataclass(frozen=True)
class Epoch:
    secret: bytes
    naming: bytes
    structure: bytes


@dataclasses.dataclass(frozen=True)
class Snapshot:
    name: str
    signer: bytes
    header: dict
    roots: list[bytes]
    pages: list[tuple[bytes, bytes]]  # chunk id, first path


class Repository:
    """Opens the trust object and the indexes at once, packs and chunks when they are asked for."""

    def __init__(self, folder: pathlib.Path, keys: pathlib.Path, complain: Callable[[str], None]) -> None:
        self.folder = folder
        self.complain = complain
        self.trusts: dict[int, dict] = {}
        self._read_trust((keys / "owner.pub").read_text(encoding="ascii"))
        self.trust = self.trusts[max(self.trusts)]
        self.id = bytes.fromhex(self.trust["repository"])
        lines = (keys / "reader.key").read_text(encoding="ascii").split("\n")
        try:
            identities = [age_file.identity_secret(line) for line in lines if line and line[0] != "#"]
            opened = age_file.decrypt(base64.b64decode(self.trust["reader_secrets"]), identities)
        except age_file.NotAge as error:
            raise Damaged(f"{keys}/reader.key: does not open this repository: {error}") from error
        secrets = json.loads(opened)
        self.epochs = {int(number): Epoch(*(base64.b64decode(epoch[name]) for name in ("secret", "naming", "structure")))
                       for number, epoch in secrets["epochs"].items()}
        for epoch in self.trust["epochs"]:
            public = nacl.bindings.crypto_scalarmult_base(self.epoch(epoch["number"], "the trust object").secret)
            need(public == base64.b64decode(epoch["public"]), f"epoch {epoch['number']}: another's public key")
        self.blobs: dict[bytes, Blob] = {}
        self.described: dict[str, tuple[int, bytes]] = {}  # by an index: a pack's size and first 64 bytes
        self.packs_scanned = False
        for name in self._names("indexes"):
            try:
                self._read_index(f"indexes/{name}")
            except UNREADABLE as error:
                complain(f"indexes/{name}: {why(error)}")

    def _names(self, kind: str) -> list[str]:
        return sorted(os.listdir(self.folder / kind))

    def _hashed(self, name: str) -> bytes:
        data = (self.folder / name).read_bytes()
        need(digest(data).hex() == name.rsplit("/", 1)[1], f"{name}: its bytes are not those it was named for")
        return data

    def _read_trust(self, pinned: str) -> None:
        key = [line for line in pinned.split("\n") if line and line[0] != "#"][0]
        need(key.startswith("intendance-owner-1 "), "owner.pub: not an owner's public key")
        owner = base64.b64decode(key.split(" ")[1])
        for name in self._names("trust"):
            parts = (self.folder / "trust" / name).read_bytes().split(b"\n", 2)
            good = len(parts) == 3 and parts[0] == b"intendance-trust-1" and re.fullmatch(r"\d{8}", name)
            try:
                good = good and verified(owner, parts[0] + b"\n" + parts[2], base64.b64decode(parts[1]))
            except ValueError:
                good = False
            if not good:
                self.complain(f"trust/{name}: not signed by the owner of owner.pub")
                continue
            document = json.loads(parts[2])
            need(document["version"] == int(name), f"trust/{name}: it holds version {document['version']}")
            need(document["algorithm"] == 1, f"trust/{name}: algorithm {document['algorithm']} is unknown")
            self.trusts[int(name)] = document
        need(self.trusts, f"{self.folder}: no trust object is signed by the owner of owner.pub")

    def _read_index(self, name: str) -> None:
        data = self._hashed(name)
        Cursor(data, name).magic(b"INTDINDX")
        body = Cursor(self._opened_index(data, name), name)
        for _ in range(body.numbers("I")[0]):
            pack = body.take(32).hex()
            self.described[pack] = (body.numbers("Q")[0], body.take(64))
            for number in range(body.numbers("I")[0]):
                offset, chunk, kind, stored, length = body.numbers("I32sBII")
                self.blobs.setdefault(chunk, Blob(pack, number, offset, chunk, kind, stored, length))
        need(not body, f"{name}: goes on after its end")

    def _opened_index(self, data: bytes, name: str) -> bytes:
        """With the secret of whichever epoch it is."""
        for number in sorted(self.epochs, reverse=True):
            try:
                key = derive(self.epochs[number].structure, "index")
                return unseal(key, data[12:36], data[:12], data[36:], name)
            except Damaged:
                if number == min(self.epochs):
                    raise
        raise Damaged(f"{name}: there is no epoch")

    def epoch(self, number: int, what: str) -> Epoch:
        need(number in self.epochs, f"{what}: of epoch {number}, which this reader does not know")
        return self.epochs[number]

    def _scan_packs(self) -> None:
        """For what no index names: it was lost, or the backup was cut off before it wrote one."""
        for path in sorted((self.folder / "packs").glob("??/*")):
            if path.name not in self.described:
                try:
                    for blob in self._pack(path.name)[3]:
                        self.blobs.setdefault(blob.id, blob)
                except UNREADABLE as error:
                    self.complain(why(error))
        self.packs_scanned = True

    def _session_secret(self, epoch: int, public: bytes, what: str) -> bytes:
        secret = self.epoch(epoch, what).secret
        shared = nacl.bindings.crypto_scalarmult(secret, public)
        return derive(shared, "session", public, nacl.bindings.crypto_scalarmult_base(secret), self.id)

    @functools.lru_cache(maxsize=6)
    def _pack(self, pack: str) -> tuple[bytes, bytes, bytes, list[Blob]]:
        """Its bytes, the key of contents, the key of reference lists, its directory."""
        name = f"packs/{pack[:2]}/{pack}"
        data = self._hashed(name)
        own = (len(data), data[:64])
        need(self.described.get(pack, own) == own, f"{name}: an index describes another pack")
        head = Cursor(data, name)
        head.magic(b"INTDPACK")
        epoch, public, salt = head.numbers("I32s16s")
        need(len(data) >= 64 + 24 + 16 + 4, f"{name}: too short for a pack")
        end = len(data) - 4
        start = end - struct.unpack("<I", data[end:])[0]
        need(start >= 64, f"{name}: its directory is longer than the pack")
        secrets = self.epoch(epoch, name)
        sealed, key = data[start:end], derive(secrets.structure, "directory")
        directory = Cursor(unseal(key, sealed[:24], data[:64], sealed[24:], f"{name}: directory"), name)
        blobs, offset = [], 64
        while offset < start:
            chunk, kind, stored, length = directory.numbers("32sBII")
            blobs.append(Blob(pack, len(blobs), offset, chunk, kind, stored, length))
            offset += stored
        need(offset == start and not any(directory.rest()), f"{name}: its directory is not that of its blobs")
        secret = self._session_secret(epoch, public, name)
        return data, derive(secret, "pack", salt), derive(secrets.structure, "references", salt), blobs

    @functools.lru_cache(maxsize=32)
    def chunk(self, id: bytes, kind: int) -> bytes:
        if id not in self.blobs and not self.packs_scanned:
            self._scan_packs()
        need(id in self.blobs, f"chunk {id.hex()}: in no index and no pack")
        blob = self.blobs[id]
        data, contents_key, references_key, directory = self._pack(blob.pack)
        name = f"chunk {id.hex()} of packs/{blob.pack[:2]}/{blob.pack}"
        agreed = blob.number < len(directory) and directory[blob.number] == blob
        need(agreed, f"{name}: its index and its pack's directory do not agree")
        need(blob.kind == kind, f"{name}: of kind {blob.kind}, not {kind}")
        key = references_key if kind == REFERENCES else contents_key
        sealed = data[blob.offset : blob.offset + blob.stored]
        plain = unseal(key, struct.pack("<Q16x", blob.number), id + bytes([kind]), sealed, name)
        need(plain[:1] in (b"\0", b"\1"), f"{name}: compressed in an unknown way")
        try:
            decompressor = zstandard.ZstdDecompressor()
            contents = decompressor.decompress(plain[1:], blob.length) if plain[0] else plain[1:]
        except zstandard.ZstdError as error:
            raise Damaged(f"{name}: {error}") from error
        need(len(contents) == blob.length, f"{name}: {len(contents)} bytes instead of {blob.length}")
        naming = self.epoch(struct.unpack("<I", data[12:16])[0], name).naming
        need(digest(contents, derive(naming, "chunk", bytes([kind]))) == id, f"{name}: not the bytes of its id")
        return contents

    def _machine_of(self, signer: bytes, name: str) -> str:
        """For whom that writer signs, if that snapshot counts."""
        for writer in self.trust["writers"]:
            if base64.b64decode(writer["signs"]) == signer:
                return writer["name"]
        for writer in self.trust["revoked_writers"]:
            if base64.b64decode(writer["signs"]) == signer and name in writer["snapshots"]:
                return writer["name"]
        raise Damaged(f"snapshots/{name}: the owner does not trust its writer (any more)")

    def snapshot(self, name: str) -> Snapshot:
        what = f"snapshots/{name}"
        data = self._hashed(what)
        cursor = Cursor(data, what)
        cursor.magic(b"INTDSNAP")
        sealed_header, sealed_body = (cursor.take(cursor.numbers("I")[0]) for _ in range(2))
        signer, signed, signature = cursor.take(32), data[: cursor.at], cursor.take(64)
        need(not cursor, f"{what}: goes on after its end")
        good = verified(signer, b"intendance-snapshot-1\n" + self.id + signed, signature)
        need(good, f"{what}: not signed by the writer that it names")
        machine = self._machine_of(signer, name)
        epoch, public = struct.unpack("<I32s", sealed_body[:36])
        key = derive(self.epoch(epoch, what).structure, "snapshot header")
        header = json.loads(unseal(key, sealed_header[:24], data[:12], sealed_header[24:], what))
        need(header["machine"] == machine, f"{what}: of {header['machine']}, but signed by the writer of {machine}")
        seen, newest = header["trust_version"], self.trust["version"]
        need(seen <= newest, f"{what}: names version {seen} of the trust object, but the newest here is {newest}")
        key = derive(self._session_secret(epoch, public, what), "snapshot body")
        body = json.loads(unseal(key, sealed_body[36:60], data[:12], sealed_body[60:], what))
        pages = [(bytes.fromhex(page["chunk"]), base64.b64decode(page["first"])) for page in body["pages"]]
        return Snapshot(name, signer, header, [base64.b64decode(root) for root in body["roots"]], pages)

    def snapshots(self) -> list[Snapshot]:
        """Those that are whole, the oldest first; what is wrong with others is complained about."""
        found = []
        for name in self._names("snapshots"):
            try:
                found.append(self.snapshot(name))
            except UNREADABLE as error:
                self.complain(f"snapshots/{name} cannot be read: {why(error)}")
        for one, next_ in itertools.pairwise(sorted(found, key=lambda s: (s.signer, s.header["sequence"]))):
            step = next_.header["sequence"] - one.header["sequence"]
            broken = step == 0 or step == 1 and next_.header["previous"] != one.name
            if one.signer == next_.signer and broken:
                self.complain(f"snapshots/{next_.name}: does not follow {one.name} in its writer's chain")
        return sorted(found, key=lambda s: (s.header["started"], s.header["sequence"]))
