# SPDX-License-Identifier: AGPL-3.0-or-later
"""What whoever steals a writer's key can do: write a snapshot, well formed and well signed, whose
manifest says whatever he likes. Written from docs/repository-format.md, as the reader is."""
from __future__ import annotations

import base64
import json
import os
import pathlib
import struct

import nacl.bindings
import nacl.signing

import age_file
from repository_objects import CONTENTS, PAGE, REFERENCES, derive, digest


def varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def record(path: bytes, type_: int, *fields: tuple[int, bytes]) -> bytes:
    """A record with these fields beside a mode, an owner and a time that any user may restore."""
    owner = varint(os.geteuid()) + varint(os.getegid())
    whole = [(1, path), (2, varint(type_)), (3, varint(0o755)), (4, owner), (7, b"\0\0"), *fields]
    body = b"".join(varint(tag) + varint(len(value)) + value for tag, value in whole)
    return varint(len(body)) + body


class HostileWriter:
    """Knows what the machine knows: writer.key and owner.pub. `machine` and `claims` (a writer's public
    key) may be set to another's; `misnamed` gives contents the id of others."""

    def __init__(self, repository: pathlib.Path, keys: pathlib.Path) -> None:
        self.repository = repository
        key = base64.b64decode((keys / "writer.key").read_text().split()[-1])
        self.signs = nacl.signing.SigningKey(key[:32])
        trust = json.loads(max((repository / "trust").iterdir()).read_bytes().split(b"\n", 2)[2])
        secrets = json.loads(age_file.decrypt(base64.b64decode(trust["writer_secrets"]), [key[32:]]))
        self.id, self.epoch = bytes.fromhex(trust["repository"]), trust["epochs"][-1]["number"]
        newest = secrets["epochs"][str(self.epoch)]
        self.naming, self.structure = (base64.b64decode(newest[name]) for name in ("naming", "structure"))
        self.trust_version = trust["version"]
        own = bytes(self.signs.verify_key)
        self.claims, self.misnamed = own, {}
        self.machine = next((w["name"] for w in trust["writers"] if base64.b64decode(w["signs"]) == own), "nobody")
        public = base64.b64decode(trust["epochs"][-1]["public"])
        secret = os.urandom(32)
        self.session_public = nacl.bindings.crypto_scalarmult_base(secret)
        shared = nacl.bindings.crypto_scalarmult(secret, public)
        self.session = derive(shared, "session", self.session_public, public, self.id)

    def chunk_id(self, kind: int, contents: bytes) -> bytes:
        contents = self.misnamed.get(contents, contents)
        return digest(contents, derive(self.naming, "chunk", bytes([kind])))

    def _seal(self, key: bytes, associated: bytes, plain: bytes) -> bytes:
        nonce = os.urandom(24)
        return nonce + nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, associated, nonce, key)

    def _store(self, folder: str, data: bytes) -> str:
        name = digest(data).hex()
        place = self.repository / (f"packs/{name[:2]}" if folder == "packs" else folder)
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
        return name

    def write_snapshot(self, page: bytes, first: bytes, contents: bytes) -> str:
        """One page, one chunk of contents; returns the snapshot's name."""
        chunks = [(CONTENTS, contents), (PAGE, page)]
        references = b"".join(self.chunk_id(*chunk) for chunk in chunks)
        chunks.append((REFERENCES, references))
        salt = os.urandom(16)
        head = b"INTDPACK" + struct.pack("<BBHI", 1, 1, 0, self.epoch) + self.session_public + salt
        blobs, entries, indexed = b"", b"", b""
        for number, (kind, plain) in enumerate(chunks):
            id_ = self.chunk_id(kind, plain)
            key = derive(self.structure, "references", salt) if kind == REFERENCES else derive(self.session, "pack", salt)
            sealed = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
                b"\0" + plain, id_ + bytes([kind]), struct.pack("<Q16x", number), key)
            entry = id_ + struct.pack("<BII", kind, len(sealed), len(plain))
            indexed += struct.pack("<I", 64 + len(blobs)) + entry
            blobs, entries = blobs + sealed, entries + entry
        directory = self._seal(derive(self.structure, "directory"), head, entries)
        pack = head + blobs + directory + struct.pack("<I", len(directory))
        name = bytes.fromhex(self._store("packs", pack))
        start = b"INTDINDX" + struct.pack("<BBH", 1, 1, 0)
        body = struct.pack("<I", 1) + name + struct.pack("<Q", len(pack)) + head + struct.pack("<I", len(chunks)) + indexed
        self._store("indexes", start + self._seal(derive(self.structure, "index"), start, body))
        return self._store("snapshots", self._snapshot(page, first, references))

    def _snapshot(self, page: bytes, first: bytes, references: bytes) -> bytes:
        start = b"INTDSNAP" + struct.pack("<BBH", 1, 1, 0)
        header = {"machine": self.machine, "job": "hostile", "started": "2030-01-01T00:00:00Z",
                  "finished": "2030-01-01T00:00:00Z", "sequence": 1, "previous": None,
                  "trust_version": self.trust_version, "files": 1, "directories": 1, "other": 1, "bytes": 1,
                  "new_bytes": 1, "stored_bytes": 1, "warnings": 0,
                  "references": [self.chunk_id(REFERENCES, references).hex()]}
        body = {"roots": [base64.b64encode(b"/x").decode()], "warnings": [],
                "pages": [{"chunk": self.chunk_id(PAGE, page).hex(), "first": base64.b64encode(first).decode()}]}
        sealed_header = self._seal(derive(self.structure, "snapshot header"), start, json.dumps(header).encode())
        key = derive(self.session, "snapshot body")
        sealed_body = struct.pack("<I", self.epoch) + self.session_public + self._seal(key, start, json.dumps(body).encode())
        data = start + b"".join(struct.pack("<I", len(x)) + x for x in (sealed_header, sealed_body))
        data += self.claims
        return data + self.signs.sign(b"intendance-snapshot-1\n" + self.id + data).signature
