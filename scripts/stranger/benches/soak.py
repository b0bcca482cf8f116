"""Half of what the machine can carry, for long: nothing may grow, nothing may fail."""

import json
import os
import time

from ..measure import descriptors, rss_mib
from .bodies import TOOLS_LIST, tool
from .stalls import connections_to, worker_ports

ACCOUNTS, CONNECTIONS = 50, 16
TOOLS = ("get_full_name", "get_stats", "get_activities")
# Memory and descriptors find their level in the first part, which therefore does not count.
SETTLE = 0.25
# Workers that were asked for once more than they had been, a log line's buffer: not a leak.
GROWTH_MIB, GROWTH_DESCRIPTORS = 16, 8


def load03_load05_soak(bench, seconds):
    people = bench.people()
    gateway = people.gateway()
    try:
        accounts = min(ACCOUNTS, len(people.tokens))
        bodies = [TOOLS_LIST, *(tool(name) for name in TOOLS)]
        requests = [(people.port, people.request(number % accounts, bodies[number % len(bodies)]))
                    for number in range(len(bodies) * accounts)]
        # What every connection will ask is asked once, so that all workers and caches are there.
        bench.load.good(requests, "--connections", 8, "--each", "--answer", '"result"')
        full = bench.load.good(requests[:CONNECTIONS * 4], "--connections", CONNECTIONS, "--seconds",
                               bench.some(10, 5))
        rate = full["calls"] / full["seconds"] / 2
        with bench.load.start(requests, "--connections", CONNECTIONS * 4, "--seconds", seconds, "--rate", rate,
                              "--answer", '"result"') as load:
            series = _watch(gateway, seconds)
            report = json.loads(load.stdout.readline())
        opened = len(connections_to(worker_ports(bench, people)))
    finally:
        gateway.stop()
    micros = report["micros"]
    bench.table.row(f"calls in {seconds} s", report["calls"],
                    note=f"half load, {rate:.0f} /s; p50 {micros['p50']} µs, p99 {micros['p99']} µs; "
                         f"{accounts} accounts, every fourth call a list, the others tools")
    bench.table.row("calls that failed", sum(report["failed"].values()), exactly=0,
                    note=str(report["failed"] or ""))
    bench.table.row("connections to workers in the last minute", opened, most=max(report["calls"] // 20, 50),
                    note="a call in twenty at most may need another")
    settled = series[int(len(series) * SETTLE):]
    hours = (settled[-1]["at"] - settled[0]["at"]) / 3600
    for name, most in (("gateway MiB", GROWTH_MIB), ("workers MiB", GROWTH_MIB),
                       ("gateway descriptors", GROWTH_DESCRIPTORS), ("workers", 0)):
        values = [sample[name] for sample in settled if sample[name] is not None]
        if not values:
            continue
        half = len(values) // 2
        grown = _mean(values[half:]) - _mean(values[:half])
        bench.table.row(f"{name}: growth from one half to the other", grown, most=most,
                        note=f"{values[0]:.1f} → {values[-1]:.1f}, slope {_slope(settled, name):+.2f} an hour "
                             f"over {hours * 60:.1f} min")


def _watch(gateway, seconds):
    series, began = [], time.monotonic()
    pause = max(1.0, seconds / 600)
    while (at := time.monotonic() - began) < seconds - 1:
        workers = gateway.workers()
        series.append({
            "at": at,
            "gateway MiB": rss_mib(gateway.process.pid),
            "workers MiB": sum(map(rss_mib, workers)),
            "workers": len(workers),
            "gateway descriptors": descriptors(gateway.process.pid) if os.geteuid() == 0 else None,
        })
        time.sleep(pause)
    return series


def _mean(values):
    return sum(values) / len(values)


def _slope(series, name):
    """Of the line of least squares, in units an hour."""
    points = [(sample["at"] / 3600, sample[name]) for sample in series]
    x, y = (_mean(axis) for axis in zip(*points))
    below = sum((at - x) ** 2 for at, _ in points)
    return sum((at - x) * (value - y) for at, value in points) / below if below else 0.0
