# SPDX-License-Identifier: AGPL-3.0-or-later
"""OpenStack's Swift with Keystone: a proxy, one device, one copy of everything.

Swift's packages need python3-xattr, which Debian does not install beside the python3-pyxattr of others. So
they are unpacked into a folder instead, and what else they need comes from Debian's python3-keystone,
python3-pyeclib, python3-netifaces, memcached, uwsgi-core and uwsgi-plugin-python3."""
from __future__ import annotations

import base64
import contextlib
import getpass
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import typing
import urllib.error
import urllib.parse
import urllib.request

import swift_configuration
from servers import Failed, Servers, free_ports

UNPACKED = ("swift", "python3-swift", "swift-proxy", "swift-account", "swift-container", "swift-object",
            "python3-xattr")
KEPT = ("keystone.db", "lab.json", "fernet", "cred")
SWIFTS = ("account", "container", "object", "proxy")
ACCOUNT = "/v1/AUTH_%(tenant_id)s"
DOMAIN = {"id": "default"}
QUIET = {"PYTHONWARNINGS": "ignore"}


def unpack(into: pathlib.Path) -> pathlib.Path:
    """Debian's own packages, not installed, in a folder that is kept."""
    if into.is_dir():
        return into
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into.parent) as folder:
        got = subprocess.run(["apt-get", "download", "-q", *UNPACKED], cwd=folder, capture_output=True, text=True,
                             timeout=300)
        if got.returncode != 0:
            raise Failed(f"apt-get download {' '.join(UNPACKED)}: {got.stderr[-2000:]}(apt-get update may help)")
        root = pathlib.Path(folder) / "root"
        for package in pathlib.Path(folder).glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, root], check=True, timeout=60)
        # Otherwise each server would compile what it runs anew.
        subprocess.run(["/usr/bin/python3", "-m", "compileall", "-q", root / "usr/lib/python3/dist-packages"], timeout=300)
        root.rename(into)
    return into


def version_of(package: str) -> str:
    return subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], check=True, capture_output=True, text=True,
                          timeout=30).stdout


class Answer(typing.NamedTuple):
    status: int
    headers: typing.Mapping[str, str]
    body: bytes


