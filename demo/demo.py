#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The whole suite at its real work on this machine: `./dev demo`, `./dev demo --check`.

Starts a private PostgreSQL cluster, the four daemons and a Prometheus in one state folder, backs a
real tree and a real database up, restores and compares them, logs hours, writes the month's report.
Then it keeps running until Ctrl-C; with --check it asserts more, and exits 0 or 1.
"""
from __future__ import annotations

import argparse
import pathlib
import shutil
import signal
import subprocess
import sys
import threading

import steps
from lab import Lab
from stage import Stage, StageError, become_unprivileged

TOP = pathlib.Path(__file__).resolve().parent.parent


def install(stage: Stage, build: pathlib.Path) -> None:
    """Into the state folder, where an unprivileged user can run it wherever the source tree is."""
    subprocess.run(
        ["cmake", "--install", build, "--prefix", stage.folder("install")], check=True, stdout=subprocess.DEVNULL
    )
    shutil.copytree(TOP / "tests/browser", stage.folder("browser"), symlinks=True)
    shutil.copytree(TOP / "deploy", stage.folder("deploy"))
    shutil.copytree(TOP / "tests/deploy", stage.folder("deploy-tests"))


def say(number: int, what: str, result: str) -> None:
    print(f"{number:2}  {what:<34} {result}", flush=True)


def perform(lab: Lab, check: bool) -> None:
    chosen = steps.ALWAYS + (steps.CHECKS if check else [])
    for number, (what, step) in enumerate(chosen, 1):
        try:
            say(number, what, step(lab))
        except StageError as error:
            raise StageError(f"step {number}, {what}: {error}") from error


def invite(lab: Lab) -> None:
    state = lab.stage.state
    print(f"""
  dashboard       {lab.url('webd', '/')}
  access token    {lab.access_token}
  Prometheus      {lab.url('prometheus', '/')}
  reports         {state}/reports
  logs            {state}/log

  try             {state}/install/bin/intendance status --config {lab.config} --state {lab.data}

Ctrl-C stops everything{'' if lab.stage.keep else ' and removes ' + str(state)}.""", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="the build folder")
    parser.add_argument("--check", action="store_true", help="assert each step and exit")
    parser.add_argument("--state", type=pathlib.Path, help="a new folder that is kept (default: a temporary one)")
    arguments = parser.parse_args()

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: (stopped.set(), (_ for _ in ()).throw(KeyboardInterrupt))[0])
    try:
        with Stage(arguments.state) as stage:
            install(stage, arguments.build)
            become_unprivileged([stage.state])
            lab = Lab(stage)
            perform(lab, arguments.check)
            if not arguments.check:
                invite(lab)
                stopped.wait()
        if arguments.check:
            steps.nothing_is_left(lab)
            print("everything works", flush=True)
        return 0
    except KeyboardInterrupt:
        print("\nstopped, nothing is left running", flush=True)
        return 0 if not arguments.check else 130
    except (StageError, OSError, subprocess.SubprocessError) as error:
        print(f"demo failed: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
