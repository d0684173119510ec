# SPDX-License-Identifier: AGPL-3.0-or-later
"""What whoever steals a writer's key can do: write a snapshot, well formed and well signed, whose
manifest says whatever he likes. Written from docs/repository-format.md, as the reader is."""
from __future__ import annotations

import base64
import hashlib
import json
import os
import pathlib
import struct
import subprocess
import tempfile

import nacl.bindings
import nacl.signing

from read_repository import CONTENTS, MANIFEST, REFERENCES, derive, mac


def varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def counted(value: bytes) -> bytes:
    return varint(len(value)) + value


def record(path: bytes, type_: int, *fields: tuple[int, bytes]) -> bytes:
    """A record with these fields beside a mode, an owner and a time that any user may restore."""
    owner = varint(os.geteuid()) + varint(os.getegid())
    whole = [(1, path), (2, varint(type_)), (3, varint(0o755)), (4, owner), (7, b"\0\0"), *fields]
    return counted(b"".join(varint(tag) + counted(value) for tag, value in whole))


def age_identity(secret: bytes) -> str:
    """The secret as age writes it: Bech32 (BIP 173)."""
    human, bits = "age-secret-key-", int.from_bytes(secret, "big") << 4
    values = [bits >> place & 31 for place in range(255, -1, -5)]
    checksum = 1
    for value in [ord(c) >> 5 for c in human] + [0] + [ord(c) & 31 for c in human] + values + [0] * 6:
        top, checksum = checksum >> 25, (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            checksum ^= generator if top >> bit & 1 else 0
    values += [(checksum ^ 1) >> place & 31 for place in range(25, -1, -5)]
    return (human + "1" + "".join("qpzry9x8gf2tvdw0s3jn54khce6mua7l"[value] for value in values)).upper()


def age_open(sealed: bytes, secret: bytes) -> bytes:
    with tempfile.NamedTemporaryFile("w") as identity:
        identity.write(age_identity(secret))
        identity.flush()
        command = ["age", "--decrypt", "--identity", identity.name]
        return subprocess.run(command, input=sealed, check=True, capture_output=True).stdout


def seal(key: bytes, associated: bytes, plain: bytes, nonce: bytes | None = None) -> bytes:
    """Beginning with the nonce, unless that is given."""
    own = nonce or os.urandom(24)
    sealed = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, associated, own, key)
    return sealed if nonce else own + sealed


