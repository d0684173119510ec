# SPDX-License-Identifier: AGPL-3.0-or-later
"""A day of work on a corpus: a little of everything changes, as it does between two nightly backups."""
from __future__ import annotations

import dataclasses
import os
import pathlib
import random
import shutil

import contents
from files import (MIB, chance_of, files_beneath, link_symbolically, log_normal,
                   log_uniform, make_folder, set_owner, set_time, working_hour, write)
from words import Words


@dataclasses.dataclass
class Work:
    """What was done, in files; `written` is in bytes and counts whole files unless they are appended to."""

    edited: int = 0
    appended: int = 0
    new: int = 0
    deleted: int = 0
    renamed: int = 0
    attributes_only: int = 0
    written: int = 0


def day_of_work(root: pathlib.Path, seed: str, day: int) -> Work:
    """Changes the corpus in `root` in place. The days of a corpus are done in order, from 1."""
    if not (root / "tei").is_dir():
        raise SystemExit(f"{root} is no corpus")
    before = _folder_times(root)
    shift = _Shift(root, seed, day)
    shift.editions()
    shift.code()
    shift.logs()
    shift.mysql_dump()
    shift.postgresql_dump()
    shift.couch()
    shift.images()
    shift.machine_image()
    shift.attributes_and_links()
    for folder in _folders(root):
        status = folder.stat()
        if before.get(status.st_ino) != status.st_mtime_ns:
            set_time(folder, working_hour(chance_of(seed, "folder", day, folder.relative_to(root)), day))
    return shift.work


def _folders(root: pathlib.Path) -> list[pathlib.Path]:
    return [root, *sorted(path for path in root.rglob("*") if path.is_dir() and not path.is_symlink())]


def _folder_times(root: pathlib.Path) -> dict[int, int]:
    """By inode number, because a folder that is renamed keeps its time."""
    return {status.st_ino: status.st_mtime_ns for status in (folder.stat() for folder in _folders(root))}


