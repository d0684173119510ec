#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""collectord reads the status of a real Apache, which asks for a password.

reader_apache_test.py COLLECTORD FIXTURES     exit 0 when all holds
"""
import hashlib
import base64
import sys

from reader_house import House, answers, free_ports, need

MODULES = "/usr/lib/apache2/modules"
CONFIGURATION = """ServerRoot {top}
ServerName localhost
PidFile {top}/apache.pid
DefaultRuntimeDir {top}
Mutex pthread
ErrorLog {top}/error.log
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authn_file_module {modules}/mod_authn_file.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule auth_basic_module {modules}/mod_auth_basic.so
LoadModule status_module {modules}/mod_status.so
ExtendedStatus On
DocumentRoot {top}/site
<Location "/server-status">
  SetHandler server-status
  AuthType Basic
  AuthName status
  AuthUserFile {top}/users
  Require valid-user
</Location>
"""


def main(program: str) -> None:
    need("/usr/sbin/apache2")
    port, = free_ports(1)
    with House("apache", program) as house:
        house.folder("site")
        house.file("site/index.html", "hello")
        digest = base64.b64encode(hashlib.sha1(b"a secret").digest()).decode()
        house.file("users", f"watcher:{{SHA}}{digest}\n")
        house.file("password", "a secret\n", 0o600)
        configuration = house.file("apache.conf", CONFIGURATION.format(top=house.top, port=port, modules=MODULES))
        house.begin("apache", "/usr/sbin/apache2", "-D", "FOREGROUND", "-f", configuration)
        house.wait_for("apache", lambda: answers(port))
        house.collect(f"""
[[reader]]
service = "site"
kind = "apache"
url = "http://127.0.0.1:{port}/server-status?auto"
user = "watcher"
password_file = "password"
[[reader]]
service = "for-people"
kind = "apache"
url = "http://127.0.0.1:{port}/server-status"
user = "watcher"
password_file = "password"
[[reader]]
service = "stranger"
kind = "apache"
url = "http://127.0.0.1:{port}/server-status?auto"
""")
        page = house.read("site", "apache")
        assert page.value("apache_up", service="site") == 1
        assert page.value("apache_workers", service="site", state="busy") >= 1
        assert page.value("apache_scoreboard", service="site", state="reply") >= 1
        assert page.value("apache_connections", service="site", state="total") is not None
        assert page.value("apache_cpu_time_ms_total", service="site", type="user") is not None
        assert [labels["version"][:11] for labels in page.labels("apache_info")] == ["Apache/2.4."]
        before = page.value("apache_accesses_total", service="site")
        for _ in range(5):
            house.run("curl", "-sf", f"http://127.0.0.1:{port}/index.html")
        house.scrape_until("Apache counts the requests", lambda page: page.value("apache_accesses_total", service="site") >= before + 5)
        assert "let url end in ?auto" in house.fails("for-people", "apache")
        reason = house.fails("stranger", "apache")
        assert "answers 401" in reason and "password_file" in reason, reason
        house.end("apache")
        assert house.fails("site", "apache").endswith("Connection refused")


if __name__ == "__main__":
    main(sys.argv[1])
