# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ceph's RADOS gateway, the S3 server of the Alliance's clouds: one monitor, one store in memory, and
the gateway, of Debian's packages ceph-mon, ceph-osd, radosgw and ceph-common."""
from __future__ import annotations

import json
import pathlib
import subprocess
import urllib.request
import uuid

from servers import Failed, Servers, free_ports

CONFIGURATION = """[global]
fsid = {fsid}
mon host = v2:127.0.0.1:{monitor}
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
# Without it a client of a cluster without authentication is refused.
ms mon client mode = crc
ms bind ipv6 = false
ms bind port min = {first}
ms bind port max = {last}
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 2000
mon pg warn min per osd = 0
# However full the disk of the machine that tests is.
mon data avail crit = 1
osd objectstore = memstore
memstore device bytes = 4294967296
osd class dir = /usr/lib/x86_64-linux-gnu/rados-classes
erasure code dir = /usr/lib/x86_64-linux-gnu/ceph/erasure-code
run dir = {top}
admin socket = {top}/$name.asok
log file = {top}/$name.log
pid file =
heartbeat file =
[mon.a]
mon data = {top}/mon
[osd.0]
osd data = {top}/osd
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{gateway}
rgw dns name =
rgw data = {top}/rgw
"""


class CephGateway(Servers):
    """Answers at `endpoint` when it is made; `more` is configuration of the gateway's."""

    def __init__(self, more: str = "") -> None:
        super().__init__("ceph")
        self.more = more
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        ports = free_ports(30)
        self.port = ports[0]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        fsid = str(uuid.uuid4())
        self.configuration = self.top / "ceph.conf"
        self.configuration.write_text(CONFIGURATION.format(
            fsid=fsid, top=self.top, gateway=self.port, monitor=ports[1], first=ports[2], last=ports[-1]) + self.more)
        self.configuration.chmod(0o644)
        for folder in ("mon", "osd", "rgw"):
            self.run("mkdir", folder)
        self.run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v2:127.0.0.1:{ports[1]}]",
                 "--enable-all-features", "monmap")
        self.run("ceph-mon", "-i", "a", "--mkfs", "--monmap", "monmap", "--conf", self.configuration)
        self.begin("mon", "ceph-mon", "-f", "-i", "a", "--conf", self.configuration)
        self.wait_for("mon", lambda: self._ceph("-s"))
        store = str(uuid.uuid4())
        self._ceph("osd", "new", store, must=True)
        self.run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", store, "--conf", self.configuration)
        self.begin("osd", "ceph-osd", "-f", "-i", "0", "--conf", self.configuration)
        self.wait_for("osd", lambda: "1 up" in self._ceph("osd", "stat"))
        self.begin("rgw", "radosgw", "-f", "-n", "client.rgw", "--conf", self.configuration)
        self.wait_for("rgw", self._gateway_answers)

    def _ceph(self, *command: str, must: bool = False) -> str:
        """What it prints; nothing when it fails and need not succeed."""
        try:
            return self.run("ceph", "--conf", self.configuration, "--connect-timeout", "5", *command, seconds=20)
        except (Failed, subprocess.TimeoutExpired):
            if must:
                raise
            return ""

    def _gateway_answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.endpoint, timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def add_user(self, name: str, *options: str) -> tuple[str, str]:
        """Its access key and its secret key."""
        said = self.run("radosgw-admin", "--conf", self.configuration, "user", "create", f"--uid={name}",
                        f"--display-name={name}", *options)
        key = json.loads(said[said.index("{"):])["keys"][0]
        return key["access_key"], key["secret_key"]

    def collect_garbage(self) -> None:
        """What was deleted leaves the object store's memory now, and not in two hours."""
        self.run("radosgw-admin", "--conf", self.configuration, "gc", "process", "--include-all", seconds=120)

    def set_quota(self, name: str, size: int) -> None:
        """Bytes, of all that the user stores."""
        for command in (("set", f"--max-size={size}B"), ("enable",)):
            self.run("radosgw-admin", "--conf", self.configuration, "quota", command[0], "--quota-scope=user",
                     f"--uid={name}", *command[1:])

    def write_credentials(self, file: pathlib.Path, keys: tuple[str, str]) -> pathlib.Path:
        file.write_text(f'access_key = "{keys[0]}"\nsecret_key = "{keys[1]}"\n')
        file.chmod(0o600)
        return file
