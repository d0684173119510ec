#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""collectord beside a real node_exporter on this machine: the same names, labels and values.

node_exporter_integration.py COLLECTORD SOURCE_DIRECTORY     exit 0 when all holds

Each scrape of collectord lies between two of node_exporter, and so must each of its counters.
"""
import math
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request

from collectord_integration import Daemon, check_lint

ROUNDS = 5
# What an exporter says of itself.
OF_ITSELF = re.compile(r"(process|go|promhttp)_|node_scrape_collector_|node_exporter_|intendance_")
# Figures that are never the same twice; that they are there, and under which labels, is compared.
RESTLESS = re.compile(r"node_(procs_running|procs_blocked|memory_.*|processes_.*|sockstat_.*|filefd_allocated|load\d+|tcp_connection_states"
                      r"|filesystem_(avail|free)_bytes|filesystem_files_free|netstat_Tcp_CurrEstab|timex_(maxerror|estimated_error|offset)_seconds"
                      r"|disk_io_now|udp_queues|entropy_available_bits|nf_conntrack_entries)")
# The states come and go with the connections and processes.
RESTLESS_LABELS = {"node_tcp_connection_states", "node_processes_state"}
# node_exporter opens a file for each thread to tell these, and no panel shows them.
LEFT_OUT = {"node_processes_threads_state"}
# Counters that the kernel itself takes back by a tick: it estimates them (proc(5), /proc/stat).
ESTIMATED = re.compile(r'node_cpu_(seconds|guest_seconds)_total.*mode="(idle|iowait|steal)"')

# Debian's node_exporter leaves more out than the upstream one does (loopback, /mnt, targets), and a later
# version leaves zram out: these are upstream's defaults of today, which are ours.
UPSTREAM = [
    r"--collector.diskstats.device-exclude=^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$",
    r"--collector.filesystem.mount-points-exclude=^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)",
    "--collector.netdev.device-exclude=^$",
    "--collector.netclass.ignore-invalid-speed",
    r"--collector.systemd.unit-exclude=.+\.(automount|device|mount|scope|slice)",
]

SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def scrape(address):
    """{name: {labels: value}}, {name: type}, the page"""
    with urllib.request.urlopen(f"{address}/metrics", timeout=20) as answer:
        page = answer.read().decode()
    values, types = {}, {}
    for line in page.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            types[name] = kind
        elif line and not line.startswith("#"):
            name, labels, value = SAMPLE.match(line).groups()
            values.setdefault(name, {})[frozenset(LABEL.findall(labels or ""))] = float(value)
    return values, types, page


def is_between(low, value, high, tolerance=0.0):
    slack = tolerance + 1e-9 * max(abs(low), abs(high))
    return low - slack <= value <= high + slack


def is_counter(name, types):
    return types[name] == "counter" or name.startswith(("node_vmstat_", "node_netstat_")) and name != "node_netstat_Tcp_CurrEstab"


def show(name, labels):
    return name + "{" + ",".join(f'{key}="{value}"' for key, value in sorted(labels)) + "}"


class Comparison:
    def __init__(self):
        self.wrong, self.unconfirmed, self.compared = [], {}, 0

    def round(self, before, ours, after):
        (low, types, _), (values, _, _), (high, _, _) = before, ours, after
        for name in sorted((low.keys() & values.keys()) - LEFT_OUT):
            if OF_ITSELF.match(name):
                continue
            self.labels(name, low[name], values[name], high[name])
            for labels in low[name].keys() & values[name].keys() & high[name].keys():
                self.value(name, labels, low[name][labels], values[name][labels], high[name][labels], is_counter(name, types))

    def labels(self, name, low, values, high):
        if name in RESTLESS_LABELS:
            return
        if low.keys() == high.keys() and values.keys() != low.keys():
            for labels in values.keys() ^ low.keys():
                self.wrong.append(f"{show(name, labels)} is only {'ours' if labels in values else 'theirs'}")

    def value(self, name, labels, low, value, high, counter):
        self.compared += 1
        key = show(name, labels)
        if counter:
            tolerance = 0.05 if ESTIMATED.match(key) else 0.0
            if not is_between(low, value, high, tolerance):
                self.wrong.append(f"{key}: {value!r} is not between {low!r} and {high!r}")
        elif not RESTLESS.match(name):
            # A gauge may go up and down in between; once in all rounds it has to be the same.
            here = is_between(min(low, high), value, max(low, high)) or (math.isnan(low) and math.isnan(value))
            self.unconfirmed[key] = self.unconfirmed.get(key, True) and not here


def check_names(ours, theirs, source):
    wanted = {line for line in (source / "tests/fixtures/dashboards/1860-names.txt").read_text().split("\n") if line and line[0] != "#"}
    missing = (wanted & theirs.keys()) - ours.keys() - LEFT_OUT
    assert not missing, f"node_exporter has what we have not: {sorted(missing)}"
    return len(wanted & ours.keys()), len(wanted & theirs.keys()), len(wanted)


def main(program, source):
    for tool in ("promtool", "prometheus-node-exporter"):
        assert shutil.which(tool), f"{tool} is missing: apt install prometheus prometheus-node-exporter"
    with tempfile.TemporaryDirectory(prefix="collectord-") as name:
        folder = pathlib.Path(name)
        (folder / "files").mkdir()
        (folder / "files" / "site.prom").write_text('# HELP site_files Files.\n# TYPE site_files gauge\nsite_files{site="tei"} 12\n')
        config = folder / "intendance.toml"
        config.write_text(f'[collectord]\nlisten = "127.0.0.1:0"\nservices = "{source}/services"\ntextfiles = "{folder}/files"\n')
        collectors = ["--collector.processes", "--collector.tcpstat", "--collector.interrupts", *UPSTREAM]
        theirs = Daemon(["prometheus-node-exporter", "--web.listen-address=127.0.0.1:0", f"--collector.textfile.directory={folder}/files", *collectors])
        ours = Daemon([program, "--config", str(config), "--state", name])
        try:
            their_address = "http://" + theirs.wait_for(r"Listening on.*address=(127\.0\.0\.1:\d+)").group(1)
            our_address = ours.wait_for(r"answering on (http://127\.0\.0\.1:\d+)").group(1)
            comparison = Comparison()
            scrape(our_address), scrape(their_address)
            for _ in range(ROUNDS):
                before, between, after = scrape(their_address), scrape(our_address), scrape(their_address)
                comparison.round(before, between, after)
            assert not comparison.wrong, "\n".join(sorted(set(comparison.wrong)))
            never = [key for key, missing in comparison.unconfirmed.items() if missing]
            assert not never, "never node_exporter's value:\n" + "\n".join(never)
            check_lint(between[2])
            our_count, their_count, all_of_them = check_names(between[0], before[0], source)
            assert our_count >= their_count, (our_count, their_count)
        finally:
            ours.stop()
            theirs.stop()
        print(f"{comparison.compared} values compared; of the {all_of_them} names of dashboard 1860, {our_count} here, {their_count} there")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2]).resolve()))
