# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the corpus' files hold: code, TEI, images, SQL, documents of CouchDB, logs."""
from __future__ import annotations

import json
import random
import struct
from collections.abc import Iterator

from files import DAY, FIRST_DAY, MIB
from words import COMMON, Words

PHP_NOTICE = """<?php

declare(strict_types=1);

/**
 * Part of a site that a laboratory keeps. This file is made by a bench and
 * does nothing; it stands for the thousands that a content management system
 * brings, each of which begins with the same notice of its licence, its
 * authors and the absence of any warranty, to the extent permitted by law.
 *
 * @license AGPL-3.0-or-later
 * @copyright the authors named in the file AUTHORS
 */

"""
PHP_FIELDS = "userId path node share request config logger item media values result query filter".split()
PHP_VERBS = "get set find delete update render check".split()
NAMESPACES = "Core Files Sharing Dav Theme Item Media Site Job Auth".split()
BLOCK = 4096


# --- code -----------------------------------------------------------------------------------------


def php(words: Words, chance: random.Random, size: int, number: int) -> str:
    parts = [PHP_NOTICE, f"namespace {chr(92).join(chance.sample(NAMESPACES, 3))};\n\nuse Site\\Http\\Request;\n\n"
                         f"class C{number:05} extends Controller\n{{\n"]
    length = sum(map(len, parts))
    while length < size:
        first, second, third, fourth = chance.sample(PHP_FIELDS, 4)
        method = f"{chance.choice(PHP_VERBS)}{first.capitalize()}{chance.randrange(9999)}"
        parts.append(
            f"\t/**\n\t * {words.some(chance, 6)}\n\t * @param string ${second}\n\t * @return array\n\t */\n"
            f"\tpublic function {method}(string ${second}, array ${third} = []): array\n\t{{\n"
            f"\t\t${fourth} = $this->{first}->{method}(${second});\n"
            f"\t\tif (${fourth} === null || !isset(${third}['{first}'])) {{\n"
            f"\t\t\tthrow new \\InvalidArgumentException(\"{words.some(chance, 3)}\");\n\t\t}}\n"
            f"\t\treturn ['{third}' => ${fourth}, 'id' => {chance.randrange(10 ** 6)}, 'hash' => '{chance.randbytes(6).hex()}'];\n"
            "\t}\n\n")
        length += len(parts[-1])
    return "".join(parts) + "}\n"


def minified_script(words: Words, chance: random.Random, size: int) -> str:
    parts, length = [], 0
    while length < size:
        name = chance.choice("abcdefghijklmnop") + str(chance.randrange(99))
        parts.append(f"function {name}(t,e,n){{var r=n({chance.randrange(99999)});return t.{words.identifier(chance)}="
                     f"function(){{return e(r.{chance.choice(COMMON)},{chance.randrange(999)})}},"
                     f't.prototype["{words.identifier(chance, 4000)}"]&&e.{chance.choice(("call", "apply", "bind"))}'
                     f"(n,{{{chance.choice(COMMON)}:!{chance.randrange(2)}}})}};")
        length += len(parts[-1])
    return "".join(parts)


