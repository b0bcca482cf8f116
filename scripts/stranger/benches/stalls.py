"""Where one slow thing could hold up another."""

import json
import threading
import time
import urllib.parse

from ..measure import Line, eventually, percentile
from ..oauth import Authorization, discover, fetch, register
from ..browser import Browser, SignInFailed, sign_in
from .bodies import TOOLS_LIST, ask, get, tool
from .people import REDIRECT

STALLED = 50
DELAY_MS = 300


def parallel(bench):
    """Eight calls of one account, each of them one request to a Garmin that takes 300 ms."""
    people = bench.people()
    gateway = people.gateway()
    try:
        def days(first, count):
            return [(people.port, people.request(0, tool("get_stats", date=f"2026-{day // 28 + 1:02}-{day % 28 + 1:02}")))
                    for day in range(first, first + count)]

        bench.load.good(days(0, 1), "--once")
        fault(people, {"when": {"host": "api"}, "effect": {"delay": {"millis": DELAY_MS}}, "firing": "always"})
        one, eight = [], []
        for turn in range(bench.some(5, 3)):
            one.append(bench.load.good(days(10 * turn + 1, 1), "--once")["seconds"])
            eight.append(bench.load.good(days(10 * turn + 2, 8), "--connections", 8, "--once")["seconds"])
        bench.table.row("one call", percentile(one, 0.5), "s")
        bench.table.row("eight calls at once", percentile(eight, 0.5), "s",
                        note=f"{percentile(eight, 0.5) / percentile(one, 0.5):.1f} × one; one after another: 8 ×")
    finally:
        clear(people)
        gateway.stop()


def pooled(bench):
    """Connections that were opened for many calls, from what the kernel remembers of them."""
    people = bench.people()
    gateway = people.gateway()
    try:
        calls = bench.some(1000, 200)
        bench.load.good(people.requests(1, TOOLS_LIST), "--once")
        ports = worker_ports(bench, people)
        bench.load.good([people.requests(1, TOOLS_LIST)[0]] * calls, "--each")
        opened = len(connections_to(ports))
        bench.table.row(f"connections to the worker for {calls} calls", opened, most=1)
        garmin = {int(urllib.parse.urlsplit(url).port) for url in people.simulator.env.values()}
        before = connections_to(garmin)
        some = [(people.port, people.request(0, tool("get_stats", date=f"2025-{n // 28 + 1:02}-{n % 28 + 1:02}")))
                for n in range(100)]
        bench.load.good(some, "--each")
        bench.table.row("connections to Garmin for 100 calls that need it", len(connections_to(garmin) - before), most=1)
    finally:
        gateway.stop()


def stalled_sign_ins(bench):
    """Garmin's sign-in says nothing while fifty people wait for it."""
    people = bench.people()
    gateway = people.gateway()
    health = [(gateway.port, get(gateway.port, "/healthz"))]
    try:
        resource, server = discover(gateway.connector)
        known = (resource, server, register(server, REDIRECT, "Bench"))
        fault(people, {"when": {"host": "sso"}, "effect": {"delay": {"millis": 8000}}, "firing": "always"})
        before = bench.load.good(health, "--seconds", 3, "--rate", 200)["micros"]
        threads = [threading.Thread(target=_give_up, args=(known, person), daemon=True)
                   for person in people.simulator.people[:STALLED]]
        for thread in threads:
            thread.start()
        time.sleep(1)
        report = bench.load.good(health, "--seconds", 6, "--rate", 200)["micros"]
        note = f"p50 {report['p50']} µs; without them p50 {before['p50']} µs, p99 {before['p99']} µs, max {before['max']} µs"
        bench.table.row(f"/healthz while {STALLED} sign-ins hang, p99", report["p99"] / 1000, "ms", 50, note)
        bench.table.row(f"/healthz while {STALLED} sign-ins hang, max", report["max"] / 1000, "ms", 50)
        calls = bench.load.good(people.requests(1, TOOLS_LIST), "--seconds", 2, "--rate", 100)["micros"]
        bench.table.row("tools/list meanwhile, p99", calls["p99"] / 1000, "ms")
    finally:
        clear(people)
        gateway.stop()


def reaped(bench):
    """The worker leaves between two calls; the client sees the same answer."""
    people = bench.people()
    gateway = people.gateway(WORKER_IDLE_TTL="1")
    try:
        line, request = Line(gateway.port), people.request(0, TOOLS_LIST)
        first, failed = ask(line, request), 0
        turns = bench.some(5, 2)
        for _ in range(turns):
            eventually("the worker left", 30, lambda: not gateway.workers(), 0.02)
            failed += ask(line, request) != first
        bench.table.row(f"answers that differ after an idle reap, of {turns}", failed, exactly=0)
        # And while workers leave all the time: calls at the moment of leaving.
        requests = people.requests(min(20, len(people.tokens)), TOOLS_LIST)
        report = bench.load.run(requests, "--connections", len(requests), "--seconds", bench.some(20, 6),
                                "--rate", len(requests) / 1.0, "--answer", '"tools"')
        bench.table.row("failed calls in the second of the reap", sum(report["failed"].values()), exactly=0,
                        note=f"{report['calls']} calls, p99 {report['micros']['p99'] / 1000:.1f} ms "
                             f"{report['failed'] or ''}")
    finally:
        gateway.stop()


def fault(people, what):
    answer = fetch(people.simulator.control + "/faults", what)
    if answer.status != 201:
        raise RuntimeError(f"the simulator refused a fault: {answer.text}")


def clear(people):
    fetch(people.simulator.control + "/faults", method="DELETE")


def _give_up(known, person):
    """A person who leaves a page that does not come."""
    trip = Authorization(known, REDIRECT)
    try:
        sign_in(trip.url, REDIRECT, person, Browser())
    except (SignInFailed, OSError):
        pass


def worker_ports(bench, people):
    status = json.loads(bench.console(people, "status", "--json"))
    return {int(worker["port"]) for worker in status["gateway"]["workers"]}


def connections_to(ports):
    """Local ports of connections to one of `ports`, those that are closed since included."""
    found = set()
    with open("/proc/net/tcp") as table:
        next(table)
        for line in table:
            _, local, remote = line.split()[:3]
            if int(remote.rpartition(":")[2], 16) in ports:
                found.add(local)
    return found
