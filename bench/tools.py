# SPDX-License-Identifier: AGPL-3.0-or-later
"""The backup programs side by side: for each step, the shell command that does it."""
from __future__ import annotations

import os
import pathlib
import shlex
import shutil
import subprocess

# Archives of the programs that want a name for each
FIRST, UNCHANGED, AFTER_WORK = "first", "unchanged", "after-work"


def quote(path: pathlib.Path) -> str:
    return shlex.quote(str(path))


class Tool:
    """One program with a repository of its own. Its methods give commands for bash and run nothing.

    `restore` and `restore_file` write into a folder that exists and is empty.
    """

    name = ""
    programs: tuple[str, ...] = ()  # what must be on the PATH
    version_command = ""
    deduplicates = True

    def __init__(self, folder: pathlib.Path, source: pathlib.Path):
        self.folder, self.source = folder, source
        self.repository, self.state = folder / "repository", folder / "state"

    def missing(self) -> list[str]:
        return [program for program in self.programs if not shutil.which(program)]

    def version(self) -> str:
        printed = subprocess.run(["bash", "-c", self.version_command], capture_output=True, text=True).stdout
        return printed.strip().splitlines()[0] if printed.strip() else "unknown"

    def environment(self) -> dict[str, str]:
        return {}

    def restored_root(self, target: pathlib.Path) -> pathlib.Path:
        """Where the source's tree lies after a restore into `target`."""
        return target

    def init(self) -> str:
        return f"mkdir {quote(self.repository)}"

    def backup(self, archive: str) -> str:
        raise NotImplementedError

    def list_latest(self) -> str:
        raise NotImplementedError

    def restore_file(self, path: pathlib.Path, target: pathlib.Path) -> str:
        """`path` is relative to the source."""
        raise NotImplementedError

    def restore(self, target: pathlib.Path) -> str:
        raise NotImplementedError

    def verify(self) -> str:
        raise NotImplementedError


class Intendance(Tool):
    name = "ours"

    def __init__(self, folder: pathlib.Path, source: pathlib.Path, program: pathlib.Path):
        super().__init__(folder, source)
        self.program = quote(program)
        self.programs = (str(program),)
        self.version_command = f"{self.program} --version"
        self.options = f"--repository file://{quote(self.repository)} --keys {quote(folder / 'keys')} --state {quote(self.state)}"

    def restored_root(self, target: pathlib.Path) -> pathlib.Path:
        return target / self.source.relative_to("/")

    def init(self) -> str:
        return f"exec {self.program} repository init --machine bench {self.options}"

    def backup(self, archive: str) -> str:
        return f"exec {self.program} backup --nice 0 --paths {quote(self.source)} {self.options}"

    def list_latest(self) -> str:
        return f"exec {self.program} ls latest {self.options}"

    def restore_file(self, path: pathlib.Path, target: pathlib.Path) -> str:
        return f"{self.program} restore latest {quote(self.source / path)} --target {quote(target)} {self.options}"

    def restore(self, target: pathlib.Path) -> str:
        return f"{self.program} restore latest {quote(self.source)} --target {quote(target)} {self.options}"

    def verify(self) -> str:
        return f"exec {self.program} verify --read-data {self.options}"


class Restic(Tool):
    """AES-256-CTR and Poly1305; zstd at its own default. Debian 12's restic has no sparse restore."""

    name, programs, version_command = "restic", ("restic",), "restic version"

    def environment(self) -> dict[str, str]:
        return {"RESTIC_REPOSITORY": str(self.repository), "RESTIC_PASSWORD": "bench", "RESTIC_CACHE_DIR": str(self.state)}

    def restored_root(self, target: pathlib.Path) -> pathlib.Path:
        return target / self.source.relative_to("/")

    def init(self) -> str:
        return "exec restic init -q --repository-version 2"

    def backup(self, archive: str) -> str:
        return f"exec restic backup -q --compression auto {quote(self.source)}"

    def list_latest(self) -> str:
        return "exec restic ls -q latest"

    def restore_file(self, path: pathlib.Path, target: pathlib.Path) -> str:
        return f"restic restore -q latest --include {quote(self.source / path)} --target {quote(target)}"

    def restore(self, target: pathlib.Path) -> str:
        return f"restic restore -q latest --target {quote(target)}"

    def verify(self) -> str:
        return "exec restic check -q --read-data"


