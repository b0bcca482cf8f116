"""The token endpoint."""

import urllib.parse

from ..measure import thread_seconds


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
