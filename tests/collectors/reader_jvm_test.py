#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""collectord reads the counters of a real Java virtual machine, which runs the registry that comes with it.

reader_jvm_test.py COLLECTORD FIXTURES     exit 0 when all holds
"""
import os
import pathlib
import signal
import sys
import time

from reader_house import House, answers, free_ports

MAIN = "sun.rmi.registry.RegistryImpl"


def program_of_java() -> pathlib.Path:
    found = sorted(pathlib.Path("/usr/lib/jvm").glob("java-*-openjdk-*/bin/rmiregistry"))
    assert found, "rmiregistry is missing: ./dev test --all installs it"
    return found[0]


def main(program: str) -> None:
    port, = free_ports(1)
    with House("jvm", program) as house:
        house.begin("registry", program_of_java(), "-J-Xmx64m", "-J-XX:+UseSerialGC", port)
        house.wait_for("registry", lambda: answers(port))
        process = house.processes["registry"]
        files = list(pathlib.Path("/tmp").glob(f"hsperfdata_*/{process.pid}"))
        assert len(files) == 1, files
        house.collect(f"""
[[reader]]
service = "images"
kind = "jvm"
files = "{files[0].parent}/{process.pid}"
[[reader]]
service = "nowhere"
kind = "jvm"
files = "{house.top}/hsperfdata_*/*"
""")
        page = house.read("images", "jvm")

        def value(metric: str, **labels: str) -> float | None:
            return page.value(metric, service="images", main=MAIN, **labels)

        assert 1e5 < value("jvm_memory_bytes_used", area="heap") <= value("jvm_memory_bytes_committed", area="heap")
        # The heap's limit counts one of the two survivor spaces less.
        assert 40e6 < value("jvm_memory_bytes_max", area="heap") <= 64 * 1024 * 1024
        assert value("jvm_memory_bytes_used", area="nonheap") > 1e5
        pools = {labels["pool"] for labels in page.labels("jvm_memory_pool_bytes_used")}
        assert pools == {"eden", "s0", "s1", "old"}, pools
        threads = len(os.listdir(f"/proc/{process.pid}/task"))
        assert 1 < value("jvm_threads_current") <= threads, "the machine's own threads are not Java's"
        assert value("jvm_classes_loaded") > 100
        collectors = {labels["gc"] for labels in page.labels("jvm_gc_collection_seconds_count")}
        assert len(collectors) == 2 and all(collectors), collectors  # of young ones, and of all
        for collector in collectors:
            assert value("jvm_gc_collection_seconds_sum", gc=collector) >= 0
        assert abs(value("intendance_jvm_start_time_seconds") - time.time()) < 600
        assert "OpenJDK" in next(labels["runtime"] for labels in page.labels("jvm_info"))
        assert "no virtual machine that runs" in house.fails("nowhere", "jvm")
        # Killed, it leaves its file behind, which says nothing of anybody any more.
        house.end("registry", signal.SIGKILL)
        assert files[0].exists()
        try:
            assert "no virtual machine that runs" in house.fails("images", "jvm")
        finally:
            files[0].unlink()


if __name__ == "__main__":
    main(sys.argv[1])
