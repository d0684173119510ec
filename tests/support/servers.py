# SPDX-License-Identifier: AGPL-3.0-or-later
"""Real servers for tests, each beneath a folder of its own, on free ports of the loopback, run by an
unprivileged user, and gone with the test that started them, however that ends."""
from __future__ import annotations

import contextlib
import os
import pathlib
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import typing

STARTED = 60  # seconds that a server may take


class Failed(Exception):
    """A server that does not start, and what it said last."""


def wait_until(what: str, condition: typing.Callable[[], object], seconds: float = STARTED) -> object:
    """The first true answer of `condition`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise Failed(f"waited {seconds:.0f} s in vain for {what}")


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Servers:
    """A folder and the processes that work in it."""

    def __init__(self, name: str, user: str = "nobody") -> None:
        """`user` is whom root becomes."""
        self.top = pathlib.Path(tempfile.mkdtemp(prefix=f"intendance-{name}-"))
        self.user = pwd.getpwnam(user) if os.geteuid() == 0 else None
        if self.user:
            os.chown(self.top, self.user.pw_uid, self.user.pw_gid)
        self.processes: dict[str, subprocess.Popen] = {}

    def __enter__(self) -> Servers:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        for name in list(reversed(self.processes)):
            self.end(name)
        shutil.rmtree(self.top, ignore_errors=True)

    def as_user(self, command: typing.Sequence[object]) -> list[str]:
        """The command as the servers' user, ended by the kernel when this process is."""
        whole = ["setpriv", "--pdeathsig", "KILL"]
        if self.user:
            whole += ["--reuid", str(self.user.pw_uid), "--regid", str(self.user.pw_gid), "--clear-groups"]
        return whole + ["--"] + [str(each) for each in command]

    def environment(self, extra: dict[str, str] | None = None) -> dict[str, str]:
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.top), "LANG": "C.UTF-8", **(extra or {})}

    def run(self, *command: object, seconds: float = STARTED, extra: dict[str, str] | None = None) -> str:
        """Its output; it must succeed."""
        done = subprocess.run(self.as_user(command), cwd=self.top, env=self.environment(extra), timeout=seconds,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise Failed(f"{command[0]} ended with {done.returncode}: {done.stdout.decode(errors='replace')[-2000:]}")
        return done.stdout.decode(errors="replace")

    def begin(self, name: str, *command: object, extra: dict[str, str] | None = None) -> None:
        with (self.top / f"{name}.out").open("ab") as out:
            self.processes[name] = subprocess.Popen(self.as_user(command), cwd=self.top, stdin=subprocess.DEVNULL,
                                                    stdout=out, stderr=out, env=self.environment(extra))

    def end(self, name: str, with_signal: int = signal.SIGTERM) -> None:
        process = self.processes.pop(name)
        process.send_signal(with_signal)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def said(self, name: str) -> str:
        return (self.top / f"{name}.out").read_text(errors="replace")

    def wait_for(self, name: str, condition: typing.Callable[[], object], seconds: float = STARTED) -> None:
        """Until the server does what is asked; Failed when it ends before."""
        def ready() -> object:
            if self.processes[name].poll() is not None:
                raise Failed(f"{name} ended: {self.said(name)[-2000:]}")
            return condition()
        wait_until(name, ready, seconds)


def free_ports(count: int) -> list[int]:
    """In a row, and below those that the kernel gives to clients (from 32768 on)."""
    for _ in range(200):
        first = random.randrange(20000, 32000 - count)
        ports = list(range(first, first + count))
        if all(may_listen(port) for port in ports):
            return ports
    raise Failed(f"no {count} free ports in a row")


def may_listen(port: int) -> bool:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            return True
    return False
