# SPDX-License-Identifier: AGPL-3.0-or-later
"""What whoever steals a machine's keys can open of its repository: the independent reader, with the
secrets of a writer in place of a reader's."""
from __future__ import annotations

import base64
import hashlib
import json
import pathlib
import struct

import nacl.exceptions

from hostile_writer import age_open
from read_repository import CONTENTS, MANIFEST, REFERENCES, Cursor, Record, Repository, derive, unseal


class ThiefsEyes(Repository):
    def __init__(self, folder: pathlib.Path, keys: pathlib.Path) -> None:
        self.folder, self.places = folder, {}
        self.packs_known, self.packs_hashed = set(), set()
        key = base64.b64decode((keys / "writer.key").read_text().split()[-1])
        self.trust = json.loads(max((folder / "trust").iterdir()).read_bytes().split(b"\n", 2)[2])
        self.id = bytes.fromhex(self.trust["repository"])
        secrets = json.loads(age_open(base64.b64decode(self.trust["writer_secrets"]), key[32:]))["epochs"]
        self.epochs = {int(number): Record(**{name: base64.b64decode(each) for name, each in epoch.items()})
                       for number, epoch in secrets.items()}
        self.own = [key[:32], key[32:], hashlib.sha512(key[:32]).digest()[:32]]  # that of the seed, as Ed25519 has it
        self.own += [each for epoch in self.epochs.values() for each in vars(epoch).values()]

    def objects(self, pattern: str) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.glob(pattern))

    def opened(self) -> dict[str, bytes]:
        """All that the structure secret opens."""
        plain = {"index": b"", "directory": b"", "snapshot header": b"", "references": b""}
        for name in self.objects("indexes/*"):
            plain["index"] += self.sealed_part(name, b"INTDINDX", "index")
        for name in self.objects("snapshots/*"):
            data = Cursor((self.folder / name).read_bytes())
            intro, epoch = data.intro(b"INTDSNAP")
            plain["snapshot header"] += unseal(derive(self.epochs[epoch].structure, "snapshot header"), intro, data.take(data.u32()))
        for name in self.objects("packs/*/*"):
            self._read_directory(name)
            plain["directory"] += b"".join(self.places)
        for block in self.blocks():
            if block.kind == REFERENCES:
                plain["references"] += self._block(block)
        return plain

    def described(self) -> list[tuple[str, int, int, bytes]]:
        """Of each pack its name, its size, the length of its directory, and its entries."""
        packs = {}
        for name in self.objects("indexes/*"):
            body = Cursor(self.sealed_part(name, b"INTDINDX", "index"))
            for _ in range(body.varint()):
                pack = body.take(32).hex()
                packs[pack] = (pack, body.varint(), body.varint(), body.counted())
        return list(packs.values())

    def sealed(self) -> tuple[dict[str, int], int]:
        """How much is sealed to readers, and how many tries to open it failed; none may succeed."""
        count, tries = {"contents": 0, "manifest": 0, "snapshot body": 0}, 0
        for block in self.blocks():
            if block.kind in (CONTENTS, MANIFEST):
                count["contents" if block.kind == CONTENTS else "manifest"] += 1
                sealed = struct.pack("<Q16x", block.number) + self._read(block.pack, block.offset, block.stored)
                tries += self.try_all(block.epoch, block.session, "blocks", bytes([block.kind]), sealed)
        for name in self.objects("snapshots/*"):
            data = Cursor((self.folder / name).read_bytes())
            intro, epoch = data.intro(b"INTDSNAP")
            data.take(data.u32())
            body = Cursor(data.take(data.u32()))
            count["snapshot body"] += 1
            tries += self.try_all(epoch, body.take(32), "snapshot body", intro, body.read())
        return count, tries

    def sealed_part(self, name: str, letters: bytes, context: str) -> bytes:
        data = Cursor((self.folder / name).read_bytes())
        intro, epoch = data.intro(letters)
        return unseal(derive(self.epochs[epoch].structure, context), intro, data.read())

    def blocks(self) -> set:
        for name in self.objects("packs/*/*"):
            self._read_directory(name)
        return {block for places in self.places.values() for block, _, _ in places}

    def try_all(self, epoch: int, session: bytes, context: str, associated: bytes, sealed: bytes) -> int:
        """Each secret in place of the epoch's, as the session's, and as the key itself, with each context."""
        tries = 0
        for secret in self.own:
            self.epochs[epoch].secret = secret
            shared = self._session_secret(epoch, session)
            del self.epochs[epoch].secret
            keys = [secret, shared, derive(secret, "references", session)]
            keys += [derive(base, each) for base in (secret, shared) for each in ("blocks", "snapshot body", "directory")]
            for key in keys:
                try:
                    unseal(key, associated, sealed)
                except nacl.exceptions.CryptoError:
                    tries += 1
                else:
                    raise AssertionError(f"what is sealed to readers ({context}) opens with a machine's secrets")
        return tries
