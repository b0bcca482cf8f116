"""Tokens: those of clients, at the token endpoint, and those of Garmin."""

import json
import time
import urllib.parse

from ..measure import Line, thread_seconds
from ..oauth import fetch
from .bodies import ask, tool


def commit(bench):
    """From the last byte of Garmin's answer to the durable pair, as the gateway logs it: in this
    window a crash costs a sign-in. One account after the other, each of them once."""
    people = bench.people()
    gateway = people.gateway()
    try:
        with open(f"{people.data}/log", encoding="utf-8") as log:
            log.seek(0, 2)
            fetch(people.simulator.control + "/expire", {})
            line, count = Line(gateway.port), min(200, len(people.tokens))
            for number in range(count):
                ask(line, people.request(number, tool("get_stats", date="2026-01-05")), b'"result"')
            line.close()
            time.sleep(1)
            events = [json.loads(text) for text in log if '"garmin-refresh-ok"' in text]
        if len(events) < count:
            raise RuntimeError(f"{len(events)} renewals for {count} accounts whose tokens were refused")
        bench.table.times("from Garmin's answer to the commit", [event["commit_us"] / 1e6 for event in events],
                          goals=(1, None))
    finally:
        gateway.stop()


def tokens(bench):
    """Every device renews its token once; each renewal is a durable write."""
    people = bench.people()
    gateway = people.gateway()
    try:
        for connections in (1, 16):
            share = people.refresh[:len(people.refresh) // 2] if connections == 1 else people.refresh[len(people.refresh) // 2:]
            requests = [(people.port, _renewal(people, token)) for token in share]
            before = thread_seconds([gateway.process.pid])
            report = bench.load.good(requests, "--connections", connections, "--each", "--answer", "access_token")
            spent = thread_seconds([gateway.process.pid]) - before
            where = "1 client" if connections == 1 else f"{connections} clients"
            bench.table.row(f"token renewals, {where}", report["calls"] / report["seconds"], "/s",
                            note=f"p50 {report['micros']['p50'] / 1000:.2f} ms, p99 {report['micros']['p99'] / 1000:.2f} ms; "
                                 f"gateway {1e3 * spent / report['calls']:.2f} ms of processor time each")
    finally:
        gateway.stop()


def _renewal(people, token):
    form = urllib.parse.urlencode({"grant_type": "refresh_token", "refresh_token": token,
                                   "client_id": people.client})
    path = urllib.parse.urlsplit(people.token_endpoint).path
    return (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{people.port}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n{form}").encode()