class Borg(Tool):
    """AES-256-CTR and HMAC-SHA-256, for which processors have instructions; zstd -3."""

    name, programs, version_command = "borg", ("borg",), "borg --version"

    def environment(self) -> dict[str, str]:
        return {"BORG_REPO": str(self.repository), "BORG_PASSPHRASE": "bench", "BORG_BASE_DIR": str(self.state)}

    def init(self) -> str:
        return "exec borg init --encryption repokey"

    def backup(self, archive: str) -> str:
        return f"cd {quote(self.source)} && exec borg create --compression zstd,3 --numeric-ids ::{archive} ."

    def list_latest(self) -> str:
        return f"exec borg list ::{AFTER_WORK}"

    def restore_file(self, path: pathlib.Path, target: pathlib.Path) -> str:
        return f"cd {quote(target)} && borg extract --numeric-ids ::{AFTER_WORK} {quote(path)}"

    def restore(self, target: pathlib.Path) -> str:
        return f"cd {quote(target)} && borg extract --numeric-ids --sparse ::{AFTER_WORK}"

    def verify(self) -> str:
        return "exec borg check --verify-data"


class Bup(Tool):
    """Git's packs, without encryption. It has no recursive list, so git lists; it verifies by git, too."""

    name, programs, version_command = "bup", ("bup", "git"), "bup --version"

    def environment(self) -> dict[str, str]:
        return {"BUP_DIR": str(self.repository)}

    def init(self) -> str:
        return "exec bup init"

    def backup(self, archive: str) -> str:
        return f"bup index -u {quote(self.source)} && bup save -q --strip -n bench {quote(self.source)}"

    def list_latest(self) -> str:
        return f"exec git --git-dir={quote(self.repository)} ls-tree -r -t --name-only bench"

    def restore_file(self, path: pathlib.Path, target: pathlib.Path) -> str:
        return f"bup restore -q --numeric-ids -C {quote(target)} {quote(pathlib.Path('/bench/latest') / path)}"

    def restore(self, target: pathlib.Path) -> str:
        return f"bup restore -q --numeric-ids --sparse -C {quote(target)} /bench/latest/."

    def verify(self) -> str:
        return f"exec bup fsck --disable-par2 -j{os.cpu_count()}"


class Tar(Tool):
    """The floor: `tar | zstd -3 -T0`, without deduplication or encryption; each backup is a whole one."""

    name, programs, version_command = "tar", ("tar", "zstd"), "tar --version"
    deduplicates = False
    keep = "--acls --xattrs --xattrs-include='*' --numeric-owner"

    def _archive(self, archive: str) -> str:
        return quote(self.repository / f"{archive}.tar.zst")

    def backup(self, archive: str) -> str:
        return f"tar -c --format=posix --sparse {self.keep} -C {quote(self.source)} . | zstd -3 -T0 -q -o {self._archive(archive)}"

    def list_latest(self) -> str:
        return f"zstd -d -c -q {self._archive(AFTER_WORK)} | tar -t"

    def restore_file(self, path: pathlib.Path, target: pathlib.Path) -> str:
        # tar stops after the file, and zstd then has nobody to write to.
        unpack = f"{{ zstd -d -c -q {self._archive(AFTER_WORK)} 2>/dev/null || true; }}"
        return f"{unpack} | tar -x -p {self.keep} --occurrence=1 -C {quote(target)} {shlex.quote(f'./{path}')}"

    def restore(self, target: pathlib.Path) -> str:
        return f"zstd -d -c -q {self._archive(AFTER_WORK)} | tar -x -p {self.keep} -C {quote(target)}"

    def verify(self) -> str:
        return f"exec zstd -t -q {self._archive(AFTER_WORK)}"


PEERS = {tool.name: tool for tool in (Restic, Borg, Bup, Tar)}
NAMES = (Intendance.name, *PEERS)


def make(name: str, work: pathlib.Path, source: pathlib.Path, program: pathlib.Path) -> Tool:
    """A tool with the folder `work`/`name`, which is not made here."""
    if name == Intendance.name:
        return Intendance(work / name, source, program)
    return PEERS[name](work / name, source)
