# SPDX-License-Identifier: AGPL-3.0-or-later
"""A tree that changes all the time while it is backed up. Each file's contents carry its path, so that another
file's contents are noticed wherever they turn up.

live_tree.py TREE ELSEWHERE SEED: fills TREE and changes it until it is killed; ELSEWHERE takes what is moved away.
"""
from __future__ import annotations

import os
import pathlib
import random
import re
import shutil
import sys

FOLDERS, FILES = 8, 12
FOREIGN = b"of another file\n"


def contents(path: pathlib.Path, lines: int) -> bytes:
    return f"of {path.parent.name}/{path.name}\n".encode() * lines


def is_own(path: pathlib.Path, found: bytes) -> bool:
    """Whether no line is another file's; truncating and appending leave parts of lines and holes."""
    name = f"{path.parent.name}/{path.name}".encode()
    return FOREIGN not in found and set(re.findall(rb"of (folder-\d+/file-\d+)\n", found)) <= {name}


def write(path: pathlib.Path, chance: random.Random) -> None:
    path.write_bytes(contents(path, chance.choice((0, 1, 50, 3000, 40_000))))


def fill(folder: pathlib.Path, chance: random.Random) -> None:
    folder.mkdir()
    for number in range(FILES):
        write(folder / f"file-{number}", chance)


def remove(path: pathlib.Path) -> None:
    if path.is_dir() and not path.is_symlink():
        os.chmod(path, 0o700)
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def replace(path: pathlib.Path, make) -> None:
    """In one step, as an intruder would."""
    new = path.with_name(f".new-{path.name}")
    make(new)
    os.rename(new, path)


def step(tree: pathlib.Path, elsewhere: pathlib.Path, chance: random.Random) -> None:
    folder = tree / f"folder-{chance.randrange(FOLDERS)}"
    path = folder / f"file-{chance.randrange(FILES)}"
    kind = chance.randrange(11)
    if kind == 0 and path.is_file() and not path.is_symlink():
        os.truncate(path, chance.randrange(2_000_000))
    elif kind == 1 and path.is_file() and not path.is_symlink():
        with path.open("ab") as file:
            file.write(contents(path, 1000))
    elif kind == 2:
        replace(path, lambda new: os.symlink(elsewhere / "foreign" / "file-0", new))
    elif kind == 3:
        replace(path, os.mkfifo)
    elif kind == 4 and not path.is_symlink():
        os.chmod(path, chance.choice((0, 0o600)))
    elif kind == 5:
        os.rename(path, elsewhere / "moved")
    elif kind == 6:  # the folder becomes a link to one that has files of the same names
        shutil.rmtree(elsewhere / "gone", ignore_errors=True)
        os.rename(folder, elsewhere / "gone")
        os.symlink(elsewhere / "foreign", folder)
    elif kind == 7:
        remove(folder)
        fill(folder, chance)
    elif kind == 8:
        remove(path)
    else:
        remove(path)
        write(path, chance)


def main() -> None:
    tree, elsewhere, chance = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), random.Random(int(sys.argv[3]))
    (elsewhere / "foreign").mkdir(parents=True)
    for number in range(FILES):
        (elsewhere / "foreign" / f"file-{number}").write_bytes(FOREIGN * 3000)
    for number in range(FOLDERS):
        fill(tree / f"folder-{number}", chance)
    print("ready", flush=True)
    while True:
        try:
            folder = tree / f"folder-{chance.randrange(FOLDERS)}"
            if folder.is_symlink():
                remove(folder)
                fill(folder, chance)
            step(tree, elsewhere, chance)
        except OSError:
            pass  # an earlier step took away what this one wanted


if __name__ == "__main__":
    main()
