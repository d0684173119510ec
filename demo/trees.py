# SPDX-License-Identifier: AGPL-3.0-or-later
"""A real tree with everything that a file system holds, and an exact comparison of two trees."""
from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
import stat

SOURCES = ("/usr/share/doc", "/usr/share/perl5", "/usr/share/zoneinfo")
MOST_FILES = 3000


def make_tree(root: pathlib.Path) -> list[str]:
    """Copies real files of this machine into `root` and adds the odd ones. Returns what this file
    system could not hold."""
    root.mkdir(parents=True)
    count = 0
    for source in SOURCES:
        for path in sorted(pathlib.Path(source).rglob("*")):
            if count >= MOST_FILES:
                break
            target = root / path.relative_to("/usr/share")
            if path.is_file() and not path.is_symlink() and os.access(path, os.R_OK):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, target)
                count += 1
    return _add_odd_things(root)


def _add_odd_things(root: pathlib.Path) -> list[str]:
    odd = root / "odd"
    odd.mkdir()
    raw = os.fsencode(odd)
    for name in (b"new\nline", b"not\xffutf8", b"quote\"'\\ $(x)", b"n" * 255, "été à l'Ouvroir".encode()):
        with open(raw + b"/" + name, "wb") as file:
            file.write(name)
    (odd / "empty").touch()
    with open(odd / "sparse", "wb") as file:
        file.seek(50_000_000)
        file.write(b"the end")
    (odd / "large").write_bytes(os.urandom(6_000_000))
    os.link(odd / "large", odd / "a second name")
    (odd / "to nowhere").symlink_to("../nowhere")
    (odd / "to a folder").symlink_to("..")
    os.mkfifo(odd / "fifo", 0o640)
    os.utime(odd / "empty", ns=(-86_400 * 10**9 + 1, -86_400 * 10**9 + 1))
    os.chmod(odd / "large", 0o4750)
    missing = []
    try:
        os.setxattr(odd / "empty", "user.note", b"\0binary\xff")
        os.setxattr(odd, "user.folder", b"")
    except OSError as error:
        missing.append(f"extended attributes ({error.strerror})")
    locked = odd / "locked"
    locked.mkdir()
    (locked / "inside").write_text("x")
    locked.chmod(0o555)
    os.utime(locked, ns=(10**18 + 7, 10**18 + 7))
    return missing


def describe(root: pathlib.Path) -> dict[bytes, tuple]:
    """Everything that a backup must bring back, by relative path."""
    top = os.fsencode(root)
    found: dict[bytes, tuple] = {}
    first_names: dict[tuple[int, int], bytes] = {}
    for folder, folders, files in os.walk(top):
        folders.sort()
        for name in [b"."] + sorted(folders + files):
            path = os.path.join(folder, name) if name != b"." else folder
            relative = os.path.relpath(path, top)
            status = os.lstat(path)
            link = os.readlink(path) if stat.S_ISLNK(status.st_mode) else None
            digest = _digest(path) if stat.S_ISREG(status.st_mode) else None
            first = None
            if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
                first = first_names.setdefault((status.st_dev, status.st_ino), relative)
            attributes = tuple(
                sorted((a, os.getxattr(path, a, follow_symlinks=False)) for a in os.listxattr(path, follow_symlinks=False))
            )
            found[relative] = (
                status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns, status.st_size if digest else 0,
                digest, link, first, attributes,
            )
    return found


def _digest(path: bytes) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def differences(left: pathlib.Path, right: pathlib.Path) -> list[str]:
    """One line for each path that differs, the first twenty."""
    one, two = describe(left), describe(right)
    lines = []
    for path in sorted(one.keys() | two.keys()):
        if one.get(path) != two.get(path):
            lines.append(f"{path!r}: {one.get(path)} became {two.get(path)}")
    return lines[:20]
