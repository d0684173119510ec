#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A mail server for tests, made of Debian's python3-aiosmtpd.

smtp_server.py FOLDER [--login NAME:PASSWORD] [--tls CERTIFICATE KEY] [--refuse ADDRESS] [--busy N]
               [--silent]

Says "listening on PORT" and keeps each mail as FOLDER/1.eml, 2.eml …, with its envelope in two lines
before it ("X-From: …", "X-To: …"). With --busy the first N mails are answered as a server does that
greylists; with --silent it says "a mail came" and never answers it.
"""
import argparse
import asyncio
import pathlib
import signal
import ssl

from aiosmtpd.smtp import SMTP, AuthResult


class Keeper:
    def __init__(self, folder: pathlib.Path, refused: str, busy: int, silent: bool) -> None:
        self.folder = folder
        self.refused = refused
        self.busy = busy
        self.silent = silent
        self.count = 0

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address == self.refused:
            return "550 5.1.1 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        if self.silent:
            print("a mail came", flush=True)
            await asyncio.Event().wait()
        if self.busy > 0:
            self.busy -= 1
            return "451 4.7.1 come back later"
        self.count += 1
        head = f"X-From: {envelope.mail_from}\r\nX-To: {','.join(envelope.rcpt_tos)}\r\n"
        unfinished = self.folder / "unfinished"
        unfinished.write_bytes(head.encode() + envelope.content)
        unfinished.rename(self.folder / f"{self.count}.eml")
        return "250 OK"


async def serve(keeper: Keeper, arguments: dict) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server = await loop.create_server(lambda: SMTP(keeper, hostname="localhost", **arguments), "127.0.0.1", 0)
    print("listening on", server.sockets[0].getsockname()[1], flush=True)
    await ended.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--login")
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    parser.add_argument("--refuse", default="")
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--silent", action="store_true")
    options = parser.parse_args()

    arguments = {}
    if options.tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*options.tls)
        arguments |= {"tls_context": context, "require_starttls": True}
    if options.login:
        name, password = options.login.split(":")

        def authenticate(_server, _session, _envelope, _mechanism, data):
            right = (data.login, data.password) == (name.encode(), password.encode())
            return AuthResult(success=right, handled=False)

        arguments |= {"authenticator": authenticate, "auth_required": True,
                      "auth_require_tls": bool(options.tls)}
    asyncio.run(serve(Keeper(options.folder, options.refuse, options.busy, options.silent), arguments))


if __name__ == "__main__":
    main()
