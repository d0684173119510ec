# SPDX-License-Identifier: AGPL-3.0-or-later
"""A tree with everything in it that a backup tends to lose, and a description to compare trees by."""
from __future__ import annotations

import hashlib
import os
import pathlib
import random
import shutil
import stat
import subprocess

MINUTE = 60 * 1_000_000_000
ODD_NAMES = [b"two\nlines", b"it's \"quoted\"", b"back\\slash", b"l\xe9on (latin-1)", "éàü – 文".encode(), b" ",
             b"-rf", b"*", b"\x01\x7f", b"n" * 255]


def make(top: pathlib.Path, seed: int) -> None:
    """Fills `top`, which does not exist yet. The seed makes the random contents."""
    chance = random.Random(seed)
    top.mkdir()
    (top / "empty").touch()
    (top / "one byte").write_bytes(b"x")
    (top / "random").write_bytes(chance.randbytes(5 << 20))
    (top / "zeros").write_bytes(bytes(1 << 20))
    _make_corpus(top / "corpus", chance)
    _make_links(top)
    _make_sparse(top / "sparse", chance)
    _make_times(top / "times")
    _make_modes(top / "modes")
    _make_attributes(top / "attributes")
    odd = os.fsencode(top) + b"/odd"
    os.mkdir(odd)
    for name in ODD_NAMES:
        with open(odd + b"/" + name, "wb") as file:
            file.write(name)
    (top / "deep").joinpath(*["d" * 100] * 20).mkdir(parents=True)
    (top / "empty folder").mkdir()
    # Sorted as bytes, "a.c" comes between "a" and "a/b"; sorted part by part it does not.
    (top / "a").mkdir()
    for name in ("a/b", "a.c", "a-", "a0"):
        (top / name).write_text(name)
    os.mkfifo(top / "fifo", 0o620)
    if os.geteuid() == 0:
        os.mknod(top / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        os.mknod(top / "loop", 0o660 | stat.S_IFBLK, os.makedev(7, 200))


def _make_corpus(folder: pathlib.Path, chance: random.Random) -> None:
    words = [chance.randbytes(chance.randint(2, 9)).hex() for _ in range(400)]
    for number in range(300):
        part = folder / f"volume-{number % 7}"
        part.mkdir(parents=True, exist_ok=True)
        text = "".join(f"  <p n='{line}'>{' '.join(chance.choices(words, k=12))}</p>\n" for line in range(number % 40))
        (part / f"lettre-{number:04}.xml").write_text(f"<TEI>\n{text}</TEI>\n")


def _make_links(top: pathlib.Path) -> None:
    (top / "links").mkdir()
    os.link(top / "one byte", top / "links" / "the same byte")
    os.link(top / "one byte", top / "links" / "again")
    (top / "links" / "dangling").symlink_to("/nowhere/at all")
    (top / "links" / "to a folder").symlink_to("../corpus")
    (top / "links" / "loop").symlink_to("loop")
    os.link(top / "links" / "dangling", top / "links" / "dangling too", follow_symlinks=False)
    os.symlink(b"not \xff utf-8", os.fsencode(top) + b"/links/odd")
    os.mkfifo(top / "links" / "fifo")
    os.link(top / "links" / "fifo", top / "links" / "fifo too")


def _make_sparse(folder: pathlib.Path, chance: random.Random) -> None:
    folder.mkdir()
    layouts = {"start": ([1 << 20], 1 << 21), "middle": ([0, 1 << 21], 3 << 20), "end": ([0], 4 << 20),
               "all": ([], 8 << 20), "three": ([1 << 16, 1 << 18, 1 << 20], (1 << 21) + 1), "huge": ([], 1 << 40)}
    for name, (places, size) in layouts.items():
        with open(folder / name, "wb") as file:
            for place in places:
                os.pwrite(file.fileno(), chance.randbytes(70_000), place)
            file.truncate(size)


def _make_times(folder: pathlib.Path) -> None:
    folder.mkdir()
    for nanoseconds in (0, 1, -1, -1_000_000_001, 951_782_400_123_456_789, 4_102_444_800_999_999_999):
        file = folder / str(nanoseconds)
        file.write_text("when?")
        os.utime(file, ns=(nanoseconds, nanoseconds))
    link = folder / "link"
    link.symlink_to("x")
    os.utime(link, ns=(5, 1_234_567_890_000_000_001), follow_symlinks=False)
    os.utime(folder, ns=(7, 7))


def _make_modes(folder: pathlib.Path) -> None:
    folder.mkdir()
    for mode in (0o400, 0o644, 0o755, 0o4755, 0o2755, 0o1644, 0o6711, 0o777):
        (folder / f"{mode:04o}").write_text(f"{mode:o}")
        (folder / f"{mode:04o}").chmod(mode)
    for mode in (0o1777, 0o2775, 0o500):
        (folder / f"folder {mode:04o}").mkdir()
        (folder / f"folder {mode:04o}" / "in it").touch() if mode & 0o200 else None
        (folder / f"folder {mode:04o}").chmod(mode)
    if os.geteuid() == 0:
        (folder / "0000").write_text("locked")
        os.chown(folder / "0000", 1234, 4321)
        (folder / "0000").chmod(0)
        (folder / "folder 0000").mkdir(mode=0)
        (folder / "4755").unlink()
        (folder / "4755").write_text("another's")
        os.chown(folder / "4755", 65534, 65534)
        (folder / "4755").chmod(0o4755)
        (folder / "link").symlink_to("x")
        os.chown(folder / "link", 12, 34, follow_symlinks=False)


def _make_attributes(folder: pathlib.Path) -> None:
    folder.mkdir()
    (folder / "file").write_text("with attributes")
    (folder / "folder").mkdir()
    try:
        os.setxattr(folder / "file", "user.binary", bytes(range(256)))
        os.setxattr(folder / "file", "user.empty", b"")
        os.setxattr(folder / "folder", "user.lang", "français".encode())
        if os.geteuid() == 0:
            os.setxattr(folder / "file", "trusted.note", b"for root")
            capability = bytes.fromhex("0100000200040000000000000000000000000000")  # cap_net_bind_service=ep
            os.setxattr(folder / "file", "security.capability", capability)
    except OSError as error:
        print(f"sample_tree: no extended attributes here ({error.strerror}): not tried")
    if shutil.which("setfacl"):
        for arguments in (["-m", "u:1234:rwx,g:4321:r", folder / "file"], ["-d", "-m", "u:1234:rwx", folder / "folder"]):
            done = subprocess.run(["setfacl", *arguments], capture_output=True, text=True)
            if done.returncode:
                print(f"sample_tree: no ACL here ({done.stderr.strip()}): not tried")


def change(top: pathlib.Path, seed: int) -> None:
    """What may happen between two backups: one of each kind of change."""
    chance = random.Random(seed)
    with open(top / "random", "r+b") as file:
        os.pwrite(file.fileno(), b"changed in the middle", 3_000_000)
    with open(top / "one byte", "ab") as file:
        file.write(b"and more, under three names")
    (top / "zeros").unlink()
    (top / "new").write_bytes(chance.randbytes(300_000))
    (top / "a.c").unlink()
    (top / "a.c").mkdir()
    (top / "a.c" / "inside").touch()
    (top / "corpus" / "volume-1").rename(top / "corpus" / "volume-eins")
    (top / "corpus" / "volume-2" / "lettre-0002.xml").chmod(0o600)
    same_size = top / "corpus" / "volume-3" / "lettre-0003.xml"
    before = same_size.stat()
    same_size.write_bytes(same_size.read_bytes().replace(b"p", b"q"))
    os.utime(same_size, ns=(before.st_atime_ns, before.st_mtime_ns))  # only its ctime tells
    shutil.rmtree(top / "empty folder")
    (top / "empty folder").symlink_to("a")
    with open(top / "sparse" / "all", "r+b") as file:
        os.pwrite(file.fileno(), b"no longer empty", 5 << 20)


def describe(top: pathlib.Path) -> dict[bytes, dict[str, object]]:
    """Each path beneath `top`, and `top` itself, with all that a restore must bring back."""
    described: dict[bytes, dict[str, object]] = {}
    first_names: dict[tuple[int, int], bytes] = {}
    start = os.fsencode(top)

    def visit(path: bytes) -> None:
        status = os.lstat(path)
        name = os.path.relpath(path, start)
        kind = stat.S_IFMT(status.st_mode)
        described[name] = {
            "kind": kind, "mode": stat.S_IMODE(status.st_mode), "owner": (status.st_uid, status.st_gid),
            "mtime": status.st_mtime_ns, "device": status.st_rdev,
            "first name": name if stat.S_ISDIR(kind) else first_names.setdefault((status.st_dev, status.st_ino), name),
            "attributes": {key: os.getxattr(path, key, follow_symlinks=False)
                           for key in os.listxattr(path, follow_symlinks=False)},
        }
        if stat.S_ISLNK(kind):
            described[name]["target"] = os.readlink(path)
        elif stat.S_ISREG(kind):
            described[name].update(_contents(path, status.st_size))
        elif stat.S_ISDIR(kind):
            for entry in sorted(os.listdir(path)):
                visit(path + b"/" + entry)

    visit(start)
    return described


def _contents(path: bytes, size: int) -> dict[str, object]:
    parts, place, hashed = [], 0, hashlib.sha256()
    with open(path, "rb") as file:
        while place < size:
            try:
                begin = os.lseek(file.fileno(), place, os.SEEK_DATA)
            except OSError:  # nothing but a hole from here on
                break
            place = os.lseek(file.fileno(), begin, os.SEEK_HOLE)
            parts.append((begin, place))
            hashed.update(os.pread(file.fileno(), place - begin, begin))
    return {"size": size, "data": parts, "contents": hashed.hexdigest()}
