#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Servers for tests that do everything wrong, on free ports of the loopback.

faulty_servers.py FOLDER     makes certificates in FOLDER (trusted.pem is their authority's), says
                             "ready {NAME: PORT, …}" and serves until it is ended
"""
from __future__ import annotations

import asyncio
import json
import pathlib
import signal
import socket
import ssl
import struct
import sys

import certificates
import dns_server
from dns_server import Answer, NOERROR, NXDOMAIN, REFUSED, SERVFAIL

FOREVER = 3600  # seconds


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


HTML = b"<!DOCTYPE html>\n<title>Log in</title>"
RDAP = {"objectClassName": "domain", "ldhName": "ouvroir.example",
        "events": [{"eventAction": "registration", "eventDate": "2009-05-05T15:00:00Z"},
                   {"eventAction": "expiration", "eventDate": "2099-05-05T15:00:00.0Z"}]}


def rdap(**changes: object) -> bytes:
    return answer("200 OK", json.dumps({**RDAP, **changes}).encode(), "Content-Type: application/rdap+json")


# What is sent, whole, before the connection is closed.
PAGES = {
    "/ok": answer("200 OK", b"Bienvenue"),
    "/json": answer("200 OK", b'{"status":"ok"}'),
    "/500": answer("500 Internal Server Error", HTML),
    "/404": answer("404 Not Found"),
    "/redirect": answer("302 Found", b"", "Location: /install?step=1"),
    "/loop": answer("302 Found", b"", "Location: /loop"),
    "/to-ftp": answer("302 Found", b"", "Location: ftp://127.0.0.1/"),
    "/html": answer("200 OK", HTML),
    "/sick": answer("200 OK", b'{"status":"database is locked"}'),
    "/long": answer("200 OK", b"x" * (3 << 20)),
    "/short": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.",
    "/chunk-cut": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhe",
    "/chunk-bad": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
    "/head-cut": b"HTTP/1.1 200 OK\r\nContent-Le",
    "/not-http": b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
    "/close": b"",
    "/domain/ouvroir.example": rdap(),
    "/domain/expired.example": rdap(events=[{"eventAction": "expiration", "eventDate": "2019-05-05T15:00:00Z"}]),
    "/domain/silent.example": rdap(events=[]),
    "/domain/entity.example": rdap(objectClassName="entity"),
    "/domain/free.example": answer("404 Not Found", b'{"errorCode":404}'),
    "/domain/busy.example": answer("503 Service Unavailable"),
    "/domain/page.example": answer("200 OK", HTML),
    "/domain/moved.example": answer("302 Found", b"", "Location: /domain/ouvroir.example"),
}


def reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request = await reader.readuntil(b"\r\n\r\n")
    path = request.split(b" ")[1].decode()
    if path == "/reset":
        return reset(writer)
    if path == "/silent":
        await asyncio.sleep(FOREVER)
    elif path == "/slow":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.1)
    else:
        writer.write(PAGES.get(path, PAGES["/404"]))
        await writer.drain()
    writer.close()


async def reset_at_once(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    reset(writer)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()  # until the other side gives up
    writer.close()


async def closing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def hanging_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1 << 16)  # bytes that nobody reads would make the kernel reset the connection
    writer.close()


def greeting(text: bytes):
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        await reader.read()
        writer.close()
    return talk


def mail(tls: ssl.SSLContext | None, offers: list[str], after_tls: list[str], hello: bytes = b"220 here ESMTP\r\n"):
    """SMTP as far as STARTTLS and a second EHLO."""
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        offered = offers
        writer.write(hello)
        while line := await reader.readline():
            word = line.strip().upper().split(b" ")[0]
            if word == b"EHLO":
                lines = ["here", *offered]
                writer.write("".join(f"250{'-' if each < len(lines) - 1 else ' '}{line}\r\n"
                                     for each, line in enumerate(lines)).encode())
            elif word == b"STARTTLS" and tls:
                writer.write(b"220 go ahead\r\n")
                await writer.drain()
                await writer.start_tls(tls)
                offered = after_tls
            elif word == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"502 what?\r\n")
        writer.close()
    return talk


def mailboxes(tls: ssl.SSLContext | None, offers: str, hello: bytes = b"* OK here\r\n"):
    """IMAP as far as STARTTLS and CAPABILITY."""
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(hello)
        while line := await reader.readline():
            tag, word = (line.strip().split(b" ") + [b""])[:2]
            if word.upper() == b"CAPABILITY":
                writer.write(b"* CAPABILITY IMAP4rev1 " + offers.encode() + b"\r\n" + tag + b" OK done\r\n")
            elif word.upper() == b"STARTTLS" and tls:
                writer.write(tag + b" OK go ahead\r\n")
                await writer.drain()
                await writer.start_tls(tls)
            elif word.upper() == b"LOGOUT":
                writer.write(b"* BYE\r\n" + tag + b" OK bye\r\n")
                break
            else:
                writer.write(tag + b" BAD what?\r\n")
        writer.close()
    return talk


# --- names. The machine's resolver is 127.0.0.1; each zone's name servers have addresses of their own.
ADDRESSES = [f"127.0.0.{number}" for number in range(1, 7)]
SILENT, NOBODY = "127.0.0.6", "127.0.0.99"
PARENT = "127.0.0.5"
# Zone: what the world sees of its name servers, with their addresses.
ZONES = {name: {"ns1": "127.0.0.2", "ns2": "127.0.0.3"}
         for name in ["even.test", "odd.test", "lame.test", "refusing.test", "moved.test", "undelegated.test"]}
ZONES["quiet.test"] = {"ns1": "127.0.0.2", "ns2": SILENT}
ZONES["down.test"] = {"ns1": "127.0.0.2", "ns2": NOBODY}
ZONES["test"] = {"ns": PARENT}


def name_servers(zone: str) -> tuple:
    return tuple((zone, "NS", f"{host}.{zone}") for host in ZONES[zone])


def resolver(name: str, kind: str, transport: str) -> Answer | None:
    if name in ZONES and kind == "NS":
        return Answer(answers=name_servers(name), authoritative=False)
    host, _, zone = name.partition(".")
    if zone in ZONES and host in ZONES[zone]:
        return Answer(answers=((name, "A", ZONES[zone][host]),) if kind == "A" else ())
    if name == "ns3.moved.test":
        return Answer(answers=((name, "A", "127.0.0.3"),) if kind == "A" else ())
    if name == "here.test":
        return Answer(answers=((name, "A", "192.0.2.7"), (name, "A", "192.0.2.8")) if kind == "A" else ())
    if name == "big.test" and kind == "TXT":
        records = tuple((name, "TXT", "x" * 200 + str(each)) for each in range(10))
        return Answer(answers=records) if transport == "tcp" else Answer(truncated=True)
    if name == "cut.test":
        return Answer(truncated=True)
    if name == "garbage.test":
        return Answer(raw=b"\xff" * 40)
    if name == "silent.test":
        return None
    codes = {"servfail.test": SERVFAIL, "refused.test": REFUSED, "empty.test": NOERROR}
    return Answer(code=codes.get(name, NXDOMAIN))


def parent(name: str) -> Answer:
    if name == "undelegated.test":
        return Answer(code=NOERROR)
    if name == "moved.test":
        return Answer(authorities=((name, "NS", "ns1.moved.test"), (name, "NS", "ns3.moved.test")), authoritative=False)
    if name in ZONES and name != "test":
        return Answer(authorities=name_servers(name), authoritative=False)
    return Answer(code=NXDOMAIN)


def zone_server(server: str, name: str, kind: str) -> Answer | None:
    if server == SILENT:
        return None
    if server == "127.0.0.3" and name == "refusing.test":
        return Answer(code=REFUSED)
    behind = server == "127.0.0.3" and name == "odd.test"
    lame = server == "127.0.0.3" and name == "lame.test"
    if kind == "NS":
        return Answer(answers=name_servers(name), authoritative=not lame)
    return Answer(answers=((name, "SOA", "2026112300" if behind else "2026112301"),), authoritative=not lame)


def names(question: dns_server.Question) -> Answer | None:
    if question.server == "127.0.0.1":
        return resolver(question.name, question.kind, question.transport)
    if question.server == PARENT:
        return parent(question.name)
    return zone_server(question.server, question.name, question.kind)


async def full_port() -> tuple[int, list]:
    """Its queue of connections is full, so that the kernel drops what else comes."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = []
    for _ in range(3):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(listener.getsockname())
        waiting.append(one)
    return listener.getsockname()[1], [listener, *waiting]


async def main(folder: pathlib.Path) -> None:
    made = certificates.make_all(folder)
    contexts = {}
    for name, (chain, key) in made.items():
        contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[name].load_cert_chain(chain, key)
    ports: dict[str, int] = {}
    kept: list = []

    async def serve(name: str, talk, tls: ssl.SSLContext | None = None) -> None:
        async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await talk(reader, writer)
            except (OSError, ssl.SSLError, asyncio.IncompleteReadError):
                writer.close()
        server = await asyncio.start_server(guarded, "127.0.0.1", 0, ssl=tls)
        kept.append(server)
        ports[name] = server.sockets[0].getsockname()[1]

    closed = socket.socket()  # bound, and not listening
    closed.bind(("127.0.0.1", 0))
    ports["closed"] = closed.getsockname()[1]
    ports["full"], sockets = await full_port()
    kept += [closed, *sockets]

    await serve("web", web)
    for name, context in contexts.items():
        await serve(f"https_{name}", web, context)
    await serve("reset", reset_at_once)
    await serve("silent", silent)
    await serve("closing", closing)
    await serve("hanging_up", hanging_up)
    await serve("tls_alert", greeting(b"\x15\x03\x03\x00\x02\x02\x28"))  # handshake_failure
    await serve("basex", greeting(b"BaseX:1234567890\0"))
    await serve("ssh", greeting(b"SSH-2.0-OpenSSH_9.2p1\r\n"))

    auth = ["SIZE 10240000", "AUTH PLAIN LOGIN"]
    await serve("smtp", mail(contexts["good"], ["STARTTLS"], auth))
    await serve("smtp_expired", mail(contexts["expired"], ["STARTTLS"], auth))
    await serve("smtp_without_auth", mail(contexts["good"], ["STARTTLS"], ["SIZE"]))
    await serve("smtp_without_tls", mail(None, ["SIZE"], []))
    await serve("smtp_refusing", greeting(b"554 no service here\r\n"))
    await serve("smtps", mail(None, auth, []), contexts["good"])
    await serve("imap", mailboxes(contexts["good"], "STARTTLS IDLE AUTH=PLAIN"))
    await serve("imap_wrong_name", mailboxes(contexts["wrong_name"], "STARTTLS"))
    await serve("imap_without_tls", mailboxes(None, "IDLE"))
    await serve("imap_bye", greeting(b"* BYE overloaded\r\n"))
    await serve("imaps", mailboxes(None, "IDLE"), contexts["good"])
    ports["dns"] = await dns_server.serve(ADDRESSES, names)

    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    print("ready", json.dumps(ports), flush=True)
    await ended.wait()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    asyncio.run(main(pathlib.Path(sys.argv[1])))
