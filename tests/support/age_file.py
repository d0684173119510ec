# SPDX-License-Identifier: AGPL-3.0-or-later
"""Opens age v1 files for X25519 recipients, as https://age-encryption.org/v1 describes them."""
from __future__ import annotations

import base64
import functools
import hmac
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
SEGMENT = 64 * 1024 + 16


class NotAge(ValueError):
    """Not an age file, not an identity, or changed since; the message says which."""


def identity_secret(identity: str) -> bytes:
    """The 32 bytes in `AGE-SECRET-KEY-1…`, which is bech32 (BIP 173)."""
    human, _, data = identity.lower().rpartition("1")
    if human != "age-secret-key-" or len(data) != 58 or not set(data) <= set(BECH32):
        raise NotAge("not an age identity")
    values = [BECH32.index(character) for character in data]
    checksum = 1
    for value in [ord(c) >> 5 for c in human] + [0] + [ord(c) & 31 for c in human] + values:
        top, checksum = checksum >> 25, (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(GENERATORS):
            checksum ^= generator if top >> bit & 1 else 0
    if checksum != 1:
        raise NotAge("an age identity with a wrong checksum: mistyped?")
    number = functools.reduce(lambda sum_, value: sum_ << 5 | value, values[:-6], 0)
    return (number >> 4).to_bytes(32, "big")


def decrypt(data: bytes, secrets: list[bytes]) -> bytes:
    """The plain bytes; raises NotAge when the file is for none of `secrets`."""
    head, dashes, tail = data.partition(b"\n--- ")
    mac, newline, payload = tail.partition(b"\n")
    if not head.startswith(b"age-encryption.org/v1\n") or not dashes or not newline:
        raise NotAge("not an age file")
    for share, wrapped in re.findall(rb"\n-> X25519 (\S+)\n(\S+)(?=\n|$)", head):
        for secret in secrets:
            file_key = _unwrap(secret, _base64(share), _base64(wrapped))
            if file_key is None:
                continue
            true_mac = hmac.digest(_hkdf(file_key, b"", b"header"), head + b"\n---", "sha256")
            if not hmac.compare_digest(true_mac, _base64(mac)):
                raise NotAge("its header was changed")
            return _open_payload(_hkdf(file_key, payload[:16], b"payload"), payload[16:])
    raise NotAge("encrypted to other identities")


def _unwrap(secret: bytes, share: bytes, wrapped: bytes) -> bytes | None:
    own = X25519PrivateKey.from_private_bytes(secret)
    public = own.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    shared = own.exchange(X25519PublicKey.from_public_bytes(share))
    try:
        key = _hkdf(shared, share + public, b"age-encryption.org/v1/X25519")
        return ChaCha20Poly1305(key).decrypt(bytes(12), wrapped, None)
    except InvalidTag:
        return None


def _open_payload(key: bytes, sealed: bytes) -> bytes:
    segments = [sealed[at : at + SEGMENT] for at in range(0, max(len(sealed), 1), SEGMENT)]
    plain = b""
    for number, segment in enumerate(segments):
        nonce = number.to_bytes(11, "big") + bytes([number == len(segments) - 1])
        try:
            plain += ChaCha20Poly1305(key).decrypt(nonce, segment, None)
        except InvalidTag as error:
            raise NotAge("its contents were changed or cut off") from error
    return plain


def _hkdf(secret: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(secret)


def _base64(text: bytes) -> bytes:
    return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
