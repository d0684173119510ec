#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""collectord asks a real systemd, beside a real node_exporter.

systemd_integration.py COLLECTORD SOURCE_DIRECTORY     exit 0 when all holds, 77 where it cannot run

A user's instance of systemd runs in namespaces of its own, with its own /run and its own hierarchy of
control groups, so that it needs no machine that was booted with systemd, and none notices it. That takes
root.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

from collectord_integration import Daemon, until
from node_exporter_integration import SAMPLE, UPSTREAM, scrape, show

BUS = "/run/user/0/bus"
UNITS = {
    "probe.timer": "[Unit]\nDescription=A job of the night\n[Timer]\nOnActiveSec=0\nAccuracySec=10ms\n",
    "probe.service": "[Service]\nType=oneshot\nExecStart=/bin/true\n",
    "broken.service": "[Service]\nType=exec\nExecStart=/bin/false\n",
    "echo.socket": "[Socket]\nListenStream=/run/echo\nAccept=yes\n",
    "echo@.service": "[Service]\nExecStart=/bin/cat\nStandardInput=socket\n",
    "dbus.socket": "[Socket]\nListenStream=%t/bus\n",
    "dbus.service": "[Service]\nType=notify\nExecStart=/usr/bin/dbus-daemon --session --address=systemd: --nofork --nopidfile"
                    " --systemd-activation --syslog-only\n",
    "default.target": "[Unit]\nWants=probe.timer broken.service echo.socket dbus.socket\n",
}


def run(*command):
    subprocess.run(command, check=True)


def enter_own_world(hierarchy):
    """Here everything is of this process's own mount namespace."""
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    for folder in ("/run/systemd/system", "/run/user/0", "/run/dbus", "/run/home/.config/systemd/user", "/run/state"):
        os.makedirs(folder)
    os.symlink(BUS, "/run/dbus/system_bus_socket")
    run("mount", "-t", "tmpfs", "tmpfs", "/sys/fs/cgroup")
    os.mkdir("/sys/fs/cgroup/systemd")
    run("mount", "-t", "cgroup", "-o", f"none,name={hierarchy}", "cgroup", "/sys/fs/cgroup/systemd")
    for name, text in UNITS.items():
        pathlib.Path("/run/home/.config/systemd/user", name).write_text(text)
    os.environ.update(XDG_RUNTIME_DIR="/run/user/0", HOME="/run/home")
    os.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)


def of_systemd(values):
    """Without the units of the moment: what was connected or started in between."""
    return {name: series for name, series in values.items() if name.startswith("node_systemd_")}


def check_same(our_address, their_address):
    def same():
        before, ours, after = (of_systemd(scrape(address)[0]) for address in (their_address, our_address, their_address))
        if before != after or not before:
            return None
        return ours, before

    ours, theirs = until("systemd keeps still for three scrapes", same)
    # node_exporter rounds the time of a timer to whole seconds in some versions.
    for name in sorted(theirs.keys() | ours.keys()):
        only = ours.get(name, {}).keys() ^ theirs.get(name, {}).keys()
        assert not only, f"only one has {[show(name, labels) for labels in only]}"
        for labels, value in ours[name].items():
            assert abs(value - theirs[name][labels]) < 1e-3, (show(name, labels), value, theirs[name][labels])
    return ours


def value(values, metric, /, **labels):
    return values[metric][frozenset(labels.items())]


def timed_scrape(address):
    request = urllib.request.Request(f"{address}/metrics", headers={"X-Prometheus-Scrape-Timeout-Seconds": "2"})
    started = time.monotonic()
    with urllib.request.urlopen(request, timeout=20) as answer:
        page = answer.read().decode()
    return page, time.monotonic() - started


