# SPDX-License-Identifier: AGPL-3.0-or-later
"""The steps of the demo. Each returns one line for people and raises StageError when it does not hold."""
from __future__ import annotations

import csv
import datetime
import json
import os
import re
import socket

import trees
from lab import DAEMONS, Lab
from stage import StageError, wait_for

FUND = "F-1234"


def require(holds: bool, message: str) -> None:
    if not holds:
        raise StageError(message)


def begin(lab: Lab) -> str:
    lab.data.mkdir()
    lab.start_postgresql()
    lab.write_configuration()
    lab.make_repository()
    user = os.getuid()
    require(user != 0, "the demo must not go on as root")
    return f"as user {user}, in {lab.stage.state}"


def start(lab: Lab) -> str:
    lab.start_daemons()
    rules = sorted(lab.stage.folder("deploy").glob("prometheus/*rules.yml"))
    require(len(rules) > 0, "there are no alert rules in deploy/prometheus")
    lab.start_prometheus(rules)
    return f"{len(DAEMONS)} daemons and Prometheus, on loopback"


def collect(lab: Lab) -> str:
    page = lab.get("collectord", "/metrics")
    names = {line.split("{")[0].split(" ")[0] for line in page.splitlines() if line and not line.startswith("#")}
    for name in ("node_cpu_seconds_total", "node_memory_MemAvailable_bytes", "node_filesystem_avail_bytes",
                 "node_disk_read_bytes_total", "node_network_receive_bytes_total", "node_load1", "node_uname_info",
                 "node_time_seconds", "node_boot_time_seconds"):
        require(name in names, f"collectord's page lacks {name}")
    cpu = sum(float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line.startswith("node_cpu_seconds_total{"))
    require(cpu > 0, "the processors have not worked a second")
    return f"{len(names)} metrics of this machine, {page.count(chr(10))} lines"


def probe(lab: Lab) -> str:
    def up() -> dict | None:
        services = lab.get_json("collectord", "/api/v1/status")["services"]
        return services[0] if services and services[0]["state"] == "up" else None

    service = wait_for("the probe of the dashboard", up)
    return f"{service['name']} is up, answered in {service['duration_seconds'] * 1000:.0f} ms"


def backup_and_restore(lab: Lab) -> str:
    missing = trees.make_tree(lab.tree)
    record = json.loads(lab.cli("backup", "tei", "--json"))
    require(record["files"] > 1000, f"only {record['files']} files were backed up")
    target = lab.stage.folder("restored")
    reading = ("--repository", lab.repository, "--keys", lab.owner_keys)
    above = len(lab.tree.relative_to("/").parts) - 1
    lab.cli("restore", record["snapshot"], "--target", target, "--strip", above, *reading)
    found = trees.differences(lab.tree, target / lab.tree.name)
    require(not found, "the restored tree differs:\n    " + "\n    ".join(found))
    lab.cli("verify", "--read-data", *reading)
    note = f" (this file system has no {', '.join(missing)})" if missing else ""
    return f"{record['files']} files come back with everything{note}"


def back_up_database(lab: Lab) -> str:
    """The daemon's own schedule runs this job; it is due at each full minute."""
    run = wait_for("the scheduled job", lambda: lab.job("bibliotheque")["last_run"], 90)
    require(run["outcome"] == "done", f"the scheduled job: {run['error']}")
    target = lab.stage.folder("restored")
    lab.cli("restore", run["snapshot"], "/databases", "--target", target, "--repository", lab.repository, "--keys", lab.owner_keys)
    run_folder = lab.stage.folder("run")
    lab.stage.run("createdb", "-h", run_folder, "rendue")
    lab.stage.run("pg_restore", "-h", run_folder, "-d", "rendue", "--exit-on-error", "--single-transaction",
                  target / "databases/postgresql/bibliotheque.dump")
    ask = "select count(*), md5(string_agg(numero || texte, '' order by numero)) from lettre"
    before, after = (lab.stage.run("psql", "-h", run_folder, "-d", name, "-Atc", ask) for name in ("bibliotheque", "rendue"))
    require(before == after and before.startswith("20000|"), f"the restored database differs: {before} became {after}")
    return "20000 rows, dumped by the daemon's schedule, come back the same"


def stolen_machine(lab: Lab) -> str:
    """With all that the machine holds, its own backups cannot be read."""
    lab.cli("restore", "latest", "--target", lab.stage.folder("stolen"), "--repository", lab.repository, "--keys", lab.machine_keys, status=(2,))
    require(not lab.stage.folder("stolen").exists(), "something was restored without a reader key")
    return "what the machine holds reads nothing of what is stored"


def log_hours(lab: Lab) -> str:
    today = datetime.date.today()
    year = today.year if today.month >= 4 else today.year - 1
    lab.cli("rate", "set", "--vendor", "koumbit", "--amount", "120", "--from", f"{year}-04-01")
    lab.cli("budget", "set", "--fund", FUND, "--year", year, "--amount", "24000")
    lab.cli("hours", "add", "1h30", "--service", "tableau-de-bord", "mise à jour d'Omeka")
    answer = lab.cli("hours", "add", "30m", "--service", "tableau-de-bord", "certificat", "--lang", "fr")
    return answer.strip().splitlines()[0]


