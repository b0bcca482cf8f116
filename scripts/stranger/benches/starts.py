"""How soon things are there: the program, the gateway, the first answer of a worker."""

import os
import signal
import tempfile
import time
from pathlib import Path

from ..gateway import Gateway
from ..measure import Line, eventually, sections
from .bodies import TOOLS_LIST, ask

SECTIONS = (".text", ".rodata", ".data.rel.ro", ".eh_frame")


def size(bench):
    parts = sections(bench.binary, set(SECTIONS))
    bench.table.row("binary", Path(bench.binary).stat().st_size / 1e6, "MB")
    for name in SECTIONS:
        note = "private to each worker once relocated" if name == ".data.rel.ro" else ""
        bench.table.row(name, parts.get(name, 0) / 1024, "KiB", note=note)


def start(bench):
    people, fresh, again = bench.people(), [], []
    for _ in range(bench.some(20, 5)):
        with tempfile.TemporaryDirectory() as data:
            for times in (fresh, again):
                gateway = Gateway(bench.binary, data, people.simulator.env)
                times.append(gateway.ready_after)
                gateway.process.kill()
                gateway.process.wait()
    bench.table.times("start to the first 200, new database", fresh)
    bench.table.times("start to the first 200, existing database", again)


def cold(bench):
    """From a request that finds no worker to its whole answer, the sandbox included."""
    people = bench.people()
    gateway = people.gateway()
    try:
        line, times = Line(gateway.port), []
        for number in range(len(people.tokens[:bench.some(200, 60)])):
            request = people.request(number, TOOLS_LIST)
            began = time.perf_counter()
            ask(line, request)
            times.append(time.perf_counter() - began)
        goals = (5, 15)
        bench.table.times("first answer of an account", times, goals=goals, note="WORKER_SANDBOX as it is")
        bench.table.times("first answer after kill -9", _killed(bench, gateway, people, line), goals=goals)
        line.close()
    finally:
        gateway.stop()


def _killed(bench, gateway, people, line):
    times, request = [], people.request(0, TOOLS_LIST)
    for worker in gateway.workers():
        os.kill(worker, signal.SIGKILL)
    eventually("workers reaped", 10, lambda: not gateway.workers())
    for _ in range(bench.some(100, 60)):
        began = time.perf_counter()
        ask(line, request)
        times.append(time.perf_counter() - began)
        (worker,) = gateway.workers()
        os.kill(worker, signal.SIGKILL)
        eventually("worker reaped", 10, lambda: not gateway.workers())
    return times
