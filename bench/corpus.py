#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A corpus to back up: what a laboratory's web machine holds, from one seed.

  corpus.py FOLDER [--scale medium]   make it; FOLDER must be empty or absent
  corpus.py FOLDER --mutate N         do the N-th day of work on it, in place
  corpus.py FOLDER --digest           one SHA-256 over names, contents and attributes

The same seed, scale and days give the same bytes, modes, owners, attributes and times, by the same release of
Python. Inode numbers, times of access and of change, and where blocks lie on the disk are the machine's. Only root
can make other owners, devices and trusted attributes; for others these are left out.
"""
from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import random
import shutil
import sys

import compare_trees
import contents
import mutate
import odd_cases
from files import MIB, before_first_day, chance_of, log_normal, log_uniform, make_folder, set_owner, set_time, write
from words import COMMON, Words

# Medium is 10,500 TEI files, 33,000 entries and 2 GB. The odd cases are the same but at tiny, which is for tests.
SCALES = {"tiny": 0.004, "small": 0.1, "medium": 1.0, "large": 4.0}
WEB_SERVER = 33  # www-data of Debian


@dataclasses.dataclass(frozen=True)
class Corpus:
    """What each part of the corpus needs to make itself."""

    root: pathlib.Path
    seed: str
    scale: float
    words: Words
    left_out: list[str] = dataclasses.field(default_factory=list)  # what the file system could not hold

    def chance(self, *label: object) -> random.Random:
        return chance_of(self.seed, *label)

    def count(self, at_medium: int) -> int:
        return max(1, round(at_medium * self.scale))

    def size(self, mebibytes_at_medium: float) -> int:
        return int(mebibytes_at_medium * MIB * self.scale)


def build(root: pathlib.Path, seed: str = "1", scale: str = "small") -> list[str]:
    """Returns what had to be left out on this file system."""
    if root.exists() and any(root.iterdir()):
        raise SystemExit(f"{root} is not empty")
    corpus = Corpus(make_folder(root), seed, SCALES[scale], Words(seed))
    make_code(corpus, "nextcloud", "nextcloud", 9000)
    make_code(corpus, "expositions", "omeka", 3000)
    make_code(corpus, "collections", "omeka", 3000, local_share=0.02)
    for path in (root / "www/collections").rglob("*"):
        set_owner(path, WEB_SERVER, WEB_SERVER)
    make_editions(corpus)
    make_cloud(corpus, make_images(corpus))
    make_dumps(corpus)
    make_couch(corpus)
    make_logs(corpus)
    make_machine_image(corpus)
    odd_cases.make(root / "odd", seed, min(3000, corpus.count(30_000)), corpus.left_out)
    for folder in sorted(path for path in root.rglob("*") if path.is_dir() and not path.is_symlink()):
        set_time(folder, before_first_day(corpus.chance("folder", folder.relative_to(root))))
    set_time(root, before_first_day(corpus.chance("root")))
    return corpus.left_out


def make_code(corpus: Corpus, site: str, program: str, files: int, local_share: float = 0) -> None:
    """Two sites of one program have the same files, but for the share that was changed locally."""
    chance, words = corpus.chance("code", program), corpus.words
    top, count = corpus.root / "www" / site, corpus.count(files)
    folders = [top]
    for part in ("lib", "apps", "core", "vendor", "themes", "modules", "config"):
        for _ in range(max(1, count // 400)):
            depth = chance.randrange(4)
            names = [words.identifier(chance, 800), *(chance.choice(COMMON).replace("'", "_") for _ in range(depth))]
            folders.append(top.joinpath(part, *names))
    for folder in folders:
        make_folder(folder)
    changes = corpus.chance("local changes", site)
    for number in range(count):
        chance = corpus.chance("code file", program, number)
        folder, form = chance.choice(folders), chance.choices(("php", "js", "json", "css", "png"), (62, 16, 10, 7, 5))[0]
        size = log_normal(chance, 80, 200_000, 2600, sigma=1.15)
        if changes.random() < local_share:
            chance = corpus.chance("local code file", site, number)
        data = {"php": lambda: contents.php(words, chance, size, number),
                "js": lambda: contents.minified_script(words, chance, size * 3),
                "json": lambda: contents.translations(words, chance, size),
                "css": lambda: contents.style_sheet(chance, size),
                "png": lambda: contents.png(chance, size)}[form]()
        write(folder / f"c{number:05}.{form}", data, before_first_day(chance), 0o755 if chance.random() < 0.02 else 0o644)


def make_editions(corpus: Corpus) -> None:
    chance, count, number, volume = corpus.chance("tei"), corpus.count(10_500), 0, 0
    while number < count:
        genre = chance.choice(("lettres", "théâtre", "poésie", "actes"))
        folder = make_folder(corpus.root / "tei" / f"corpus-{volume:03}" / genre)
        volume += 1
        for number in range(number, min(count, number + chance.randrange(40, 400))):
            of_file = corpus.chance("tei file", number)
            name = f"{of_file.choice(('ms', 'lettre', 'pièce', 'œuvre'))}_{number:05}.xml"
            text = contents.tei(corpus.words, of_file, log_normal(of_file, 2000, 80_000, 17_500), f"t{number:05}")
            write(folder / name, text, before_first_day(of_file), 0o664)
        number += 1


def make_images(corpus: Corpus) -> list[pathlib.Path]:
    """Returns the photographs, without the scans."""
    photographs, left = [], corpus.size(560)
    while left > 0:
        number = len(photographs)
        chance = corpus.chance("photograph", number)
        size = log_uniform(chance, 300_000, 8_000_000)
        folder = make_folder(corpus.root / "iiif/originals" / f"cote_{number // 25:03}")
        photographs.append(write(folder / f"vue_{number:05}.jpg", contents.jpeg(chance, size), before_first_day(chance)))
        left -= size
    masters = make_folder(corpus.root / "iiif/masters")
    for number in range(corpus.count(12)):
        chance = corpus.chance("scan", number)
        write(masters / f"scan_{number:04}.tif", contents.scan(chance, chance.randrange(4_000_000, 8_000_000)),
              before_first_day(chance), 0o440)
    return photographs


def make_cloud(corpus: Corpus, photographs: list[pathlib.Path]) -> None:
    """Shared files: copies of each tenth photograph, and documents."""
    copies = make_folder(make_folder(corpus.root / "cloud" / "équipe", 0o750) / "files" / "Photos à trier")
    for number, photograph in enumerate(photographs[::10]):
        copy = copies / f"IMG {number}.jpg"
        shutil.copyfile(photograph, copy)
        copy.chmod(0o644)
        set_owner(copy, WEB_SERVER, WEB_SERVER)
        set_time(copy, before_first_day(corpus.chance("copy", number)))
    for number in range(corpus.count(60)):
        chance = corpus.chance("document", number)
        folder = make_folder(corpus.root / "cloud" / f"user{number % 7:02}" / "files")
        data = b"PK\x03\x04" + chance.randbytes(chance.randrange(8000, 400_000))
        set_owner(write(folder / f"Compte rendu n° {number}.odt", data, before_first_day(chance), 0o640), WEB_SERVER, WEB_SERVER)


def make_dumps(corpus: Corpus) -> None:
    folder = make_folder(corpus.root / "dumps", 0o750)
    for name, dump, mebibytes in (("expositions.sql", contents.mysql_dump, 320), ("notices.sql", contents.postgresql_dump, 110)):
        with open(folder / name, "wb") as file:
            file.writelines(dump(corpus.words, corpus.chance("dump", name), corpus.size(mebibytes)))
        (folder / name).chmod(0o600)
        set_time(folder / name, before_first_day(corpus.chance("time of dump", name), days=1))


def make_couch(corpus: Corpus) -> None:
    folder = corpus.root / "couchdb"
    for number in range(corpus.count(3000)):
        chance = corpus.chance("couch document", number)
        part = make_folder(folder / "docs" / f"{number % 64:02x}")
        write(part / f"notice_{number:08}.json", contents.couch_document(corpus.words, chance, number), before_first_day(chance))
    chance, left, number = corpus.chance("couch export"), corpus.size(50), 0
    with open(folder / "all_docs.ndjson", "wb") as file:
        while left > 0:
            left -= file.write(f"{contents.couch_document(corpus.words, chance, number)}\n".encode())
            number += 1
    (folder / "all_docs.ndjson").chmod(0o644)
    set_time(folder / "all_docs.ndjson", before_first_day(chance))
    write(folder / "corpus.couch", contents.couch_blocks(corpus.words, chance, corpus.size(60)), before_first_day(chance), 0o660)


def make_logs(corpus: Corpus) -> None:
    folder, chance = make_folder(corpus.root / "log"), corpus.chance("logs")
    write(folder / "access.log", contents.access_log(corpus.words, chance, corpus.size(80)), before_first_day(chance, 1), 0o640)
    write(folder / "syslog", contents.system_log(corpus.words, chance, corpus.count(300_000)), before_first_day(chance, 1), 0o640)
    for number in range(1, 9):  # The head of gzip, then noise: no build of zlib has a say in it
        write(folder / f"access.log.{number}.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + chance.randbytes(corpus.size(4)),
              before_first_day(chance, 30), 0o640)


def make_machine_image(corpus: Corpus) -> None:
    """A disk of 2 GiB (at medium), of which six hundredths are written, here and there."""
    path, chance = make_folder(corpus.root / "vm", 0o700) / "web.raw", corpus.chance("machine image")
    apparent = max(64 * MIB, corpus.size(2048))
    with open(path, "wb") as file:
        left = apparent * 6 // 100
        while left > 0:
            size = min(left, contents.BLOCK * chance.randrange(4, 700))
            file.seek(contents.BLOCK * chance.randrange((apparent - size) // contents.BLOCK))
            match chance.choices(("noise", "text", "zeros and noise"), (4, 5, 1))[0]:
                case "noise": file.write(chance.randbytes(size))
                case "text": file.write(corpus.words.text(chance, size * 2).encode()[:size].ljust(size, b"\0"))
                case _: file.write(bytes(size // 2) + chance.randbytes(size - size // 2))
            left -= size
        file.truncate(apparent)
    path.chmod(0o600)
    set_time(path, before_first_day(chance, 1))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--scale", choices=SCALES, default="small")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--mutate", type=int, metavar="N", help="the day, from 1")
    action.add_argument("--digest", action="store_true")
    arguments = parser.parse_args()
    if arguments.digest:
        tree = compare_trees.describe(arguments.folder)
        print(f"{compare_trees.digest(tree)}  {compare_trees.summary(tree)}")
    elif arguments.mutate:
        work = mutate.day_of_work(arguments.folder, arguments.seed, arguments.mutate)
        print(json.dumps(dataclasses.asdict(work)))
    else:
        for thing in build(arguments.folder, arguments.seed, arguments.scale):
            print(f"left out: {thing}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