def check_stuck(systemd, address):
    """systemd stops; the page answers, with the last values and their age."""
    systemd.process.send_signal(signal.SIGSTOP)
    try:
        _, first = timed_scrape(address)
        assert first < 0.5, first  # the daemon's 200 ms, and what a busy machine takes
        failed = 'node_scrape_collector_success{collector="systemd"} 0\n'
        until("systemd counts as failed", lambda: failed in timed_scrape(address)[0])
        page, later = timed_scrape(address)
        assert failed in page and later < 0.25, later
        assert 'node_systemd_unit_state{name="broken.service",state="failed",type="exec"} 1\n' in page
        ages = [SAMPLE.match(line) for line in page.splitlines() if 'values_age_seconds{collector="systemd"}' in line]
        assert float(ages[0].group(3)) > 1, ages
    finally:
        systemd.process.send_signal(signal.SIGCONT)
    until("systemd is asked again", lambda: 'node_scrape_collector_success{collector="systemd"} 1\n' in timed_scrape(address)[0])


def inside(program, source, hierarchy):
    enter_own_world(hierarchy)
    systemd = Daemon(["/lib/systemd/systemd", "--user"])
    pathlib.Path("/run/state/intendance.toml").write_text(f'[collectord]\nlisten = "127.0.0.1:0"\nservices = "{source}/services"\n')
    until("systemd listens", lambda: os.path.exists(BUS) and os.path.exists("/run/echo"))
    subprocess.run(["busctl", "--user", "list"], check=True, stdout=subprocess.DEVNULL)  # starts the bus
    ours = Daemon([program, "--config", "/run/state/intendance.toml", "--state", "/run/state"])
    theirs = Daemon(["prometheus-node-exporter", "--web.listen-address=127.0.0.1:0", "--collector.disable-defaults", "--collector.systemd", *UPSTREAM])
    try:
        our_address = ours.wait_for(r"answering on (http://127\.0\.0\.1:\d+)").group(1)
        their_address = "http://" + theirs.wait_for(r"Listening on.*address=(127\.0\.0\.1:\d+)").group(1)
        until("systemd is on the bus", lambda: of_systemd(scrape(our_address)[0]))
        values = check_same(our_address, their_address)
        assert value(values, "node_systemd_units", state="failed") == 1
        assert value(values, "node_systemd_unit_state", name="broken.service", state="failed", type="exec") == 1
        assert value(values, "node_systemd_system_running") == 0
        assert value(values, "node_systemd_socket_accepted_connections_total", name="echo.socket") == 0
        assert value(values, "node_systemd_timer_last_trigger_seconds", name="probe.timer") > 1.7e9
        check_stuck(systemd, our_address)
    finally:
        for daemon in (ours, theirs, systemd):
            daemon.stop()
    print(f"{sum(map(len, values.values()))} values of systemd, the same as node_exporter's")


def remove_hierarchy(hierarchy):
    """The kernel keeps a hierarchy for as long as it has groups."""
    script = f"""d=$(mktemp -d); mount -t cgroup -o none,name={hierarchy} cgroup "$d" || exit 0
      find "$d" -depth -mindepth 1 -type d -exec rmdir {{}} \\; ; umount "$d"; rmdir "$d" """
    subprocess.run(["unshare", "--mount", "sh", "-c", script], check=False)


def main(program, source):
    for tool in ("prometheus-node-exporter", "busctl", "dbus-daemon"):
        assert shutil.which(tool), f"{tool} is missing: apt install prometheus-node-exporter systemd dbus-daemon"
    hierarchy = f"intendance{os.getpid()}"
    world = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
    probe = f"mount -t tmpfs tmpfs /sys/fs/cgroup && mkdir /sys/fs/cgroup/x && mount -t cgroup -o none,name={hierarchy} cgroup /sys/fs/cgroup/x"
    possible = os.geteuid() == 0 and subprocess.run([*world, "sh", "-c", probe], check=False, capture_output=True).returncode == 0
    if not possible:
        print("needs root, and namespaces in which control groups can be mounted; skipped")
        return 77
    try:
        return subprocess.run([*world, sys.executable, __file__, "--inside", program, source, hierarchy], check=False, timeout=100).returncode
    finally:
        remove_hierarchy(hierarchy)


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        sys.exit(inside(*sys.argv[2:]))
    sys.exit(main(sys.argv[1], str(pathlib.Path(sys.argv[2]).resolve())))
