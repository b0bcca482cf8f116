"""Warm calls: what the gateway adds, beside nginx in front of the same workers."""

import time

from ..direct import Nginx, Worker
from ..measure import Line, percentile, thread_seconds
from .bodies import TOOLS_LIST, ask

ROUNDS = 5


def added_latency(bench):
    """One connection after another is asked, so that a busy moment falls on all of them."""
    people, gateway = bench.people(), bench.people().gateway()
    worker = Worker(bench.binary, people.simulator.env)
    nginx = Nginx([worker])
    try:
        asked = {
            "worker alone": (worker.port, worker.request(TOOLS_LIST)),
            "nginx": (nginx.port, nginx.request(0, TOOLS_LIST)),
            "gateway": (gateway.port, people.request(0, TOOLS_LIST)),
        }
        lines = {name: (Line(port), request, []) for name, (port, request) in asked.items()}
        for number in range(bench.some(5000, 1000)):
            for line, request, times in lines.values():
                began = time.perf_counter()
                ask(line, request)
                if number >= 100:
                    times.append(time.perf_counter() - began)
        for name, (line, _, times) in lines.items():
            bench.table.times(f"tools/list, {name}", times, "µs")
            line.close()
        alone = lines["worker alone"][2]
        for name, goals in (("nginx", (None, None)), ("gateway", (150, None))):
            times = lines[name][2]
            for share, goal in zip((0.5, 0.99), goals):
                added = 1e6 * (percentile(times, share) - percentile(alone, share))
                bench.table.row(f"added by {name}, p{share * 100:.0f}", added, "µs", goal)
    finally:
        nginx.stop()
        worker.stop()
        gateway.stop()


def throughput(bench):
    """Rounds through the gateway and through nginx take turns; medians of processor time.

    Accounts are as many as connections, at most 64: an account may have four calls at once."""
    people, gateway = bench.people(), bench.people().gateway()
    most = min(64, len(people.tokens))
    workers = [Worker(bench.binary, people.simulator.env) for _ in range(most)]
    nginx = Nginx(workers)
    try:
        for connections in (1, 8, 64, 256):
            accounts = min(connections, most)
            paths = {
                "gateway": (people.requests(accounts, TOOLS_LIST), [gateway.process.pid], gateway.workers),
                "nginx": ([(nginx.port, nginx.request(number, TOOLS_LIST)) for number in range(accounts)],
                          nginx.pids(), lambda: [worker.process.pid for worker in workers]),
            }
            rounds = {name: [] for name in paths}
            for path in paths.values():
                _round(bench, path, connections, 1)
            for _ in range(bench.some(ROUNDS, 3)):
                for name, path in paths.items():
                    rounds[name].append(_round(bench, path, connections, bench.some(4, 2)))
            _report(bench.table, connections, accounts, rounds)
    finally:
        nginx.stop()
        for worker in workers:
            worker.stop()
        gateway.stop()


def _round(bench, path, connections, seconds):
    """(calls/s, µs of the proxy per call, µs of the workers per call, p50 and p99 in µs)"""
    requests, proxy, workers = path
    workers = workers()
    before = thread_seconds(proxy), thread_seconds(workers)
    report = bench.load.good(requests, "--connections", connections, "--seconds", seconds,
                             "--answer", '"tools"')
    after = thread_seconds(proxy), thread_seconds(path[2]())
    micros = [1e6 * (late - early) / report["calls"] for early, late in zip(before, after)]
    return report["calls"] / report["seconds"], *micros, report["micros"]["p50"], report["micros"]["p99"]


def _report(table, connections, accounts, rounds):
    where = f"{connections} connections" if connections > 1 else "1 connection"
    median = {name: [percentile(column, 0.5) for column in zip(*taken)] for name, taken in rounds.items()}
    for name, (rate, proxy, workers, p50, p99) in median.items():
        table.row(f"{where}: {name}", rate, "/s",
                  note=f"{name} {proxy:.1f} + worker {workers:.1f} µs of processor time a call "
                       f"(= ms per 1,000); p50 {p50} µs, p99 {p99} µs; {accounts} accounts")
    ours, theirs = median["gateway"], median["nginx"]
    table.row(f"{where}: (gateway + worker) / (nginx + worker)",
              (ours[1] + ours[2]) / (theirs[1] + theirs[2]), "×", 1.4,
              note=f"the proxy alone: {ours[1] / theirs[1]:.2f} × nginx; "
                   f"{ours[1] / (ours[1] + ours[2]):.0%} of gateway + worker")
