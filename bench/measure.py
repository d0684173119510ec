# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a command costs: wall time, CPU of its whole process tree, memory, and what others took meanwhile."""
from __future__ import annotations

import dataclasses
import os
import pathlib
import signal
import subprocess
import threading
import time

from files import MIB

STEP_LIMIT = 3600  # seconds, then a command is killed and counts as failed
TICKS = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1


@dataclasses.dataclass(frozen=True)
class Cost:
    wall: float  # seconds
    cpu: float  # seconds, user and system
    memory: float  # MiB, the largest process
    noise: float  # share of the machine that others used
    status: int
    errors: str  # the end of what it wrote to stderr


def forget_caches() -> bool:
    """Writes everything out; true if what is read next comes from the disk, which only root can have."""
    os.sync()
    try:
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")
    except OSError:
        return False
    return True


def run(command: str, environment: dict[str, str], folder: pathlib.Path, output: pathlib.Path) -> Cost:
    """Runs the command by bash. `folder` is HOME and takes small files; stdout goes to `output`."""
    memory_file, errors_file = folder / "memory", folder / "errors"
    # A process forked by Python counts Python's memory as its own peak; one forked by time(1) does not.
    arguments = ["/usr/bin/time", "-q", "-f", "%M", "-o", memory_file, "bash", "-o", "pipefail", "-c", command]
    with open(output, "wb") as out, open(errors_file, "wb") as errors:
        busy, started = _busy_seconds(), time.monotonic()
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, start_new_session=True,
                                   env=dict(os.environ, LC_ALL="C.UTF-8", HOME=str(folder), **environment))
        limit = threading.Timer(STEP_LIMIT, os.killpg, (process.pid, signal.SIGKILL))
        limit.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            limit.cancel()
        wall, busy = time.monotonic() - started, _busy_seconds() - busy
    process.returncode = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    reported = memory_file.read_text().split() if memory_file.exists() else []
    return Cost(wall, cpu, int(reported[-1]) * 1024 / MIB if reported else 0.0, max(0.0, busy - cpu) / wall / CORES,
                process.returncode, errors_file.read_text(errors="replace")[-2000:])


def _busy_seconds() -> float:
    """Of all cores since the start of the machine, without idling and waiting for the disk; what the hypervisor took counts."""
    user, nice, system, _, _, *others = map(int, pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    return (user + nice + system + sum(others)) / TICKS


def bytes_beneath(top: pathlib.Path) -> int:
    """The sizes of all regular files."""
    return sum(path.lstat().st_size for path in top.rglob("*") if path.is_file() and not path.is_symlink())


def machine() -> dict[str, object]:
    cpu = next((line.partition(":")[2].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), "unknown")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2 ** 30
    return {"cores": CORES, "cpu": cpu, "memory_gib": round(memory, 1), "kernel": os.uname().release, "cold": forget_caches()}