def report(lab: Lab) -> str:
    month = datetime.date.today().strftime("%Y-%m")
    reports = lab.stage.folder("reports")
    for language in ("fr", "en"):
        lab.cli("report", "monthly", month, "--lang", language, "--format", "all", "--output", reports)
    french = {kind: reports / f"{month}-{FUND}-fr.{kind}" for kind in ("json", "csv", "txt")}
    # 2 h at 120 $: 240.00 before tax, 12.00 TPS and 23.94 TVQ.
    document = json.loads(french["json"].read_text())
    require('"before_tax_cents": 24000' in json.dumps(document), "the report's JSON does not hold 240.00 $ before tax")
    rows = list(csv.reader(french["csv"].open(encoding="utf-8-sig")))
    require(len(rows) == 3, f"the report's CSV has {len(rows) - 1} entries instead of 2")
    text = french["txt"].read_text()
    require(re.search("240,00\\s\\$", text) is not None, "the report's text does not hold 240,00 $")
    budget = lab.get_json("billingd", "/api/v1/budget")
    require(budget["currency"] == "CAD", "billingd speaks of another currency")
    wait_for("billingd to see both hours", lambda: lab.get_json("billingd", "/api/v1/budget")["budgets"][0]["minutes"] == 120, 90)
    return f"two hours are 240,00 $ in the report of {month}, to the cent"


def status(lab: Lab) -> str:
    """A warning (a disk of this machine nearly full, say) is no fault of the demo."""

    def well() -> str | None:
        text = lab.cli("status", "--lang", "fr", status=(0, 3))
        return text if "1/1 répondent" in text and "2/2 à l'heure" in text else None

    return "\n" + "\n".join("      " + line for line in wait_for("intendance status", well).rstrip().splitlines())


ALWAYS = [
    ("the stage is set", begin),
    ("the daemons are ready", start),
    ("the machine is measured", collect),
    ("a service is probed", probe),
    ("a tree is backed up and restored", backup_and_restore),
    ("a scheduled job ran", back_up_database),
    ("two hours are logged", log_hours),
    ("the month is reported", report),
    ("the whole on one screen", status),
]


# --- with --check ---


def read_by_prometheus(lab: Lab) -> str:
    wait_for("Prometheus to see every daemon", lambda: len(lab.query("up == 1")) == len(DAEMONS))
    for expression in ("sum(rate(node_cpu_seconds_total[20s])) > 0", "probe_success == 1",
                       'intendance_backup_last_run_success{job_name="tei"} == 1',
                       "sum(intendance_work_seconds) == 7200"):
        wait_for(expression, lambda: lab.query(expression))
    series = int(lab.query("count({__name__=~'.+'})")[0]["value"][1])
    return f"{series} series of {len(DAEMONS)} daemons, no scrape failed"


def check_dashboard_of_grafana(lab: Lab) -> str:
    lab.stage.run("/usr/bin/python3", lab.stage.folder("deploy-tests") / "grafana_check.py", "--prometheus", lab.url("prometheus"),
                  lab.stage.folder("deploy") / "grafana/intendance.json")
    return "every expression of its panels is answered"


def see_page(lab: Lab) -> str:
    wait_for("webd to know the budget", lambda: lab.get_json("webd", "/api/v1/overview")["billing"]["budgets"])
    picture = lab.stage.folder("reports") / "page.png"
    lab.stage.run("node", lab.stage.folder("browser") / "demo_page.mjs", lab.url("webd", "/"), lab.access_token, picture)
    return f"loaded in Chromium, with this machine, its backups and its budget ({picture.stat().st_size // 1024} KiB)"


def survive_kills(lab: Lab) -> str:
    for name in DAEMONS:
        jobs_before = {job["name"]: job["last_success"] for job in lab.get_json("backupd", "/api/v1/status")["jobs"]}
        lab.kill_daemon(name)
        for other in DAEMONS:
            if other != name:
                require("# TYPE" in lab.get(other, "/metrics"), f"{other} does not serve after {name} was killed")
        lab.start_daemon(name)
        require("# TYPE" in lab.get(name, "/metrics"), f"{name} does not serve after its restart")
        for job in lab.get_json("backupd", "/api/v1/status")["jobs"]:
            require((job["last_success"] or "") >= (jobs_before[job["name"]] or ""), f"job {job['name']} forgot its last success")
    wait_for("billingd to know the hours again", lambda: lab.get_json("billingd", "/api/v1/budget")["budgets"][0]["minutes"] == 120)
    wait_for("webd to see the machine again", lambda: lab.get_json("webd", "/api/v1/overview")["machines"])
    return "each killed in turn: the others serve, it goes on where it was"


def nothing_is_left(lab: Lab) -> None:
    for name, port in lab.ports.items():
        with socket.socket() as client:
            require(client.connect_ex(("127.0.0.1", port)) != 0, f"{name} still listens on {port}")
    for server in lab.stage.servers:
        require(server.process.poll() is not None, f"{server.name} still runs")
    require(lab.stage.keep or not lab.stage.state.exists(), f"{lab.stage.state} was not removed")


CHECKS = [
    ("a thief reads nothing", stolen_machine),
    ("Prometheus reads every page", read_by_prometheus),
    ("Grafana's dashboard is answered", check_dashboard_of_grafana),
    ("the page is seen", see_page),
    ("daemons die alone", survive_kills),
]
