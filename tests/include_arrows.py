#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Holds the arrows between rooms: reads every #include line and names each that may not be.

include_arrows.py SOURCE_DIRECTORY     exit 0 when every include is allowed, 1 otherwise
"""
import pathlib
import re
import sys

ROOMS = {
    "core": set(),
    "storage": {"core"},
    "collectors": {"core"},
    "backupd": {"core", "storage"},
    "billing": {"core"},
    "web": {"core", "billing"},
    "cli": {"core", "storage", "collectors", "backupd", "billing", "web"},
}

# A C library's header belongs to one wrapper: the pair of files with this stem.
WRAPPED = {
    "archive.h": {"backupd/engine/archive_writer", "billing/report/zip_archive"},
    "archive_entry.h": {"backupd/engine/archive_writer", "billing/report/zip_archive"},
    "libssh/libssh.h": {"storage/ssh_session"},
    "libssh/sftp.h": {"storage/sftp_session"},
    "arpa/nameser.h": {"collectors/probes/dns_message"},
    "libpq-fe.h": {"core/postgres"},
    "curl/curl.h": {"core/curl"},
    "civetweb.h": {"core/http_server"},
    "sodium.h": {"core/crypto", "core/secret"},
    "openssl/evp.h": {"core/blake2b_mac", "core/chacha", "core/md5", "core/sha256"},
    "pugixml.hpp": {"storage/s3_answers"},
    "zlib.h": {"core/gzip"},
    "zstd.h": {"backupd/repository/compression"},
    "toml++/toml.h": {"core/config"},
    "date/tz.h": {"core/calendar"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def faults_of(path, relative):
    room = relative.parts[0]
    stem = str(relative.with_suffix(""))
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        bracket, name = match.groups()
        place = f"{relative}:{number}"
        if name in WRAPPED and stem not in WRAPPED[name]:
            yield f"{place}: <{name}> belongs to {', '.join(sorted(WRAPPED[name]))}"
        if bracket == "<":
            continue
        target = name.split("/")[0]
        if "/" not in name or target not in ROOMS:
            yield f'{place}: "{name}" is not written from the root of the source tree'
        elif target != room and target not in ROOMS[room]:
            allowed = ", ".join(sorted(ROOMS[room])) or "nothing of ours"
            yield f'{place}: {room} may not include "{name}" (allowed: {allowed})'


def main(top):
    files = [p for room in ROOMS for p in sorted((top / room).rglob("*")) if p.suffix in (".hpp", ".cpp")]
    faults = [fault for path in files for fault in faults_of(path, path.relative_to(top))]
    for fault in faults:
        print(fault)
    if not files:
        print(f"{top}: no source files")
        return 1
    print(f"{len(files)} files read, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
