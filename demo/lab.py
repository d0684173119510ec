# SPDX-License-Identifier: AGPL-3.0-or-later
"""A small lab on one machine: its database, its configuration, its keys, the four daemons."""
from __future__ import annotations

import json
import pathlib
import secrets
import urllib.request

from stage import Server, Stage, StageError, wait_for

DAEMONS = ("collectord", "backupd", "billingd", "webd")


class Lab:
    """Everything that runs. The steps of the demo work on it."""

    def __init__(self, stage: Stage):
        self.stage = stage
        self.ports = {name: stage.free_port() for name in (*DAEMONS, "prometheus")}
        self.config = stage.folder("etc") / "intendance.toml"
        self.data = stage.folder("lib")  # the daemons' state
        self.tree = stage.folder("srv") / "tei"
        self.owner_keys = stage.folder("safe")
        self.machine_keys = stage.folder("etc") / "keys"
        self.repository = f"file://{stage.folder('storage')}/web-1"
        self.token = self._secret("token")
        self.access_token = self._secret("access-token")
        self.daemons: dict[str, Server] = {}

    def _secret(self, name: str) -> str:
        value = secrets.token_urlsafe(24)
        file = self.stage.folder("secrets") / name
        file.write_text(value + "\n")
        file.chmod(0o600)
        return value

    def url(self, name: str, path: str = "") -> str:
        return f"http://127.0.0.1:{self.ports[name]}{path}"

    def database(self, name: str) -> str:
        return f"postgresql:///{name}?host={self.stage.folder('run')}"

    # --- building ---

    def start_postgresql(self) -> None:
        data = self.stage.folder("postgresql")
        run = self.stage.folder("run")
        self.stage.run("initdb", "-D", data, "--auth=peer", "--encoding=UTF8", "--no-locale", "--no-sync")
        self.stage.start("postgres", ["postgres", "-D", data, "-k", run, "-c", "listen_addresses=", "-c", "fsync=off"])
        wait_for("PostgreSQL", lambda: self.stage.run("psql", "-h", run, "-d", "postgres", "-Atc", "select 1"))
        for name in ("intendance", "bibliotheque"):
            self.stage.run("createdb", "-h", run, name)
        self.stage.run(
            "psql", "-h", run, "-d", "bibliotheque", "-qv", "ON_ERROR_STOP=1", "-c",
            "create table lettre (numero int primary key, texte text not null);"
            "insert into lettre select n, md5(n::text) || repeat(' très chère amie', n % 20) from generate_series(1, 20000) n;",
        )

    def write_configuration(self) -> None:
        self.config.parent.mkdir(exist_ok=True)
        run = self.stage.folder("secrets")
        self.config.write_text(f"""
[machine]
name = "web-1"

[collectord]
listen = "127.0.0.1:{self.ports['collectord']}"
token_file = "{run}/token"
services = "{self.stage.folder('install')}/share/intendance/services"
probe_interval = "5s"

[[service]]
name = "tableau-de-bord"
kind = "website"
url = "{self.url('webd', '/')}"

[backupd]
listen = "127.0.0.1:{self.ports['backupd']}"
token_file = "{run}/token"

[repository.coffre]
url = "{self.repository}"
keys = "{self.machine_keys}"

[[job]]
name = "tei"
repository = "coffre"
schedule = "daily 02:15"
paths = ["{self.tree}"]

[[job]]
name = "bibliotheque"
repository = "coffre"
schedule = "every 1m"
postgresql = ["{self.database('bibliotheque')}"]

[billingd]
listen = "127.0.0.1:{self.ports['billingd']}"
token_file = "{run}/token"
database = "{self.database('intendance')}"

[webd]
listen = "127.0.0.1:{self.ports['webd']}"
token_file = "{run}/token"
access_token_file = "{run}/access-token"
machines = [ {{ name = "web-1", collectord = "{self.url('collectord')}", backupd = "{self.url('backupd')}" }} ]
billingd = "{self.url('billingd')}"
prometheus = "{self.url('prometheus')}"
""".lstrip())
        self.cli("config", "check")

    def cli(self, *arguments: object, status: int = 0) -> str:
        return self.stage.run("intendance", *arguments, "--config", self.config, "--state", self.data, status=status)

    def make_repository(self) -> None:
        """The keys are made in the safe; the machine gets the bundle with which it can only write."""
        where = ("--repository", self.repository, "--keys", self.owner_keys)
        self.cli("repository", "init", *where, "--machine", "web-1")
        self.cli("key", "export", "--writer", "--output", self.machine_keys, *where)

    def start_daemon(self, name: str) -> None:
        program = f"intendance-{name}"
        self.daemons[name] = self.stage.start_daemon(program, [program, "--config", str(self.config), "--state", str(self.data)])

    def start_daemons(self) -> None:
        for name in DAEMONS:
            self.start_daemon(name)

    def kill_daemon(self, name: str) -> None:
        self.daemons[name].kill()
        self.stage.forget(self.daemons.pop(name))

    def start_prometheus(self, rules: list[pathlib.Path]) -> None:
        folder = self.stage.folder("prometheus")
        folder.mkdir()
        jobs = "".join(
            f"""
  - job_name: intendance-{name}
    authorization: {{ credentials_file: "{self.stage.folder('secrets')}/token" }}
    static_configs: [ {{ targets: ["127.0.0.1:{self.ports[name]}"], labels: {{ machine: web-1 }} }} ]"""
            for name in DAEMONS
        )
        (folder / "prometheus.yml").write_text(
            f"global: {{ scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 2s }}\n"
            f"rule_files: {json.dumps([str(rule) for rule in rules])}\nscrape_configs:{jobs}\n"
        )
        self.stage.run("promtool", "check", "config", folder / "prometheus.yml")
        self.stage.start("prometheus", [
            "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{self.ports['prometheus']}", "--log.level=warn",
        ])
        wait_for("Prometheus", lambda: self.get("prometheus", "/-/ready", token=None))

    # --- asking ---

    def get(self, name: str, path: str, token: str | None = "daemons") -> str:
        request = urllib.request.Request(self.url(name, path))
        if token is not None:
            request.add_header("Authorization", "Bearer " + (self.token if token == "daemons" else token))
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()

    def get_json(self, name: str, path: str) -> dict:
        return json.loads(self.get(name, path, self.access_token if name == "webd" else "daemons"))

    def query(self, expression: str) -> list[dict]:
        """What Prometheus answers at this moment."""
        answer = self.get("prometheus", "/api/v1/query?query=" + urllib.request.quote(expression), token=None)
        return json.loads(answer)["data"]["result"]

    def job(self, name: str) -> dict:
        for job in self.get_json("backupd", "/api/v1/status")["jobs"]:
            if job["name"] == name:
                return job
        raise StageError(f"backupd knows no job {name}")
