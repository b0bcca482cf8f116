"""Many accounts: memory, everybody waking at once, and the quiet afterwards."""

import os
import time

from ..measure import descriptors, eventually, memory_mib, percentile, rss_mib, switches, thread_seconds
from .bodies import TOOLS_LIST, get

IDLE = 10_000
# Longer than the gateway keeps what nobody uses.
SETTLE = 25


def memory(bench):
    """Each account calls once; then all are left alone until unused connections have closed."""
    if os.geteuid() != 0:
        return bench.table.skip("PSS of a process that is not dumpable is root's to see")
    people = bench.people()
    gateway = people.gateway()
    try:
        none = rss_mib(gateway.process.pid)
        bench.table.row("gateway RSS, no worker", none, "MiB",
                        note=f"{len(people.tokens)} accounts in the database")
        for count in [count for count in (1, 50, 200, 1000) if count <= len(people.tokens)]:
            bench.load.good(people.requests(count, TOOLS_LIST), "--connections", 4, "--each")
            eventually(f"{count} workers", 10, lambda: len(gateway.workers()) == count)
            at_once = rss_mib(gateway.process.pid)
            time.sleep(SETTLE)
            each = [memory_mib(pid) for pid in gateway.workers()]
            pss = [one[1] for one in each]
            own = memory_mib(gateway.process.pid)
            most = 2 if count >= 50 else None
            bench.table.row(f"PSS of a worker, {count} workers", sum(pss) / count, "MiB", most,
                            note=f"median {percentile(pss, 0.5):.2f}, RSS {percentile([one[0] for one in each], 0.5):.2f}")
            bench.table.row(f"gateway RSS, {count} workers", own[0], "MiB", 40 if count >= 1000 else None,
                            note=f"{at_once:.1f} at once; PSS {own[1]:.1f}, {descriptors(gateway.process.pid)} "
                                 f"descriptors, {1024 * (own[0] - none) / count:.0f} KiB a worker")
    finally:
        gateway.stop()


def wake(bench):
    """Every account calls in the same moment, none has a worker, the connections are open."""
    people = bench.people()
    count = len(people.tokens)
    for cap in (1200, 200):
        for attempt in range(bench.some(3, 1)):
            gateway = people.gateway(MAX_WORKERS=str(cap))
            try:
                report = bench.load.run(people.requests(count, TOOLS_LIST), "--connections", count, "--once",
                                        "--answer", '"tools"')
                spent = [thread_seconds([gateway.process.pid]), thread_seconds(gateway.workers())]
                label = f"{count} accounts wake, MAX_WORKERS={cap}, round {attempt + 1}"
                micros = report["micros"]
                goal = 3 if cap >= count and count >= 1000 else None
                bench.table.row(f"{label}: all served", report["seconds"], "s", goal,
                                note=f"p50 {micros['p50'] / 1e6:.2f} s, p99 {micros['p99'] / 1e6:.2f} s; processor "
                                     f"time: gateway {spent[0]:.2f} s, workers that live {spent[1]:.2f} s")
                bench.table.row(f"{label}: failed", sum(report["failed"].values()), exactly=0,
                                note=str(report["failed"] or ""))
            finally:
                gateway.stop()


def quiet(bench):
    """Nobody calls: no worker may be given a processor."""
    people = bench.people()
    gateway = people.gateway()
    try:
        count = min(200, len(people.tokens))
        bench.load.good(people.requests(count, TOOLS_LIST), "--connections", 4, "--each")
        time.sleep(bench.some(15, 5))
        workers = gateway.workers()
        before = [switches(pid) for pid in workers]
        own = switches(gateway.process.pid)
        time.sleep(10)
        woken = sum(after - early for after, early in zip(map(switches, workers), before))
        bench.table.row(f"context switches of {count} idle workers in 10 s", woken, exactly=0)
        bench.table.row("context switches of the gateway's main thread", switches(gateway.process.pid) - own)
    finally:
        gateway.stop()


def idle(bench):
    """Open connections that say nothing after one answer."""
    people = bench.people()
    gateway = people.gateway(MAX_WORKERS="20")
    count = bench.some(IDLE, 2000)
    health = [(gateway.port, get(gateway.port, "/healthz"))]
    watch = ("--seconds", 5, "--rate", 200)
    try:
        quiet_report = bench.load.good(health, *watch)["micros"]
        before = rss_mib(gateway.process.pid)
        with bench.load.start(health, "--connections", count, "--hold") as holder:
            holder.stdout.readline()
            with_them = rss_mib(gateway.process.pid)
            report = bench.load.good(health, *watch)["micros"]
            bench.table.row(f"{count} idle connections: each", 1024 * (with_them - before) / count, "KiB",
                            note=f"gateway RSS {before:.1f} → {with_them:.1f} MiB")
            bench.table.row("/healthz meanwhile, p99", report["p99"] / 1000, "ms", 50,
                            note=f"p50 {report['p50']} µs, max {report['max'] / 1000:.1f} ms; "
                                 f"without them p50 {quiet_report['p50']} µs, p99 {quiet_report['p99']} µs")
        time.sleep(SETTLE)
        bench.table.row(f"gateway RSS {SETTLE} s after they have gone", rss_mib(gateway.process.pid), "MiB")
    finally:
        gateway.stop()
