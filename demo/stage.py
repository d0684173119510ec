# SPDX-License-Identifier: AGPL-3.0-or-later
"""The stage of the demo: one state folder, one unprivileged user, the servers that run on it."""
from __future__ import annotations

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PROGRAMS_OF_POSTGRESQL = pathlib.Path("/usr/lib/postgresql/15/bin")


class StageError(Exception):
    """Something that must work did not; the message says what and where to look."""


def unprivileged_user() -> pwd.struct_passwd:
    """postgres (Debian's package makes it), or else nobody."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise StageError("neither user postgres nor nobody exists on this machine")


def become_unprivileged(folders: list[pathlib.Path]) -> None:
    """When started by root: hands the folders over and gives root's rights up, for good."""
    if os.geteuid() != 0:
        return
    user = unprivileged_user()
    for folder in folders:
        subprocess.run(["chown", "-R", f"{user.pw_uid}:{user.pw_gid}", folder], check=True)
    os.setgroups([])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)


class Server:
    """A running program. Its output goes to a log file in the state folder."""

    def __init__(self, name: str, arguments: list[str], log: pathlib.Path, environment: dict[str, str]):
        self.name = name
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [str(each) for each in arguments], stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=environment
            )

    def last_lines(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-5:]
        return "\n".join("    " + line for line in lines)

    def check_alive(self) -> None:
        if self.process.poll() is not None:
            raise StageError(f"{self.name} ended with {self.process.returncode}; its log {self.log} ends:\n{self.last_lines()}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Asks it to stop, and after 20 s ends it."""
        if self.process.poll() is not None:
            return
        self.process.send_signal(number)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            print(f"{self.name} does not stop, killing it", file=sys.stderr)
            self.kill()


class Stage:
    """Owns the state folder and every server started on it; leaving it stops them, the last first."""

    def __init__(self, state: pathlib.Path | None):
        self.keep = state is not None
        if state is None:
            self.state = pathlib.Path(tempfile.mkdtemp(prefix="intendance-demo-"))
        else:
            self.state = state.resolve()
            if self.state.exists() and any(self.state.iterdir()):
                raise StageError(f"{self.state} is not empty; give --state a new folder")
            self.state.mkdir(parents=True, exist_ok=True)
        self.state.chmod(0o755)
        for name in ("log", "run", "home", "secrets", "reports"):
            self.folder(name).mkdir()
        self.servers: list[Server] = []
        self.ports: set[int] = set()
        self.environment = {
            "PATH": f"{self.state}/install/bin:{PROGRAMS_OF_POSTGRESQL}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder("home")),
            "LANG": "C.UTF-8",
            "TZ": "America/Toronto",
        }

    def folder(self, name: str) -> pathlib.Path:
        return self.state / name

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        for server in reversed(self.servers):
            server.stop(signal.SIGINT if server.name == "postgres" else signal.SIGTERM)
        if kind is not None and issubclass(kind, StageError):
            print(f"what there was is left in {self.state}", file=sys.stderr)
        elif not self.keep:
            self._remove_state()

    def _remove_state(self) -> None:
        for folder, _, _ in os.walk(self.state):
            os.chmod(folder, 0o700)  # a restored folder may be read-only
        shutil.rmtree(self.state, ignore_errors=True)

    def free_port(self) -> int:
        """A port of 127.0.0.1 that nobody listens on just now, each time another one."""
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            if port not in self.ports:
                self.ports.add(port)
                return port

    def start(self, name: str, arguments: list[str], extra: dict[str, str] | None = None) -> Server:
        server = Server(name, arguments, self.folder("log") / f"{name}.log", self.environment | (extra or {}))
        self.servers.append(server)
        return server

    def start_daemon(self, name: str, arguments: list[str]) -> Server:
        """Starts a daemon as systemd would, and returns when it says that it is ready."""
        path = self.folder("run") / f"{name}.notify"
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
            ready.bind(str(path))
            ready.settimeout(0.2)
            server = self.start(name, arguments, {"NOTIFY_SOCKET": str(path)})
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                server.check_alive()
                try:
                    if b"READY=1" in ready.recv(4096):
                        return server
                except TimeoutError:
                    continue
        raise StageError(f"{name} is not ready after 30 s; its log ends:\n{server.last_lines()}")

    def forget(self, server: Server) -> None:
        self.servers.remove(server)

    def run(self, *arguments: object, status: tuple[int, ...] = (0,)) -> str:
        """Runs a program to its end; its output, or StageError when its status is another."""
        done = subprocess.run(
            [str(each) for each in arguments], capture_output=True, text=True, errors="replace", env=self.environment, cwd=self.state
        )
        if done.returncode not in status:
            command = " ".join(str(each) for each in arguments)
            raise StageError(f"{command}\n    ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-1500:]}")
        return done.stdout


def wait_for(what: str, check, seconds: float = 30.0):
    """Asks `check` until it gives something true, and returns that."""
    deadline = time.monotonic() + seconds
    reason = "it never held"
    while time.monotonic() < deadline:
        try:
            result = check()
            if result:
                return result
        except (OSError, ValueError, LookupError, StageError) as error:
            reason = str(error)
        time.sleep(0.2)
    raise StageError(f"{what}: not after {seconds:.0f} s ({reason})")
