#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Root runs a job by hand beside a daemon of another user: backup_by_root_test.py INTENDANCE

What it leaves belongs to the daemon's user, and files that only root may read are in the snapshot.
Exit status 77 (skipped) when not started by root.
"""
import os
import pathlib
import pwd
import subprocess
import sys
import tempfile

if os.geteuid() != 0:
    print("only root can become somebody else")
    sys.exit(77)

program = sys.argv[1]
daemon = pwd.getpwnam("nobody")
with tempfile.TemporaryDirectory(prefix="intendance-root-") as name:
    top = pathlib.Path(name)
    top.chmod(0o755)
    state, source, store = top / "state", top / "source", top / "store"
    for folder in (state, source, store):
        folder.mkdir()
    for folder in (state, store):
        os.chown(folder, daemon.pw_uid, daemon.pw_gid)
    secret = source / "secret"
    secret.write_text("for root's eyes")
    secret.chmod(0o600)
    source.chmod(0o700)

    def run(*arguments: object) -> None:
        where = ["--repository", f"file://{store}", "--keys", str(top / "keys")]
        done = subprocess.run([program, *map(str, arguments), *where], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{arguments[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")

    run("repository", "init", "--machine", "m")
    for made in store.rglob("*"):  # as the operator's guide says
        os.chown(made, daemon.pw_uid, daemon.pw_gid)
    run("backup", "--paths", source, "--state", state)
    foreign = [path for path in [*state.rglob("*"), *store.rglob("*")] if path.lstat().st_uid != daemon.pw_uid]
    if foreign:
        sys.exit(f"left behind for root alone: {foreign}")
    run("restore", "latest", "--target", top / "out")
    restored = top / "out" / secret.relative_to("/")
    if restored.read_text() != "for root's eyes" or restored.stat().st_uid != 0:
        sys.exit("the file that only root may read did not come back")
print("the daemon's user owns what root's backup left, and root's file is in it")
