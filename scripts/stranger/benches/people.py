"""Accounts that are connected: a simulator, one database, and a token for each of them."""

import multiprocessing
import tempfile
import threading
import time

from ..demo import free_port
from ..gateway import Gateway, Simulator
from ..measure import post, thread_seconds
from ..oauth import connect, discover, register

REDIRECT = "http://127.0.0.1:43119/callback"
PROCESSES, THREADS = 2, 6


class People:
    """Signs `count` accounts in through the pages, and keeps what a gateway needs to serve them."""

    def __init__(self, binary, count, table):
        self.binary, self.port = binary, free_port()
        self.simulator = Simulator(binary, count)
        self._home = tempfile.TemporaryDirectory(prefix="bench.")
        self.data, self._running = self._home.name, None
        gateway = self.gateway()
        try:
            self._connect(gateway, self.simulator.people[:count], table)
        finally:
            gateway.stop()

    def _connect(self, gateway, people, table):
        resource, server = discover(gateway.connector)
        known = (resource, server, register(server, REDIRECT, "Bench"))
        self.client, self.token_endpoint = known[2], server["token_endpoint"]
        times, tokens = [], []
        for person in people[:20]:
            began = time.perf_counter()
            tokens.append(connect(gateway.connector, person, REDIRECT, known=known))
            times.append(time.perf_counter() - began)
        table.times("sign-in, form to token, one after another", times)
        rest, before = people[20:], thread_seconds([gateway.process.pid])
        began = time.perf_counter()
        shares = [rest[number::PROCESSES] for number in range(PROCESSES)]
        with multiprocessing.Pool(PROCESSES) as pool:
            found = pool.starmap(_sign_in, [(gateway.connector, share, known) for share in shares])
        took = time.perf_counter() - began
        for share in found:
            tokens += share
        if rest:
            spent = thread_seconds([gateway.process.pid]) - before
            table.row(f"sign-ins, {PROCESSES * THREADS} people at once", len(rest) / took, "/s",
                      note=f"n = {len(rest)}; simulator and a Python client on the same machine")
            table.row("gateway processor time of a sign-in", 1000 * spent / len(rest), "ms")
        self.tokens = [token["access_token"] for token in tokens]
        self.refresh = [token["refresh_token"] for token in tokens]

    def gateway(self, **settings):
        self._end()
        self._running = Gateway(self.binary, self.data, self.simulator.env,
                                {"PORT": str(self.port), "MAX_WORKERS": "1200", **settings})
        return self._running

    def _end(self):
        """A case that broke down may have left its gateway, which would answer for the next."""
        if self._running is not None and self._running.process.poll() is None:
            self._running.stop()

    def request(self, number, body):
        return post(self.port, {"Authorization": f"Bearer {self.tokens[number]}"}, body)

    def requests(self, count, body):
        return [(self.port, self.request(number, body)) for number in range(count)]

    def stop(self):
        self._end()
        self.simulator.stop()
        self._home.cleanup()


def _sign_in(connector, people, known):
    tokens, left, lock = [], list(people), threading.Lock()

    def work():
        while True:
            with lock:
                if not left:
                    return
                person = left.pop()
            token = connect(connector, person, REDIRECT, known=known)
            with lock:
                tokens.append(token)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(tokens) != len(people):
        raise RuntimeError(f"{len(tokens)} of {len(people)} people signed in")
    return tokens
