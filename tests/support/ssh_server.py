# SPDX-License-Identifier: AGPL-3.0-or-later
"""OpenSSH's server, which serves files by SFTP and nothing else, of Debian's package openssh-server: with
keys and a configuration of its own, run by an unprivileged user, who alone can log in."""
from __future__ import annotations

import os
import pathlib
import pwd
import signal

from servers import Servers, answers, free_ports

CONFIGURATION = """{first}
Port {port}
ListenAddress 127.0.0.1
HostKey {top}/host
AuthorizedKeysFile {top}/authorized_keys
# The folder of temporary files belongs to everybody.
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PidFile none
MaxStartups 100
Subsystem sftp internal-sftp
ForceCommand internal-sftp -d {home}
"""


class SshServer(Servers):
    """Answers at 127.0.0.1 when it is made; `home` is where a login begins. A line of sshd_config that is
    given as `first` counts more than those above."""

    def __init__(self, first: str = "") -> None:
        super().__init__("ssh", "games")  # where systemd answers for users, "nobody" is locked
        try:
            self._start(first)
        except BaseException:
            self.stop()
            raise

    def _start(self, first: str) -> None:
        self.port = free_ports(1)[0]
        self.login = self.user.pw_name if self.user else pwd.getpwuid(os.getuid()).pw_name
        self.home = self.top / "home"
        self.run("mkdir", self.home)
        for name in ("host", "client", "stranger"):
            self.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", self.top / name)
        self.run("cp", self.top / "client.pub", self.top / "authorized_keys")
        configuration = self.top / "sshd_config"
        configuration.write_text(CONFIGURATION.format(first=first, port=self.port, top=self.top, home=self.home))
        configuration.chmod(0o644)
        self.begin("sshd", "/usr/sbin/sshd", "-D", "-e", "-f", configuration)
        self.wait_for("sshd", lambda: answers(self.port))

    @property
    def address(self) -> str:
        return f"sftp://{self.login}@127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self.processes["sshd"].pid

    def public_key(self, name: str) -> str:
        return " ".join((self.top / f"{name}.pub").read_text().split()[:2])

    def fingerprint(self, name: str) -> str:
        return self.run("ssh-keygen", "-l", "-f", self.top / f"{name}.pub").split()[1]

    def write_credentials(self, folder: pathlib.Path, key: str = "client", host: str | None = "host") -> pathlib.Path:
        """A credentials file and what it names; `host` is the key that is believed to be the server's."""
        folder.mkdir(exist_ok=True)
        (folder / "id").write_bytes((self.top / key).read_bytes())
        (folder / "id").chmod(0o600)
        if host:
            (folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {self.public_key(host)}\n")
        file = folder / "store.toml"
        file.write_text('private_key_file = "id"\nknown_hosts_file = "known_hosts"\n')
        file.chmod(0o600)
        return file

    def sessions(self) -> list[int]:
        """The processes of those who are connected."""
        found, ahead = [], [self.pid]
        while ahead:
            pid = ahead.pop()
            try:
                ahead += (children := [int(each) for each in
                                       pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()])
            except (FileNotFoundError, ProcessLookupError):
                continue  # gone meanwhile
            found += children
        return found

    def kill_sessions(self) -> None:
        for pid in self.sessions():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def stop(self) -> None:
        if "sshd" in self.processes:
            self.kill_sessions()
        super().stop()
