# SPDX-License-Identifier: AGPL-3.0-or-later
"""What backup tools tend to lose: odd names, links, holes, modes, owners, times, extended attributes."""
from __future__ import annotations

import os
import pathlib
import random
import stat
import struct
import unicodedata

from files import (AS_ROOT, FIRST_DAY, GROUP, GROUP_OBJECT, MASK, MIB, OTHER, SECOND, USER, USER_OBJECT, access_list,
                   before_first_day, chance_of, link_symbolically, make_folder, set_attribute, set_owner, set_time, write)

COMPOSED = "café composé é.txt"
NAMES = [COMPOSED, unicodedata.normalize("NFD", COMPOSED), " leading", "trailing ", "two  spaces", "new\nline", "tab\there",
         "carriage\rreturn", "-rf", "--help", "back\\slash", "glob*?[a]", "quote'\"`$HOME", "percent%2F%00", "colon:semi;",
         "x" * 255, "é" * 127, "日本語の手稿.txt", "مخطوط.xml", "emoji📜.md", ".hidden", "...", "~", "#a#", "\u200bzero width", "CON"]
NAMES_IN_BYTES = [b"latin1-caf\xe9.html", b"bytes-\xff\xfe\x80\x01"]
SIZES = (0, 1, 511, 512, 4095, 4096, 4097, 65536, MIB - 1, MIB, MIB + 1, 4 * MIB + 7)
# name: (size, where 60,000 bytes of data lie)
HOLES = {"all_hole": (64 * MIB, ()), "hole_first": (32 * MIB, (31 * MIB,)), "hole_last": (32 * MIB, (0,)),
         "odd_holes": (20 * MIB + 123, (4096 * 77, 10 * MIB))}
SYMBOLIC_LINKS = {"relative": "../sizes/s0004096", "folder": "../wide", "absolute": "/etc/hostname", "dangling": "nowhere/é",
                  "loop": "loop", "up": "../..", "long": "l/" * 1500 + "end", "newline": "a\nb", "spaces": " x ",
                  "decomposed": unicodedata.normalize("NFD", "été")}
FILE_MODES = (0o400, 0o444, 0o600, 0o604, 0o777, 0o1644, 0o2755, 0o4755, 0o6711, 0o7777)
FOLDER_MODES = (0o500, 0o1777, 0o2775, 0o3770)
UNREADABLE_FILE_MODES, UNREADABLE_FOLDER_MODES = (0o000, 0o111, 0o200), (0o000,)  # but to root
OWNERS = ((33, 33), (1001, 2001), (70_000, 70_000), (2 ** 31 + 5, 2 ** 31 + 6), (65_533, 65_533))
TIMES = {"epoch": 0, "one_nanosecond": 1, "year_1938": -1_000_000_000 * SECOND + 123_456_789, "nanosecond_before_1970": -1,
         "year_1901": -2_147_483_000 * SECOND, "year_2038": (2 ** 31 + 12_345) * SECOND + 999_999_999,
         "year_2100": 4_102_444_800 * SECOND + 7, "last_nanosecond": FIRST_DAY * SECOND + 999_999_999, "whole": FIRST_DAY * SECOND}
NET_BIND_SERVICE = struct.pack("<IIIII", 0x0200_0001, 1 << 10, 0, 0, 0)  # cap_net_bind_service=ep, revision 2


def make(top: pathlib.Path, seed: str, wide: int, left_out: list[str]) -> None:
    """With so many files in one folder. Folders' times are the caller's to set."""
    chance = chance_of(seed, "odd")
    make_folder(top / "empty-folder")
    _sizes(make_folder(top / "sizes"), chance)
    _holes(make_folder(top / "holes"), chance)
    _names(make_folder(top / "names"), chance)
    _deep_and_wide(top, wide, chance)
    _links(make_folder(top / "links"), make_folder(top / "links-elsewhere"), chance)
    _symbolic_links(make_folder(top / "symbolic-links"), chance)
    _modes_and_owners(top, chance)
    for name, time in TIMES.items():
        write(make_folder(top / "times") / name, name, time)
    _attributes(make_folder(top / "attributes"), chance, left_out)
    _access_lists(make_folder(top / "access-lists"), chance, left_out)