def ask(method: str, url: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> Answer:
    """Any answer."""
    request = urllib.request.Request(url, method=method, data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


class SwiftServers(Servers):
    """Keystone answers at `auth_url`, Swift and its S3 interface at `endpoint`, when it is made."""

    def __init__(self, kept: pathlib.Path) -> None:
        """In that folder stays what takes long to make."""
        super().__init__("swift")
        try:
            self.kept = kept / ("keystone-" + version_of("python3-keystone").replace(":", "."))
            self._start(unpack(kept / "swift"))
        except BaseException:
            self.stop()
            raise

    def _start(self, packages: pathlib.Path) -> None:
        self.root = self.top / "root"
        shutil.copytree(packages, self.root, symlinks=True, ignore=shutil.ignore_patterns("doc", "man", "locale"))
        self.ports = dict(zip(("keystone", "memcached", "object", "container", "account", "proxy"), free_ports(6)))
        self.auth_url = f"http://127.0.0.1:{self.ports['keystone']}/v3"
        self.endpoint = f"http://127.0.0.1:{self.ports['proxy']}"
        swift_configuration.write(self.top, self.ports, self.user.pw_name if self.user else getpass.getuser())
        for folder in ("srv/d1", "cache", "policy.d"):
            self.run("mkdir", "-p", folder)
        self.run("/usr/bin/python3", "-B", "run_swift.py", "rings",
                 *(f"{name}:{self.ports[name]}" for name in SWIFTS[:3]), extra=self._python())
        self.begin("memcached", "memcached", "-l", "127.0.0.1", "-p", self.ports["memcached"], "-m", "32", "-U", "0")
        for name in SWIFTS:
            self._start_swift(name)
        self._start_keystone()
        for name in SWIFTS:
            self._wait_for_swift(name)

    def _start_swift(self, name: str) -> None:
        self.begin(name, "/usr/bin/python3", "-B", self.top / "run_swift.py",
                   self.root / f"usr/bin/swift-{name}-server", self.top / f"{name}-server.conf", "-v",
                   extra=self._python())

    def _wait_for_swift(self, name: str) -> None:
        self.wait_for(name, lambda: self._answers(f"http://127.0.0.1:{self.ports[name]}/healthcheck"))

    @contextlib.contextmanager
    def without(self, name: str) -> typing.Iterator[None]:
        """One of the storage servers is away for a while."""
        self.end(name)
        yield
        self._start_swift(name)
        self._wait_for_swift(name)

    def _start_keystone(self) -> None:
        """With a database that was filled by an earlier run, if there was one: that takes longest."""
        if self.kept.is_dir():
            for name in KEPT:
                self._give(self.kept / name)
            stores = "SELECT id FROM service WHERE type = 'object-store'"
            self._sql("PRAGMA journal_mode=WAL", f"UPDATE endpoint SET url = '{self.auth_url}'",
                      f"UPDATE endpoint SET url = '{self.endpoint}{ACCOUNT}' WHERE service_id IN ({stores})")
            self._serve_keystone()
        else:
            self._make_keystone()
        lab = json.loads((self.top / "lab.json").read_text())
        self.project, self.ec2, self.application = lab["project"], lab["ec2"], lab["application"]
        self.token = self.get_token(self._password_of("admin", "adminpass", "admin"))

    def _make_keystone(self) -> None:
        self.new_keys("fernet")
        self.new_keys("cred")
        manage = ("keystone-manage", "--config-file", self.top / "keystone.conf")
        self.run(*manage, "db_sync", extra=QUIET, seconds=300)
        # Otherwise a request that reads and writes over two connections finds its own database locked.
        self._sql("PRAGMA journal_mode=WAL")
        base = self.auth_url
        self.run(*manage, "bootstrap", "--bootstrap-password", "adminpass", "--bootstrap-region-id", "RegionOne",
                 "--bootstrap-admin-url", base, "--bootstrap-public-url", base, "--bootstrap-internal-url", base,
                 extra=QUIET, seconds=300)
        self._serve_keystone()
        self.token = self.get_token(self._password_of("admin", "adminpass", "admin"))
        (self.top / "lab.json").write_text(json.dumps(self._fill_keystone()))
        self.run("mkdir", "kept")
        self._sql("VACUUM INTO 'kept/keystone.db'")
        with tempfile.TemporaryDirectory(dir=self.kept.parent) as folder:
            made = shutil.copytree(self.top / "kept", pathlib.Path(folder) / "made")
            shutil.copy(self.top / "lab.json", made)
            for name in ("fernet", "cred"):
                shutil.copytree(self.top / name, made / name)
            made.rename(self.kept)

    def _give(self, source: pathlib.Path) -> None:
        """A copy to the servers' user."""
        copied = self.top / source.name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, copied)
        for path in (copied, *copied.rglob("*")):
            if self.user:
                os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def _sql(self, *statements: str) -> None:
        """Of Keystone's database, as its own user."""
        self.run("/usr/bin/python3", "-c", "import sqlite3, sys\n"
                 "with sqlite3.connect('keystone.db') as one:\n    for each in sys.argv[1:]: one.execute(each)", *statements)

    def _serve_keystone(self) -> None:
        self.begin("keystone", "uwsgi", "--plugin", "python3", "--http-socket", f"127.0.0.1:{self.ports['keystone']}",
                   "--master", "--die-on-term", "--need-app", "--processes", "1", "--lazy-apps", "--buffer-size", "65535",
                   "--rem-header", "Content-Length", "--disable-logging", "--wsgi-file",
                   "/usr/bin/keystone-wsgi-public", "--chdir", self.top,
                   extra={**QUIET, "OS_KEYSTONE_CONFIG_FILES": str(self.top / "keystone.conf")})
        self.wait_for("keystone", lambda: self._answers(self.auth_url), seconds=180)

    def _python(self) -> dict[str, str]:
        return {**QUIET, "PYTHONPATH": str(self.root / "usr/lib/python3/dist-packages")}

    def _answers(self, url: str) -> bool:
        try:
            return ask("GET", url).status == 200
        except OSError:
            return False

    # --- Keystone ---------------------------------------------------------------------------------

    def _keystone(self, method: str, path: str, body: dict | None = None, token: str | None = None) -> dict:
        answer = ask(method, self.auth_url + path, {"Content-Type": "application/json", "X-Auth-Token": token or self.token},
                     None if body is None else json.dumps(body).encode())
        if answer.status // 100 != 2:
            raise Failed(f"{method} {path}: {answer.status} {answer.body[:500]!r}")
        return json.loads(answer.body) if answer.body else {}

    def _password_of(self, user: str, password: str, project: str) -> dict:
        identity = {"methods": ["password"], "password": {"user": {"name": user, "domain": DOMAIN, "password": password}}}
        return {"auth": {"identity": identity, "scope": {"project": {"name": project, "domain": DOMAIN}}}}

    def get_token(self, request: dict) -> str:
        answer = ask("POST", self.auth_url + "/auth/tokens", {"Content-Type": "application/json"}, json.dumps(request).encode())
        if answer.status != 201:
            raise Failed(f"no token: {answer.status} {answer.body[:500]!r}")
        return answer.headers["X-Subject-Token"]

    def _fill_keystone(self) -> dict:
        """Swift's own account, its place in the catalogue, and a lab's project with one user."""
        make = self._make
        roles = {each["name"]: each["id"] for each in self._keystone("GET", "/roles")["roles"]}
        for name in {"service", "swiftoperator"} - roles.keys():
            roles[name] = make("role", name=name)
        service, lab = (make("project", name=name, domain_id="default") for name in ("service", "lab"))
        swift = make("user", name="swift", domain_id="default", password="swiftpass")
        backup = make("user", name="backup", domain_id="default", password="backuppass")
        for project, user, role in ((service, swift, "service"), (service, swift, "admin"),
                                    (lab, backup, "member"), (lab, backup, "swiftoperator")):
            self._keystone("PUT", f"/projects/{project}/users/{user}/roles/{roles[role]}")
        self.add_object_store(self.endpoint + ACCOUNT)
        token = self.lab_token()
        ec2 = self._keystone("POST", f"/users/{backup}/credentials/OS-EC2", {"tenant_id": lab}, token)["credential"]
        made = self._keystone("POST", f"/users/{backup}/application_credentials",
                              {"application_credential": {"name": "backupd"}}, token)["application_credential"]
        return {"project": lab, "ec2": [ec2["access"], ec2["secret"]], "application": [made["id"], made["secret"]]}

    def _make(self, kind: str, **values: object) -> str:
        return self._keystone("POST", f"/{kind}s", {kind: values})[kind]["id"]

    def add_object_store(self, url: str) -> None:
        """One more in the catalogue."""
        service = self._make("service", name="swift", type="object-store")
        self._make("endpoint", service_id=service, interface="public", region_id="RegionOne", url=url)

    def lab_token(self) -> str:
        return self.get_token(self._password_of("backup", "backuppass", "lab"))

    def take_back(self, token: str) -> None:
        answer = ask("DELETE", self.auth_url + "/auth/tokens", {"X-Auth-Token": token, "X-Subject-Token": token})
        if answer.status != 204:
            raise Failed(f"the token was not taken back: {answer.status}")
        self._forget_what_was_valid()

    def refuse_all_tokens(self) -> None:
        """As when Keystone's keys are changed: what was signed with the old ones is good no more."""
        self.new_keys("fernet")
        self._forget_what_was_valid()

    def new_keys(self, folder: str) -> None:
        """Of Fernet: the one to come, and the one in use."""
        (self.top / folder).mkdir(mode=0o700, exist_ok=True)
        for name in ("0", "1"):
            key = self.top / folder / name
            key.write_bytes(base64.urlsafe_b64encode(os.urandom(32)))
            key.chmod(0o600)
            if self.user:
                os.chown(key, self.user.pw_uid, self.user.pw_gid)
                os.chown(key.parent, self.user.pw_uid, self.user.pw_gid)

    def _forget_what_was_valid(self) -> None:
        with socket.create_connection(("127.0.0.1", self.ports["memcached"]), timeout=10) as cache:
            cache.sendall(b"flush_all\r\n")
            if cache.recv(100) != b"OK\r\n":
                raise Failed("memcached did not forget")

    # --- Swift ------------------------------------------------------------------------------------

    def swift(self, method: str, path: str = "", headers: dict[str, str] | None = None, body: bytes | None = None) -> Answer:
        """As the lab's user, with a client that is not ours; path from the container's slash on."""
        url = f"{self.endpoint}/v1/AUTH_{self.project}{urllib.parse.quote(path, safe='/?=&')}"
        return ask(method, url, {"X-Auth-Token": self.lab_token(), **(headers or {})}, body)

    def make_container(self, name: str, headers: dict[str, str] | None = None) -> None:
        answer = self.swift("PUT", "/" + name, headers)
        if answer.status // 100 != 2:
            raise Failed(f"no container {name}: {answer.status} {answer.body[:300]!r}")

    def names(self, container: str, prefix: str) -> list[str]:
        listing = json.loads(self.swift("GET", f"/{container}?format=json&prefix={prefix}").body or b"[]")
        return [each["name"].removeprefix(prefix) for each in listing]

    def stored_files(self) -> list[pathlib.Path]:
        """What the object server has on its disk."""
        return list((self.top / "srv/d1/objects").rglob("*.data"))

    # --- credentials files ------------------------------------------------------------------------

    def write_credentials(self, file: pathlib.Path, **keys: str) -> pathlib.Path:
        file.write_text("".join(f'{key} = "{value}"\n' for key, value in keys.items()))
        file.chmod(0o600)
        return file

    def application_keys(self) -> dict[str, str]:
        return {"auth_url": self.auth_url, "application_credential_id": self.application[0],
                "application_credential_secret": self.application[1]}

    def password_keys(self) -> dict[str, str]:
        return {"auth_url": self.auth_url, "username": "backup", "password": "backuppass", "project": "lab"}

    def token_keys(self, token: str) -> dict[str, str]:
        return {"auth_url": self.auth_url, "token": token}

    def s3_keys(self) -> dict[str, str]:
        return {"access_key": self.ec2[0], "secret_key": self.ec2[1]}