class _Shift:
    """One day; each method is one kind of work."""

    def __init__(self, root: pathlib.Path, seed: str, day: int):
        self.root, self.seed, self.day = root, seed, day
        self.words = Words(seed)
        self.chance = chance_of(seed, "day", day)
        self.work = Work()

    def editions(self) -> None:
        """1 % edited in the middle, 0.1 % deleted, 0.2 % new; one volume gets another name."""
        files = files_beneath(self.root / "tei", ".xml")
        for path in self._some(files, 100, least=2):
            text = path.read_bytes()
            middle = text.find(b"</p>", len(text) // 2)
            middle = middle if middle >= 0 else text.rfind(b"</p>")
            cut = 0 if self.chance.random() < 0.67 else min(60, middle - text.rfind(b">", 0, middle) - 1)
            added = self.words.run(self.chance, self.chance.randrange(1, 40)).encode()
            self._edit(path, text[:middle - cut] + added + text[middle:])
        for path in self._some(files, 1000):
            self._delete(path)
            files.remove(path)
        for number in range(max(1, len(files) // 500)):
            name = f"n{self.day}_{number}"
            text = contents.tei(self.words, self.chance, log_normal(self.chance, 2000, 80_000, 17_500), name)
            self._add(self.chance.choice(files).parent / f"nouveau_{name}.xml", text.encode())
        volume = self.chance.choice(sorted((self.root / "tei").iterdir()))
        volume.rename(volume.with_name(f"{volume.name.partition('+')[0]}+v{self.day}"))
        self.work.renamed += 1

    def code(self) -> None:
        """A module is brought up to date: 0.5 % edited; some get a new time or mode only."""
        files = files_beneath(self.root / "www", ".php")
        for path in self._some(files, 200):
            text = path.read_bytes()
            middle = text.find(b"\n\n", len(text) // 2) + 1
            self._edit(path, text[:middle] + b"\t// correctif du jour %d\n" % self.day + text[middle:])
        for path in self.chance.sample(files, min(20, len(files))):
            set_time(path, self._now())
            self.work.attributes_only += 1
        for path in self.chance.sample(files, min(5, len(files))):
            path.chmod(0o640)
            self.work.attributes_only += 1

    def logs(self) -> None:
        """3 % more."""
        path = self.root / "log/access.log"
        size = max(20_000, path.stat().st_size * 3 // 100)
        self._append(path, contents.access_log(self.words, self.chance, size, self.day))

    def mysql_dump(self) -> None:
        """Dumped again: in each 150th line of rows some are inserted, changed or deleted."""
        path = self.root / "dumps/expositions.sql"
        lines = path.read_bytes().split(b"\n")
        inserts = [number for number, line in enumerate(lines) if line.startswith(b"INSERT")]
        for number in self._some(inserts, 150, least=3):
            rows = lines[number].removesuffix(b";").split(b"),(")
            place = self.chance.randrange(1, len(rows) - 1)
            match self.chance.choices(("insert", "change", "delete"), (60, 25, 15))[0]:
                case "insert":
                    first = 90_000_000 + self.day * 100_000
                    rows[place:place] = [self._row(first + row) for row in range(self.chance.randrange(1, 30))]
                case "change":
                    rows[place] = self._row(place)
                case _:
                    del rows[place]
            lines[number] = b"),(".join(rows) + b";"
        lines[-2] = b"-- Dump completed on day %d  3:00:01" % self.day
        self._edit(path, b"\n".join(lines), by_rename=False)

    def _row(self, number: int) -> bytes:
        return contents.mysql_row(self.words, self.chance, number).encode()

    def postgresql_dump(self) -> None:
        """Dumped again, into a new file: eight more rows at each of five places."""
        path = self.root / "dumps/notices.sql"
        text = path.read_bytes()
        for _ in range(5):
            place = text.find(b"\n", self.chance.randrange(500, len(text) - 5000)) + 1
            rows = "".join(contents.postgresql_row(self.words, self.chance, 9_000_000 + self.day * 1000 + row) for row in range(8))
            text = text[:place] + rows.encode() + text[place:]
        self._edit(path, text, by_rename=True)

    def couch(self) -> None:
        """The tree's file grows by 1 %, 2 % of the documents are written again."""
        path = self.root / "couchdb/corpus.couch"
        size = max(65_536, path.stat().st_size // 100)
        self._append(path, contents.couch_blocks(self.words, self.chance, size, self.day * 10_000_000))
        for path in self._some(files_beneath(self.root / "couchdb/docs", ".json"), 50):
            document = contents.couch_document(self.words, self.chance, self.chance.randrange(10 ** 6), self.day + 1)
            self._edit(path, document.encode())

    def images(self) -> None:
        """1 % new, two deleted, one gets another caption."""
        files = files_beneath(self.root / "iiif/originals", ".jpg")
        folder = make_folder(self.root / "iiif/originals" / f"dépôt_{self.day}")
        for number in range(max(1, len(files) // 100)):
            self._add(folder / f"neuf_{number:03}.jpg", contents.jpeg(self.chance, log_uniform(self.chance, 300_000, 8_000_000)))
        for path in self.chance.sample(files, min(2, len(files) // 3)):
            self._delete(path)
            files.remove(path)
        path = self.chance.choice(files)
        image = bytearray(path.read_bytes())
        image[200:230] = (b"legende: jour %06d" % self.day).ljust(30)
        self._edit(path, bytes(image))

    def machine_image(self) -> None:
        """Forty blocks are written over, and one MiB of new data is written somewhere."""
        path, block = self.root / "vm/web.raw", contents.BLOCK
        blocks = path.stat().st_size // block
        with open(path, "r+b") as file:
            for _ in range(40):
                file.seek(block * self.chance.randrange(blocks))
                file.write(self.words.text(self.chance, 9000).encode()[:block])
            file.seek(block * self.chance.randrange(blocks - MIB // block))
            file.write(self.chance.randbytes(MIB))
        set_time(path, self._now())
        self.work.edited += 1
        self.work.written += 40 * block + MIB

    def attributes_and_links(self) -> None:
        odd, day = self.root / "odd", self.day
        plain = odd / "attributes/plain"
        if "user.comment" in os.listxattr(plain):
            os.setxattr(plain, "user.comment", b"relu le jour %d" % day)
        (odd / "modes/file0600").chmod(0o640 if day % 2 else 0o600)
        self.work.attributes_only += 2
        link = odd / "symbolic-links/relative"
        link.unlink()
        link_symbolically(link, f"../sizes/s0004097?{day}", self._now())
        os.link(odd / "links/first_05", odd / f"links/link_of_day_{day}")
        write(odd / f"names/ajouté\n{day}", "x", self._now())
        make_folder(odd / f"empty-folder-{day}")
        self.work.new += 3

    # --- one file ---------------------------------------------------------------------------------

    def _now(self) -> int:
        return working_hour(self.chance, self.day)

    def _some(self, choices: list, one_in: int, least: int = 1) -> list:
        return self.chance.sample(choices, max(least, len(choices) // one_in))

    def _edit(self, path: pathlib.Path, data: bytes, by_rename: bool | None = None) -> None:
        """Editors save half of the files under a new name first, the others in place."""
        by_rename = self.chance.random() < 0.5 if by_rename is None else by_rename
        if by_rename and path.stat().st_nlink == 1:
            status, fresh = path.stat(), path.with_name(path.name + "~")
            fresh.write_bytes(data)
            set_owner(fresh, status.st_uid, status.st_gid)
            shutil.copystat(path, fresh)
            fresh.replace(path)
        else:
            path.write_bytes(data)
        set_time(path, self._now())
        self.work.edited += 1
        self.work.written += len(data)

    def _append(self, path: pathlib.Path, data: bytes) -> None:
        with open(path, "ab") as file:
            file.write(data)
        set_time(path, self._now())
        self.work.appended += 1
        self.work.written += len(data)

    def _add(self, path: pathlib.Path, data: bytes) -> None:
        write(path, data, self._now())
        self.work.new += 1
        self.work.written += len(data)

    def _delete(self, path: pathlib.Path) -> None:
        path.unlink()
        self.work.deleted += 1