def _sizes(folder: pathlib.Path, chance: random.Random) -> None:
    for size in SIZES:
        write(folder / f"s{size:07}", chance.randbytes(size), before_first_day(chance))
    write(folder / "zeros", bytes(8 * MIB), before_first_day(chance))
    write(folder / "pattern", b"ABCDEFG\n" * (3 * MIB // 8), before_first_day(chance))


def _holes(folder: pathlib.Path, chance: random.Random) -> None:
    for name, (size, places) in HOLES.items():
        path = write(folder / name, b"", 0)
        os.truncate(path, size)
        with open(path, "r+b") as file:
            for place in places:
                file.seek(place)
                file.write(chance.randbytes(60_000))
        set_time(path, before_first_day(chance))


def _names(folder: pathlib.Path, chance: random.Random) -> None:
    for name in [*NAMES, *map(os.fsdecode, NAMES_IN_BYTES)]:
        write(folder / name, ascii(name), before_first_day(chance))
    write(make_folder(folder / "dossier à espaces\net saut") / "f", "x\n", before_first_day(chance))


def _deep_and_wide(top: pathlib.Path, wide: int, chance: random.Random) -> None:
    """A path of 2.4 kB, and a folder of files that differ by a nanosecond each."""
    bottom = make_folder(top.joinpath("deep", *(f"niveau_{depth:02}_{'é' * 24}" for depth in range(40))))
    write(bottom / "au-fond.txt", "fond\n", before_first_day(chance))
    for number in range(wide):
        write(make_folder(top / "wide") / f"f{number:04}", f"{number}\n", FIRST_DAY * SECOND + number)


def _links(folder: pathlib.Path, elsewhere: pathlib.Path, chance: random.Random) -> None:
    for number in range(60):
        first = write(folder / f"first_{number:02}", chance.randbytes(chance.randrange(1, 200_000)), before_first_day(chance))
        for link in range(1 + number % 4):
            os.link(first, (folder, elsewhere)[link % 2] / f"link_{number:02}_{link}")
    os.mkfifo(folder / "fifo")
    (folder / "fifo").chmod(0o620)
    set_time(folder / "fifo", before_first_day(chance))
    symbolic = link_symbolically(folder / "symbolic", "first_00", before_first_day(chance))
    os.link(symbolic, elsewhere / "hard link to a symbolic one", follow_symlinks=False)


def _symbolic_links(folder: pathlib.Path, chance: random.Random) -> None:
    for name, target in SYMBOLIC_LINKS.items():
        link_symbolically(folder / name, target, before_first_day(chance))
    set_owner(folder / "relative", 33, 1001)


def _modes_and_owners(top: pathlib.Path, chance: random.Random) -> None:
    modes = make_folder(top / "modes")
    for mode in FILE_MODES + UNREADABLE_FILE_MODES * AS_ROOT:
        write(modes / f"file{mode:04o}", f"{mode:o}\n", before_first_day(chance), mode)
    for mode in FOLDER_MODES + UNREADABLE_FOLDER_MODES * AS_ROOT:
        folder = make_folder(modes / f"folder{mode:04o}")
        write(folder / "inside", "x", before_first_day(chance))
        folder.chmod(mode)
    if not AS_ROOT:
        return
    for user, group in OWNERS:
        path = write(make_folder(top / "owners") / f"user{user}", str(user), 0)
        set_owner(path, user, group)
        path.chmod(0o4750)
        set_time(path, before_first_day(chance))
    os.mknod(top / "null-device", stat.S_IFCHR, os.makedev(1, 3))
    (top / "null-device").chmod(0o640)
    set_time(top / "null-device", before_first_day(chance))


def _attributes(folder: pathlib.Path, chance: random.Random, left_out: list[str]) -> None:
    """Setting an attribute does not change a file's time of modification."""
    attributes = {"plain": {"user.comment": "relu à la main".encode(), "user.mime_type": b"application/tei+xml"},
                  "binary": {"user.bytes": bytes(range(256))}, "empty": {"user.empty": b""},
                  "big": {"user.big": chance.randbytes(3000)}, "accent": {"user.clé": b"1"},
                  "many": {f"user.k{number:02}": b"v%d" % number for number in range(30)}, "none": {}}
    if AS_ROOT:
        attributes |= {"capability": {"security.capability": NET_BIND_SERVICE}, "trusted": {"trusted.overlay.opaque": b"y"}}
    for name, pairs in attributes.items():
        path = write(folder / name, name, before_first_day(chance), 0o755 if name == "capability" else 0o644)
        for attribute, value in pairs.items():
            set_attribute(path, attribute, value, left_out)
    set_attribute(make_folder(folder / "folder"), "user.of_folder", b"oui", left_out)
    if AS_ROOT:
        link = link_symbolically(folder / "symbolic_trusted", "plain", before_first_day(chance))
        set_attribute(link, "trusted.note", b"lien", left_out)


def _access_lists(folder: pathlib.Path, chance: random.Random, left_out: list[str]) -> None:
    for name, entries in {
        "several": [(USER_OBJECT, 6), (USER, 6, 1001), (USER, 4, 70_000), (GROUP_OBJECT, 4), (GROUP, 6, 2001), (MASK, 6), (OTHER, 0)],
        "masked": [(USER_OBJECT, 6), (USER, 7, 33), (GROUP_OBJECT, 6), (MASK, 4), (OTHER, 4)],
    }.items():
        path = write(folder / name, name, before_first_day(chance), 0o640)
        set_attribute(path, "system.posix_acl_access", access_list(*entries), left_out)
    inherited = access_list((USER_OBJECT, 7), (USER, 7, 1001), (GROUP_OBJECT, 5), (MASK, 7), (OTHER, 0))
    parent = make_folder(folder / "with_default")
    for kind in ("access", "default"):
        set_attribute(parent, f"system.posix_acl_{kind}", inherited, left_out)
    write(parent / "inherits", "i\n", before_first_day(chance), 0o660)