class HostileWriter:
    """Knows what the machine knows: writer.key and owner.pub. `machine` and `claims` (a writer's public
    key) may be set to another's; `misnamed` gives contents the id of others."""

    def __init__(self, repository: pathlib.Path, keys: pathlib.Path) -> None:
        self.repository = repository
        key = base64.b64decode((keys / "writer.key").read_text().split()[-1])
        self.signs = nacl.signing.SigningKey(key[:32])
        trust = json.loads(max((repository / "trust").iterdir()).read_bytes().split(b"\n", 2)[2])
        secrets = json.loads(age_open(base64.b64decode(trust["writer_secrets"]), key[32:]))
        self.id, self.epoch = bytes.fromhex(trust["repository"]), trust["epochs"][-1]["number"]
        newest = secrets["epochs"][str(self.epoch)]
        self.naming, self.structure = (base64.b64decode(newest[name]) for name in ("naming", "structure"))
        own = bytes(self.signs.verify_key)
        self.claims, self.misnamed = own, {}
        self.machine = next((w["name"] for w in trust["writers"] if base64.b64decode(w["signs"]) == own), "nobody")
        self.trust_version = trust["version"]
        public = base64.b64decode(trust["epochs"][-1]["public"])
        secret = os.urandom(32)
        self.session_public = nacl.bindings.crypto_scalarmult_base(secret)
        shared = nacl.bindings.crypto_scalarmult(secret, public)
        self.session = derive(shared, "session", self.session_public, public, self.id)

    def chunk_id(self, kind: int, contents: bytes) -> bytes:
        secret = self.structure if kind == REFERENCES else self.naming
        return mac(derive(secret, "chunk", bytes([kind])), self.misnamed.get(contents, contents))[:16]

    def _intro(self, letters: bytes) -> bytes:
        return letters + struct.pack("<BBHI", 1, 1, 0, self.epoch)

    def _store(self, folder: str, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        place = self.repository / (f"packs/{name[:2]}" if folder == "packs" else folder)
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
        return name

    def write_snapshot(self, pages: list[tuple[bytes, bytes]], contents: bytes, sequence: int = 1) -> str:
        """`pages`: the path with which each begins, and its records. One chunk of contents.

        Returns the snapshot's name.
        """
        page_list = b"".join(counted(first) + self.chunk_id(MANIFEST, page) for first, page in pages)
        chunks = [(CONTENTS, contents), *((MANIFEST, page) for _, page in pages), (MANIFEST, page_list)]
        references = b"".join(self.chunk_id(*chunk) for chunk in chunks)
        root = self.chunk_id(REFERENCES, references)
        self._write_pack([*chunks, (REFERENCES, references), (REFERENCES, root)])
        return self._store("snapshots", self._snapshot(page_list, root, len(contents), sequence))

    def write_index(self, packs: list[tuple[str, int, int, bytes]]) -> str:
        """Of each pack its name, its size, the length of its directory, and what it is said to hold."""
        body = varint(len(packs))
        for name, size, length, entries in packs:
            body += bytes.fromhex(name) + varint(size) + varint(length) + counted(entries)
        intro = self._intro(b"INTDINDX")
        return self._store("indexes", intro + seal(derive(self.structure, "index"), intro, body))

    def entries(self, blocks: list[tuple[int, int, list[tuple[bytes, int]]]]) -> bytes:
        """Entries of a directory: of each block its kind, its stored length, and ids and lengths of its chunks."""
        out = varint(1) + struct.pack("<I", self.epoch) + self.session_public + varint(len(blocks))
        for number, (kind, stored, chunks) in enumerate(blocks):
            out += bytes([kind]) + b"".join(map(varint, (0, number, stored, len(chunks))))
            out += b"".join(id_ + varint(length) for id_, length in chunks)
        return out

    def _write_pack(self, chunks: list[tuple[int, bytes]]) -> None:
        """With an index of its own; each chunk is a block."""
        intro = self._intro(b"INTDPACK")
        keys = {REFERENCES: derive(self.structure, "references", self.session_public)}
        blocks, described = b"", varint(len(chunks))
        for number, (kind, plain) in enumerate(chunks):
            key = keys.get(kind, derive(self.session, "blocks"))
            sealed = seal(key, bytes([kind]), b"\0" + plain, struct.pack("<Q16x", number))
            described += bytes([kind]) + b"".join(map(varint, (0, number, len(sealed), 1)))
            described += self.chunk_id(kind, plain) + varint(len(plain))
            blocks += sealed
        entries = varint(1) + struct.pack("<I", self.epoch) + self.session_public + described
        directory = seal(derive(self.structure, "directory"), intro, entries)
        pack = intro + blocks + directory + struct.pack("<II", len(directory), self.epoch)
        name = bytes.fromhex(self._store("packs", pack))
        body = varint(1) + name + varint(len(pack)) + varint(len(directory)) + counted(entries)
        intro = self._intro(b"INTDINDX")
        self._store("indexes", intro + seal(derive(self.structure, "index"), intro, body))

    def _snapshot(self, page_list: bytes, root: bytes, size: int, sequence: int) -> bytes:
        """Its header counts one file, one directory and one of another type, whatever the manifest holds."""
        intro = self._intro(b"INTDSNAP")
        header = {"machine": self.machine, "job": "hostile", "started": "2030-01-01T00:00:00Z",
                  "finished": "2030-01-01T00:00:00Z", "sequence": sequence, "previous": None,
                  "trust_version": self.trust_version, "files": 1, "directories": 1, "other": 1, "bytes": size,
                  "new_bytes": 1, "stored_bytes": 1, "warnings": 0, "references": [root.hex()]}
        body = {"roots": [base64.b64encode(b"/x").decode()], "warnings": [],
                "page_lists": [self.chunk_id(MANIFEST, page_list).hex()]}
        sealed_header = seal(derive(self.structure, "snapshot header"), intro, json.dumps(header).encode())
        sealed_body = seal(derive(self.session, "snapshot body"), intro, json.dumps(body).encode())
        sealed_body = self.session_public + sealed_body
        data = intro + b"".join(struct.pack("<I", len(part)) + part for part in (sealed_header, sealed_body))
        data += self.claims
        return data + self.signs.sign(b"intendance-snapshot-1\n" + self.id + data).signature
