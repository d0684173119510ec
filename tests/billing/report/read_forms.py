#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reads a report's files with nothing of ours and says what is wrong with them.

read_forms.py html FILE LANGUAGE        landmarks, headings, tables, no outside reference
read_forms.py xlsx FILE                 prints every sheet as JSON: {name: [[cell, …], …]}
read_forms.py pdf FILE LANGUAGE TITLE   tags, language, outline, alternatives (pdfinfo of poppler-utils)
"""
import datetime
import html.parser
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile

VOID = {"meta", "link", "br", "img", "hr", "input", "col"}
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.faults, self.open, self.ids, self.wanted = [], [], set(), set()
        self.headings, self.landmarks, self.tables, self.figures = [], [], 0, 0
        self.language = None

    def fault(self, text):
        self.faults.append(f"line {self.getpos()[0]}: {text}")

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "html":
            self.language = given.get("lang")
        if "id" in given:
            if given["id"] in self.ids:
                self.fault(f"the id {given['id']} stands twice")
            self.ids.add(given["id"])
        self.wanted.update(given.get("aria-labelledby", "").split())
        self.look_at_references(tag, given)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag in ("header", "nav", "main", "footer"):
            self.landmarks.append(tag)
        if tag == "section" and "aria-labelledby" not in given:
            self.fault("a section without a name")
        if tag == "th" and given.get("scope") not in ("row", "col"):
            self.fault("a header without a scope")
        if tag == "table":
            self.tables += 1
            self.captioned = False
        if tag == "caption":
            self.captioned = True
        if tag == "tr" and not self.captioned:
            self.fault("a table without a caption")
        if tag == "svg":
            self.figures += 1
            if given.get("role") != "img" or len(given.get("aria-label", "")) < 20:
                self.fault("a figure without an alternative text")

    def look_at_references(self, tag, given):
        if tag in ("script", "iframe", "object", "embed", "link", "img", "image", "use", "base"):
            self.fault(f"<{tag}> has no place here")
        for name, value in given.items():
            if name.startswith("on"):
                self.fault(f"{name} is a script")
            if name in ("href", "src", "xlink:href", "action"):
                if not value.startswith("#"):
                    self.fault(f"{name}={value} leads outside")
                else:
                    self.wanted.add(value[1:])
            if name in ("fill", "style") and "url(" in value and "url(#" not in value:
                self.fault(f"{name}={value} leads outside")

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.fault(f"</{tag}> closes something else")

    def handle_data(self, data):
        if self.open and self.open[-1] == "style" and re.search(r"@import|url\(", data):
            self.fault("the style sheet leads outside")


def read_html(path, language):
    page = Page()
    page.feed(open(path, encoding="utf-8").read())
    page.close()
    faults = page.faults
    if page.language != language:
        faults.append(f"the language is {page.language}")
    if page.open:
        faults.append(f"left open: {page.open}")
    if missing := page.wanted - page.ids:
        faults.append(f"no such id: {sorted(missing)}")
    if page.landmarks != ["header", "main", "nav", "footer"]:
        faults.append(f"landmarks are {page.landmarks}")
    if page.headings[:1] != [1] or page.headings.count(1) != 1:
        faults.append("there must be one h1, first")
    for before, after in zip(page.headings, page.headings[1:]):
        if after > before + 1:
            faults.append(f"h{after} follows h{before}")
    if page.figures != 3 or page.tables < 8:
        faults.append(f"{page.figures} figures, {page.tables} tables")
    return faults


def value_of(cell, styles):
    if cell.get("t") == "inlineStr":
        return "".join(part.text or "" for part in cell.iter(MAIN + "t"))
    text = cell.findtext(MAIN + "v")
    if styles[int(cell.get("s", 0))] == "165":
        return (datetime.date(1899, 12, 30) + datetime.timedelta(days=int(text))).isoformat()
    return float(text) if "." in text else int(text)


def read_xlsx(path):
    with zipfile.ZipFile(path) as book:
        if book.testzip():
            raise SystemExit("damaged")
        if [name for name in book.namelist() if "vba" in name.lower()]:
            raise SystemExit("a macro")
        styles = [format.get("numFmtId") for format in
                  ET.fromstring(book.read("xl/styles.xml")).find(MAIN + "cellXfs")]
        targets = {r.get("Id"): r.get("Target") for r in ET.fromstring(book.read("xl/_rels/workbook.xml.rels"))}
        sheets = {}
        for sheet in ET.fromstring(book.read("xl/workbook.xml")).iter(MAIN + "sheet"):
            page = ET.fromstring(book.read("xl/" + targets[sheet.get(RELATION)]))
            if list(page.iter(MAIN + "f")):
                raise SystemExit("a formula")
            if page.find(f"{MAIN}sheetViews/{MAIN}sheetView/{MAIN}pane").get("state") != "frozen":
                raise SystemExit("the header is not frozen")
            sheets[sheet.get("name")] = [[value_of(cell, styles) for cell in row] for row in page.iter(MAIN + "row")]
    print(json.dumps(sheets, ensure_ascii=False))
    return []


def pdfinfo(*arguments):
    return subprocess.run(["pdfinfo", *arguments], check=True, capture_output=True, timeout=60).stdout.decode()


def read_pdf(path, language, title):
    faults = []
    facts = dict(re.findall(r"^([^:]+):\s*(.*)$", pdfinfo(path), re.MULTILINE))
    if facts.get("Tagged") != "yes" or facts.get("Title") != title or facts.get("JavaScript") != "no":
        faults.append(f"pdfinfo says {facts}")
    raw = open(path, "rb").read()
    if f"/Lang ({language})".encode() not in raw:
        faults.append(f"the language is not {language}")
    if b"/Outlines" not in raw:
        faults.append("no outline")
    structure = pdfinfo("-struct", path)
    for tag in ("H1", "H2", "Table", "TH", "TD", "Figure", "L", "Caption"):
        if not re.search(rf"^\s*{tag}\b", structure, re.MULTILINE):
            faults.append(f"no {tag} in the structure")
    if len(re.findall(r"/Alt ", raw.decode("latin-1"))) < 3:
        faults.append("fewer than three alternative texts")
    return faults


def main():
    kind, *arguments = sys.argv[1:]
    faults = {"html": read_html, "xlsx": read_xlsx, "pdf": read_pdf}[kind](*arguments)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
