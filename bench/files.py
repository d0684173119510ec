# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files whose names, bytes, modes, owners and times follow from a seed, whatever the machine."""
from __future__ import annotations

import errno
import os
import pathlib
import random
import struct
import subprocess

MIB = 1 << 20
SECOND = 1_000_000_000  # nanoseconds
DAY = 86_400
FIRST_DAY = 1_700_000_000  # 14 November 2023; the corpus is as it was then
AS_ROOT = os.geteuid() == 0

# Tags of an entry in an access control list, as Linux' posix_acl_xattr.h has them
USER_OBJECT, USER, GROUP_OBJECT, GROUP, MASK, OTHER = 1, 2, 4, 8, 16, 32
NOBODY_NAMED = 0xFFFF_FFFF


def chance_of(seed: str, *label: object) -> random.Random:
    """A generator of its own for each thing that is made, so that one more file changes no other."""
    return random.Random("/".join(map(str, (seed, *label))))


def before_first_day(chance: random.Random, days: int = 700) -> int:
    """Nanoseconds since 1970, within so many days before the first."""
    return (FIRST_DAY - chance.randrange(days * DAY)) * SECOND + chance.randrange(SECOND)


def working_hour(chance: random.Random, day: int) -> int:
    """Nanoseconds since 1970, between 8 and 19 o'clock of a day after the first."""
    return (FIRST_DAY + day * DAY + chance.randrange(8 * 3600, 19 * 3600)) * SECOND + chance.randrange(SECOND)


def log_normal(chance: random.Random, least: int, most: int, median: float, sigma: float = 0.75) -> int:
    return int(min(most, max(least, median * chance.lognormvariate(0, sigma))))


def log_uniform(chance: random.Random, least: float, most: float) -> int:
    return int(least * (most / least) ** chance.random())


def set_time(path: pathlib.Path, modified: int) -> None:
    """The time of access is the same everywhere; it is compared nowhere."""
    os.utime(path, ns=(FIRST_DAY * SECOND, modified), follow_symlinks=False)


def set_owner(path: pathlib.Path, user: int, group: int) -> None:
    """Only root can; for others the file keeps its owner. Set-user-ID bits go: set the mode afterwards."""
    if AS_ROOT:
        os.chown(path, user, group, follow_symlinks=False)


def make_folder(path: pathlib.Path, mode: int = 0o755) -> pathlib.Path:
    """With the parents that are missing, whatever the umask."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir()
        path.chmod(mode)
    return path


def write(path: pathlib.Path, data: bytes | str, modified: int, mode: int = 0o644) -> pathlib.Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    path.chmod(mode)
    set_time(path, modified)
    return path


def link_symbolically(path: pathlib.Path, target: str, modified: int) -> pathlib.Path:
    path.symlink_to(target)
    set_time(path, modified)
    return path


def set_attribute(path: pathlib.Path, name: str, value: bytes, left_out: list[str]) -> None:
    """What the file system has no room for is noted in `left_out`; anything else that fails is an error."""
    try:
        os.setxattr(path, name, value, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (errno.ENOTSUP, errno.EPERM, errno.ENOSPC):
            raise
        left_out.append(f"{name} of {os.fsencode(path)!r}: {error.strerror}")


def access_list(*entries: tuple[int, int] | tuple[int, int, int]) -> bytes:
    """Entries (tag, permissions[, id]) in the kernel's order, as an extended attribute holds them."""
    packed = [struct.pack("<HHI", entry[0], entry[1], entry[2] if len(entry) == 3 else NOBODY_NAMED) for entry in entries]
    return struct.pack("<I", 2) + b"".join(packed)


def files_beneath(top: pathlib.Path, suffix: str) -> list[pathlib.Path]:
    """Sorted, so that a choice among them is the same everywhere."""
    return sorted(path for path in top.rglob(f"*{suffix}") if path.is_file() and not path.is_symlink())


def remove_tree(top: pathlib.Path) -> None:
    if not top.exists():
        return
    if not AS_ROOT:  # A folder without w and x keeps its contents
        subprocess.run(["chmod", "-R", "u+rwX", "--", top], check=True)
    subprocess.run(["rm", "-rf", "--", top], check=True)