def translations(words: Words, chance: random.Random, size: int) -> str:
    entries = {words.some(chance, 3): words.some(chance, 5) for _ in range(size // 80 + 1)}
    return json.dumps(entries, ensure_ascii=False, indent=1)


def style_sheet(chance: random.Random, size: int) -> str:
    return "".join(f".{chance.choice(COMMON)}-{chance.randrange(99)}{{color:#{chance.randbytes(3).hex()};margin:{chance.randrange(40)}px}}\n"
                   for _ in range(size // 40 + 1))


def png(chance: random.Random, size: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chance.randbytes(size)


# --- editions -------------------------------------------------------------------------------------


def tei(words: Words, chance: random.Random, size: int, name: str) -> str:
    date = f"{chance.randrange(1400, 1900)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
    head = f"""<?xml version="1.0" encoding="UTF-8"?>
<?xml-model href="http://www.tei-c.org/release/xml/tei/custom/schema/relaxng/tei_all.rng"?>
<TEI xmlns="http://www.tei-c.org/ns/1.0" xml:id="{name}" xml:lang="fr">
 <teiHeader>
  <fileDesc>
   <titleStmt>
    <title>{words.some(chance, 5).capitalize()}</title>
    <author ref="https://viaf.org/viaf/{chance.randrange(10 ** 8)}">{words.name(chance)}</author>
   </titleStmt>
   <publicationStmt>
    <publisher>Laboratoire d’édition numérique</publisher>
    <availability><licence target="https://creativecommons.org/licenses/by/4.0/"/></availability>
    <date when="{date}"/>
   </publicationStmt>
   <sourceDesc><bibl>ms. fr. {chance.randrange(30000)}, f. {chance.randrange(100)}-{chance.randrange(100, 300)}</bibl></sourceDesc>
  </fileDesc>
 </teiHeader>
 <text>
  <body>
"""
    parts, length, number = [head], len(head), 0
    while length < size:
        number += 1
        parts.append(_tei_part(words, chance, name, number))
        length += len(parts[-1].encode())
    return "".join(parts) + "  </body>\n </text>\n</TEI>\n"


def _tei_part(words: Words, chance: random.Random, name: str, number: int) -> str:
    match chance.choices(("page", "paragraph", "verse", "apparatus", "note"), (12, 50, 20, 10, 8))[0]:
        case "page":
            return f'   <pb n="{number}{"rv"[number % 2]}" facs="#f{number}_{name}"/>\n'
        case "paragraph":
            before, after = (words.text(chance, chance.randrange(*sizes)) for sizes in ((120, 700), (60, 500)))
            person = f'<persName ref="#pers{chance.randrange(4000)}">{words.name(chance)}</persName>'
            return f'   <p xml:id="{name}_p{number}">{before}{person} {after}</p>\n'
        case "verse":
            lines = [f'    <l n="{line}">{words.some(chance, chance.randrange(5, 10))}</l>\n' for line in range(chance.choice((4, 8)))]
            return f"   <lg>\n{''.join(lines)}   </lg>\n"
        case "apparatus":
            return (f'   <app><lem wit="#A">{words.some(chance, 2)}</lem>'
                    f'<rdg wit="#B #C" type="orthographique">{words.some(chance, 2)}</rdg></app>\n')
    return f'   <note place="margin" resp="#ed{chance.randrange(9)}">{words.text(chance, chance.randrange(80, 300)).strip()}</note>\n'


# --- images ---------------------------------------------------------------------------------------


def jpeg(chance: random.Random, size: int) -> bytes:
    """A head as cameras write it, then what no program compresses. The caption begins at byte 200."""
    head = bytes.fromhex("ffd8ffe000104a46494600010101012c012c0000ffdb004300") + bytes(range(1, 65)) + b"\xff\xe1"
    taken = f"{chance.randrange(2010, 2024)}:{chance.randrange(1, 13):02}:{chance.randrange(1, 29):02}"
    notes = f"Exif\0\0II*\0 banc de reproduction {taken}".encode().ljust(4000, b"\0")
    return head + notes + b"\xff\xda" + chance.randbytes(max(0, size - len(head) - 4004)) + b"\xff\xd9"


def scan(chance: random.Random, size: int) -> bytes:
    """Eight bits a pixel: brightness drifts slowly, noise fills the low five bits; about 1.4 : 1."""
    parts, brightness, left = [b"II*\0" + struct.pack("<I", 8) + bytes(504)], 128, size - 512
    while left > 0:
        brightness = max(0, min(223, brightness + chance.randrange(-9, 10)))
        pixel_of = bytes(brightness + (noise & 31) for noise in range(256))
        parts.append(chance.randbytes(min(left, 1 << 16)).translate(pixel_of))
        left -= 1 << 16
    return b"".join(parts)


# --- databases ------------------------------------------------------------------------------------


def mysql_row(words: Words, chance: random.Random, number: int) -> str:
    """Without its parentheses."""
    title, text = (words.some(chance, count).replace("'", "\\'") for count in (4, chance.randrange(8, 60)))
    created = f"{chance.randrange(2012, 2024)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02} " \
              f"{chance.randrange(24):02}:{chance.randrange(60):02}:{chance.randrange(60):02}"
    language = "NULL" if chance.random() < 0.4 else chance.randrange(10 ** 6)
    return f"{number},'{title}','{text}',{chance.randrange(1, 900)},'{created}',{language},'{chance.randbytes(8).hex()}'"


def mysql_dump(words: Words, chance: random.Random, size: int) -> Iterator[bytes]:
    """Tables of 1/12 of the size, in long INSERT lines of 160 rows."""
    yield b"-- MySQL dump 10.19  Distrib 10.11.6-MariaDB\n-- Host: localhost    Database: expositions\nSET NAMES utf8mb4;\n\n"
    written, number, table = 0, 1, 0
    while written < size:
        table += 1
        name = f"`value_{table:02}`"
        yield (f"DROP TABLE IF EXISTS {name};\nCREATE TABLE {name} (\n  `id` int(11) NOT NULL AUTO_INCREMENT,\n"
               "  `title` varchar(190),\n  `value` longtext,\n  `resource_id` int(11),\n  `created` datetime,\n"
               "  `lang_id` int,\n  `uri` varchar(64),\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;\n"
               f"LOCK TABLES {name} WRITE;\n").encode()
        end = min(size, written + max(size // 12, MIB))
        while written < end:
            rows = ",".join(f"({mysql_row(words, chance, number + row)})" for row in range(160))
            line = f"INSERT INTO {name} VALUES {rows};\n".encode()
            yield line
            number, written = number + 160, written + len(line)
        yield b"UNLOCK TABLES;\n\n"
    yield b"-- Dump completed on 2023-11-14  3:00:01\n"


def postgresql_row(words: Words, chance: random.Random, number: int) -> str:
    summary = words.some(chance, chance.randrange(5, 40)) if chance.random() < 0.7 else "\\N"
    changed = f"2023-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
    return f"{number}\tark:/67375/{chance.randbytes(5).hex()}\t{words.some(chance, 5)}\t{words.some(chance, 2)}\t{summary}\t{changed}\n"


def postgresql_dump(words: Words, chance: random.Random, size: int) -> Iterator[bytes]:
    yield b"--\n-- PostgreSQL database dump\n--\n\nSET client_encoding = 'UTF8';\n"
    yield b"COPY public.notices (id, ark, titre, auteur, resume, maj) FROM stdin;\n"
    written, number = 0, 1
    while written < size:
        rows = "".join(postgresql_row(words, chance, number + row) for row in range(400)).encode()
        yield rows
        number, written = number + 400, written + len(rows)
    yield b"\\.\n\n-- PostgreSQL database dump complete\n"


def couch_document(words: Words, chance: random.Random, number: int, revision: int = 1) -> str:
    return json.dumps({
        "_id": f"notice:{number:08}", "_rev": f"{revision}-{chance.randbytes(16).hex()}",
        "type": chance.choice(("notice", "person", "place")), "title": words.some(chance, 6),
        "tags": words.some(chance, 4).split(), "body": words.text(chance, chance.randrange(200, 3500)).strip(),
        "geo": [round(chance.uniform(-5, 9), 6), round(chance.uniform(42, 51), 6)],
        "updated": FIRST_DAY - chance.randrange(10 ** 7)}, ensure_ascii=False)


def couch_blocks(words: Words, chance: random.Random, size: int, number: int = 0) -> bytes:
    """Documents one after the other, each filled up to a block, as an append-only tree holds them."""
    blocks = bytearray()
    while len(blocks) < size:
        document = couch_document(words, chance, number).encode()[:BLOCK - 5]
        blocks += (b"\0\0\0\0\1" + document).ljust(BLOCK, b"\0")
        number += 1
    return bytes(blocks)


# --- logs -----------------------------------------------------------------------------------------

CLIENTS = ("Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
           "Mozilla/5.0 (compatible; searchbot/2.0; +https://search.example.org/bot.html)",
           "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0 Safari/537.36",
           "curl/7.88.1")
SECTIONS = ("iiif/2", "s/corpus/item", "api/items", "files/original")
ENDS = ("", "/info.json", "/full/max/0/default.jpg")


def access_log(words: Words, chance: random.Random, size: int, day: int = 0) -> bytes:
    addresses = [".".join(str(byte) for byte in (chance.randrange(1, 223), *chance.randbytes(3))) for _ in range(900)]
    vocabulary = [word.replace("'", "") for word in words.vocabulary]
    lines, length, second = [], 0, 0
    while length < size:
        second += chance.randrange(4)
        clock = f"{1 + (day + second // DAY) % 30:02}/Nov/2023:{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"
        word = vocabulary[int(len(vocabulary) ** chance.random()) - 1]
        lines.append(f'{addresses[int(900 * chance.random() ** 2)]} - - [{clock} +0100] "GET /{chance.choice(SECTIONS)}/{word}/'
                     f'{chance.randrange(10 ** 5)}{chance.choice(ENDS)} HTTP/1.1" {chance.choice((200, 200, 200, 304, 404))} '
                     f'{chance.randrange(200, 900_000)} "-" "{CLIENTS[int(4 * chance.random() ** 1.5)]}"\n')
        length += len(lines[-1])
    return "".join(lines).encode()


def system_log(words: Words, chance: random.Random, count: int) -> str:
    """So many lines over thirty days."""
    services = ("sshd", "php-fpm", "cron", "systemd", "nginx")
    return "".join(
        f"Nov {line * 30 // count + 1:2} {line // 3600 % 24:02}:{line // 60 % 60:02}:{line % 60:02} vm{chance.randrange(5)} "
        f"{chance.choice(services)}[{chance.randrange(99999)}]: {words.some(chance, 7)}\n" for line in range(count))
