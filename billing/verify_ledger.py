#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Checks a ledger's export without any of Intendance's own code: docs/ledger-format.md alone.

    intendance ledger export --output ledger.jsonl
    python3 verify_ledger.py ledger.jsonl --head HASH [--head HASH …]

It recomputes the hash of every link, compares the tables' rows with the journal, and looks for the
heads printed in earlier reports. Exit status 0: everything is what was recorded. 1: something was
changed, removed or slipped in; each finding is a line. 2: the file cannot be read.
"""
import argparse
import hashlib
import json
import sys

FORMAT = "intendance ledger export 1"


class Unreadable(Exception):
    pass


def field(text):
    data = text.encode("utf-8")
    return len(data).to_bytes(4, "big") + data


def link_hash(kind, version, previous, fields):
    title = f"intendance ledger {kind} {version}"
    return hashlib.sha256(b"".join(map(field, [title, previous, *fields]))).hexdigest()


def price(minutes, cents_per_hour):
    """Whole cents, half a cent away from zero."""
    amount = (abs(minutes) * cents_per_hour + 30) // 60
    return amount if minutes > 0 else -amount


class Verifier:
    def __init__(self):
        self.findings = []
        self.previous = hashlib.sha256(b"intendance ledger").hexdigest()
        self.heads = {self.previous}
        self.place = 0
        self.counts = {"entry": 0, "fact": 0}
        self.facts = {}  # (subject, key): (action, [name, contents…]) as the journal said last
        self.seen = set()
        self.said = None

    def find(self, where, what):
        self.findings.append(f"{where}: {what}")

    def read(self, lines):
        for number, line in enumerate(lines, 1):
            try:
                self.take(json.loads(line))
            except (ValueError, KeyError, TypeError, IndexError) as error:
                raise Unreadable(f"line {number} is not a line of an export: {error!r}") from error
        if self.said is None:
            raise Unreadable("the file is empty")
        self.finish()

    def take(self, line):
        if self.said is None:
            if line["format"] != FORMAT:
                raise Unreadable(f"the file says {line['format']!r}, not {FORMAT!r}")
            self.said = line
        elif "entry" in line:
            self.link("entry", line)
            self.check_entry(line)
        elif "fact" in line:
            self.link("fact", line)
            self.remember(line["fact"])
        else:
            self.row(line)

    def link(self, kind, line):
        fields = line[kind]
        # Version 1 of an entry has no place: it is its number.
        number = int(fields[0] if self.is_old(kind, line) else fields[1])
        place = int(fields[0])
        where = f"{kind} {number}"
        expected = self.counts[kind] + 1
        if number != expected:
            self.find(where, f"{kind} {expected} should stand here")
        elif place != self.place + 1:
            self.find(where, f"stands at place {place} instead of {self.place + 1}")
        if link_hash(kind, line["version"], self.previous, fields) != line["hash"]:
            self.find(where, "it, or the link before it, is not what was recorded")
        self.previous = line["hash"]
        self.heads.add(self.previous)
        self.place, self.counts[kind] = place, number

    @staticmethod
    def is_old(kind, line):
        return kind == "entry" and line["version"] == "1"

    def check_entry(self, line):
        fields = line["entry"][0 if self.is_old("entry", line) else 1:]
        minutes, rate, cents = int(fields[2]), int(fields[12]), int(fields[13])
        if price(minutes, rate) != cents:
            self.find(f"entry {fields[0]}", f"{minutes} minutes at {rate} cents an hour are not {cents} cents")

    def remember(self, fields):
        subject, key, action = fields[2:5]
        columns = fields[8:]
        if int(fields[7]) * 2 != len(columns):
            self.find(f"fact {fields[1]}", "it has not as many columns as it says")
        self.facts[subject, key] = (action, columns)

    def row(self, line):
        subject, key = line["row"]
        self.seen.add((subject, key))
        action, columns = self.facts.get((subject, key), (None, None))
        if action is None:
            self.find(f"{subject} {key}", "was never recorded")
        elif action == "removed":
            self.find(f"{subject} {key}", "was removed once and is there again")
        elif columns != line["columns"]:
            self.find(f"{subject} {key}", "is not what was recorded")

    def finish(self):
        for (subject, key), (action, _) in self.facts.items():
            if action != "removed" and (subject, key) not in self.seen:
                self.find(f"{subject} {key}", "was recorded and is not there")
        for kind, name in (("entry", "entries"), ("fact", "facts")):
            if str(self.counts[kind]) != self.said[name]:
                self.find("export", f"it says {self.said[name]} {name} and holds {self.counts[kind]}")
        if self.previous != self.said["head"]:
            self.find("export", "its last link is not the head that it names")

    def expect(self, head):
        if head.lower() not in self.heads:
            self.find(head, "no link has this fingerprint: what was there when it was printed has been "
                            "removed or changed")


def main():
    parser = argparse.ArgumentParser(description="Check an export of Intendance's ledger.")
    parser.add_argument("export", help="the file, or - for standard input")
    parser.add_argument("--head", action="append", default=[], metavar="HASH",
                        help="a fingerprint printed in an earlier report; may be given several times")
    arguments = parser.parse_args()
    verifier = Verifier()
    try:
        if arguments.export == "-":
            verifier.read(sys.stdin)
        else:
            with open(arguments.export, encoding="utf-8") as file:
                verifier.read(file)
    except (OSError, UnicodeDecodeError, Unreadable) as error:
        print(f"verify_ledger.py: {error}", file=sys.stderr)
        return 2
    for head in arguments.head:
        verifier.expect(head)
    for finding in verifier.findings:
        print(finding)
    print(f"{verifier.counts['entry']} entries, {verifier.counts['fact']} facts, "
          f"{len(verifier.findings)} findings, head {verifier.previous}")
    return 1 if verifier.findings else 0


if __name__ == "__main__":
    sys.exit(main())
