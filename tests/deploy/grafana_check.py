#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Checks a Grafana dashboard without Grafana.

grafana_check.py DASHBOARD                     the document itself
grafana_check.py --prometheus URL DASHBOARD    each expression as well, at a Prometheus that
                                               scrapes the four daemons

Exit status 0 when all is well, 1 with one line for each fault. An expression that fails, or that
finds nothing, is a fault, but for those in MAY_BE_EMPTY.
"""
import argparse
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

# Metrics whose absence is good news or depends on what is watched, and why.
MAY_BE_EMPTY = {
    "node_scrape_collector_success{} == 0": "every collector works",
    "probe_failure_info": "no service is down",
    "probe_ssl_earliest_cert_expiry": "no service is served over https",
    "intendance_backup_oldest_unread_byte": "nothing is taken care of by [[care]]",
    "intendance_backup_repository_": "nothing is taken care of by [[care]]",
    "intendance_backup_damaged_objects": "nothing is taken care of by [[care]]",
    "intendance_backup_care_": "nothing is taken care of by [[care]]",
    "node_pressure_": "the kernel was built or started without pressure figures",
}

# What Grafana itself puts in, as it would for a page of the last day.
BUILT_IN = {"__rate_interval": "2m", "__interval": "30s", "__range": "24h"}

LEAST_SCHEMA = 36  # Grafana 9, which Debian 12's users have at least
VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)")


def panels_of(dashboard):
    for panel in dashboard.get("panels", []):
        yield panel
        yield from panel.get("panels", [])


def expressions_of(dashboard):
    for panel in panels_of(dashboard):
        for target in panel.get("targets", []):
            yield panel, target


def variables_of(dashboard):
    return {each["name"]: each for each in dashboard.get("templating", {}).get("list", [])}


def substitute(expression, variables):
    """The expression with every variable at "All"; raises KeyError for one that is not declared."""

    def value(match):
        name = match.group(1) or match.group(2)
        if name in BUILT_IN:
            return BUILT_IN[name]
        return variables[name].get("allValue") or ".*"

    return VARIABLE.sub(value, expression)


def faults_of_document(dashboard):
    if not re.fullmatch(r"[a-z0-9-]{1,40}", dashboard.get("uid") or ""):
        yield "uid is missing or not made of a-z, 0-9 and -"
    if dashboard.get("schemaVersion", 0) < LEAST_SCHEMA:
        yield f"schemaVersion is below {LEAST_SCHEMA}"
    if dashboard.get("id") is not None:
        yield "id belongs to the Grafana that it was exported from"
    if not any(each["type"] == "datasource" for each in variables_of(dashboard).values()):
        yield "there is no variable for the data source"
    numbers = [panel.get("id") for panel in panels_of(dashboard)]
    for number in sorted({str(each) for each in numbers if each is None or numbers.count(each) > 1}):
        yield f"panel id {number} is missing or stands twice"


def faults_of_panel(panel):
    title = panel.get("title", "").strip()
    name = f'panel {panel.get("id")} "{title}"'
    if not title:
        yield f"{name}: no title"
    place = panel.get("gridPos", {})
    if place.get("x", 0) + place.get("w", 25) > 24:
        yield f"{name}: wider than the page"
    if panel.get("type") == "row":
        return
    if not panel.get("targets"):
        yield f"{name}: nothing is asked"
    if not panel.get("fieldConfig", {}).get("defaults", {}).get("unit"):
        yield f"{name}: no unit"
    for asker in [panel, *panel.get("targets", [])]:
        if asker.get("datasource", {}).get("uid") != "${datasource}":
            yield f"{name}: its data source is not ${{datasource}}"


def faults_of_places(dashboard):
    taken = {}
    for panel in dashboard.get("panels", []):
        place = panel["gridPos"]
        for column in range(place["x"], place["x"] + place["w"]):
            for line in range(place["y"], place["y"] + place["h"]):
                other = taken.setdefault((column, line), panel["id"])
                if other != panel["id"]:
                    yield f'panel {panel["id"]} lies on panel {other}'
                    return


def ask(prometheus, expression):
    """How many series the expression finds now; raises ValueError with Prometheus' own words."""
    body = urllib.parse.urlencode({"query": expression}).encode()
    try:
        with urllib.request.urlopen(f"{prometheus.rstrip('/')}/api/v1/query", body, timeout=30) as answer:
            result = json.load(answer)["data"]["result"]
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")
        try:
            text = json.loads(text)["error"]
        except (ValueError, KeyError):
            text = text[:200]
        raise ValueError(f"Prometheus answers {error.code}: {text}") from error
    except OSError as error:
        raise ValueError(f"{prometheus} does not answer: {error}") from error
    return len(result)


def excuse_of(expression):
    plain = re.sub(r"\{[^{}]*\}", "{}", expression)
    for part, reason in MAY_BE_EMPTY.items():
        if part in plain:
            return reason
    return None


def faults_of_expressions(dashboard, prometheus):
    variables = variables_of(dashboard)
    for panel, target in expressions_of(dashboard):
        name = f'panel {panel.get("id")} "{panel.get("title")}" {target.get("refId")}'
        try:
            expression = substitute(target["expr"], variables)
            if prometheus is None:
                continue
            found = ask(prometheus, expression)
        except KeyError as error:
            yield f"{name}: {error} is neither declared nor known"
        except ValueError as error:
            yield f"{name}: {target['expr']}: {error}"
        else:
            excuse = excuse_of(target["expr"])
            if found == 0 and excuse is None:
                yield f"{name}: finds nothing: {expression}"
            else:
                print(f"{found:4} series  {name}" + (f"  (may be empty: {excuse})" if found == 0 else ""))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prometheus", metavar="URL", help="run every expression there")
    parser.add_argument("dashboard")
    arguments = parser.parse_args()
    with open(arguments.dashboard, encoding="utf-8") as file:
        dashboard = json.load(file)
    faults = [*faults_of_document(dashboard), *faults_of_places(dashboard)]
    for panel in panels_of(dashboard):
        faults += faults_of_panel(panel)
    faults += faults_of_expressions(dashboard, arguments.prometheus)
    for fault in faults:
        print(f"{arguments.dashboard}: {fault}", file=sys.stderr)
    asked = sum(1 for _ in expressions_of(dashboard))
    print(f"{sum(1 for _ in panels_of(dashboard))} panels, {asked} expressions, {len(faults)} faults")
    return 1 if faults or asked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
