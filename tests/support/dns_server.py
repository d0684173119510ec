# SPDX-License-Identifier: AGPL-3.0-or-later
"""A name server for tests that answers by a table of its own, right and wrong, over UDP and TCP."""
from __future__ import annotations

import asyncio
import socket
import struct
import typing

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28}
NAMES = {number: name for name, number in TYPES.items()}
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5


def name_bytes(name: str) -> bytes:
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part) + b"\0"


def record(name: str, kind: str, value: str) -> bytes:
    if kind == "A":
        data = socket.inet_aton(value)
    elif kind == "AAAA":
        data = socket.inet_pton(socket.AF_INET6, value)
    elif kind == "TXT":
        data = b"".join(bytes([len(part)]) + part for part in cut(value.encode(), 255))
    elif kind == "MX":
        preference, host = value.split()
        data = struct.pack("!H", int(preference)) + name_bytes(host)
    elif kind == "SOA":
        data = name_bytes("ns1." + name) + name_bytes("root." + name) + struct.pack("!5I", int(value), 60, 60, 60, 60)
    else:
        data = name_bytes(value)
    return name_bytes(name) + struct.pack("!HHIH", TYPES[kind], 1, 60, len(data)) + data


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at:at + size] for at in range(0, len(data), size)] or [b""]


class Answer(typing.NamedTuple):
    code: int = NOERROR
    answers: tuple = ()
    authorities: tuple = ()
    authoritative: bool = True
    truncated: bool = False
    raw: bytes | None = None  # in place of all that


class Question(typing.NamedTuple):
    server: str  # the address that was asked
    name: str
    kind: str
    transport: str  # "udp" or "tcp"


# None: it says nothing.
Table = typing.Callable[[Question], typing.Optional[Answer]]


def reply_to(query: bytes, server: str, transport: str, table: Table) -> bytes | None:
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
        at += 1 + query[at]
    question = query[12:at + 5]
    kind = NAMES.get(struct.unpack("!H", query[at + 1:at + 3])[0], "?")
    answer = table(Question(server, ".".join(labels), kind, transport))
    if answer is None:
        return None
    if answer.raw is not None:
        return answer.raw
    flags = 0x8000 | answer.code | (0x0400 if answer.authoritative else 0) | (0x0200 if answer.truncated else 0)
    head = query[:2] + struct.pack("!5H", flags, 1, len(answer.answers), len(answer.authorities), 0)
    return head + question + b"".join(record(*each) for each in (*answer.answers, *answer.authorities))


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: str, table: Table) -> None:
        self.server, self.table = server, table
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        if reply := reply_to(data, self.server, "udp", self.table):
            self.transport.sendto(reply, address)


async def serve(addresses: list[str], table: Table) -> int:
    """On one port of all the addresses, which it returns."""
    loop = asyncio.get_running_loop()

    async def over_tcp(server: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = struct.unpack("!H", await reader.readexactly(2))[0]
        reply = reply_to(await reader.readexactly(size), server, "tcp", table)
        if reply is not None:
            writer.write(struct.pack("!H", len(reply)) + reply)
        writer.close()

    for _ in range(50):
        servers: list = []
        try:
            first = await asyncio.start_server(lambda r, w: over_tcp(addresses[0], r, w), addresses[0], 0)
            servers.append(first)
            port = first.sockets[0].getsockname()[1]
            for address in addresses:
                transport, _ = await loop.create_datagram_endpoint(
                    lambda address=address: Datagrams(address, table), local_addr=(address, port))
                servers.append(transport)
                if address != addresses[0]:
                    servers.append(await asyncio.start_server(
                        lambda r, w, address=address: over_tcp(address, r, w), address, port))
            return port
        except OSError:  # somebody has that port on one of the addresses
            for server in servers:
                server.close()
    raise RuntimeError("no port is free on all addresses")
