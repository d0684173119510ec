# SPDX-License-Identifier: AGPL-3.0-or-later
"""Certificates for tests, good and bad, made by openssl in a folder."""
from __future__ import annotations

import datetime
import pathlib
import subprocess

CONFIGURATION = """[ca]
default_ca = test
[test]
dir = .
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
copy_extensions = none
[any]
commonName = supplied
"""


class Authority:
    """Signs certificates; its own is NAME.pem."""

    def __init__(self, folder: pathlib.Path, name: str, above: Authority | None = None) -> None:
        self.folder = folder / f"{name}-authority"
        self.folder.mkdir()
        (self.folder / "index.txt").touch()
        (self.folder / "openssl.cnf").write_text(CONFIGURATION)
        self.certificate = folder / f"{name}.pem"
        self.key = folder / f"{name}.key"
        make_key(self.key)
        if above:
            above.sign(self.key, self.certificate, name, "basicConstraints=critical,CA:TRUE\n")
        else:
            openssl("req", "-x509", "-new", "-key", self.key, "-out", self.certificate, "-days", "30",
                    "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign")

    def sign(self, key: pathlib.Path, certificate: pathlib.Path, name: str, extensions: str,
             days: tuple[int, int] = (-1, 30)) -> None:
        """Valid from the first to the second of `days`, counted from today."""
        now = datetime.datetime.now(datetime.timezone.utc)
        first, last = ((now + datetime.timedelta(days=each)).strftime("%Y%m%d%H%M%SZ") for each in days)
        request = certificate.with_suffix(".csr")
        openssl("req", "-new", "-key", key, "-out", request, "-subj", f"/CN={name}")
        extension_file = certificate.with_suffix(".ext")
        extension_file.write_text(extensions)
        openssl("ca", "-batch", "-notext", "-config", "openssl.cnf", "-cert", self.certificate, "-keyfile", self.key,
                "-in", request, "-out", certificate, "-startdate", first, "-enddate", last,
                "-extfile", extension_file, folder=self.folder)


def openssl(*arguments: object, folder: pathlib.Path | None = None) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], cwd=folder, timeout=60, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stdout.decode(errors='replace')}")


def make_key(path: pathlib.Path) -> None:
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)


def make_all(folder: pathlib.Path) -> dict[str, tuple[pathlib.Path, pathlib.Path]]:
    """Chain and key of each; trusted.pem in the folder is the authority that the good ones have."""
    trusted = Authority(folder, "trusted")
    between = Authority(folder, "between", above=trusted)
    stranger = Authority(folder, "stranger")
    key = folder / "server.key"
    make_key(key)
    here = "subjectAltName=DNS:localhost,IP:127.0.0.1\n"
    made = {}

    def one(name: str, by: Authority, extensions: str = here, days: tuple[int, int] = (-1, 30)) -> None:
        made[name] = (folder / f"{name}.pem", key)
        by.sign(key, made[name][0], "localhost", extensions, days)

    one("good", trusted)
    one("expired", trusted, days=(-30, -2))
    one("not_yet_valid", trusted, days=(3, 30))
    one("wrong_name", trusted, "subjectAltName=DNS:other.example.org\n")
    one("unknown_authority", stranger)
    one("missing_intermediate", between, here + "authorityInfoAccess=caIssuers;URI:http://127.0.0.1/between.der\n")
    one("chain", between)
    with made["chain"][0].open("a") as chain:
        chain.write(between.certificate.read_text())
    made["self_signed"] = (folder / "self_signed.pem", key)
    openssl("req", "-x509", "-new", "-key", key, "-out", made["self_signed"][0], "-days", "30",
            "-subj", "/CN=localhost", "-addext", here.strip())
    return made
