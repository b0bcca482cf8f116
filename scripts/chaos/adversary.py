"""What goes wrong, when, decided by a seed alone."""

import os
import random
import signal
import socket
import threading
import time

from stranger.oauth import fetch

HOSTS = ("api", "diauth", "sso", "connect")
EFFECTS = (
    {"status": {"status": 429, "retry_after_secs": 1}}, {"status": {"status": 503}}, {"status": {"status": 500}},
    {"status": {"status": 403}}, "html_page", "challenge", "malformed", "reset", {"torn": {"after_bytes": 40}},
    {"delay": {"millis": 800}}, {"delay": {"millis": 6000}}, "drop_answer",
)


class Adversary:
    def __init__(self, world, people, seed, told):
        self.world, self.people, self.told = world, people, told
        self.random, self.stop = random.Random(seed), threading.Event()
        self.landed = 0
        self.blows = {
            self.kill_worker: 20, self.stop_worker: 6, self.kill_gateway: 8, self.end_gateway: 4,
            self.pause_gateway: 5, self.starve_gateway: 5, self.garmin_misbehaves: 18, self.cut_garmin: 6,
            self.expire_everything: 8, self.flood: 6, self.revoke_device: 6, self.revoke_at_garmin: 4,
        }
        if world.can_fill():
            self.blows[self.fill_disk] = 5
        if world.line:
            self.blows |= {self.cut_database: 6, self.slow_database: 5}
        if world.clock_file:
            self.blows[self.step_clock] = 5

    def run(self):
        names, weights = list(self.blows), list(self.blows.values())
        while not self.stop.wait(self.random.uniform(0.2, 2.0)):
            blow = self.random.choices(names, weights)[0]
            self.told(blow.__name__)
            try:
                blow()
            except (OSError, ProcessLookupError) as error:
                # Whom it was for has gone meanwhile.
                self.told(f"{blow.__name__} came too late: {error}")
            except Exception as error:  # noqa: BLE001 - a gateway that does not end or come back, most of all
                self.world.violate("INV-12", f"after {blow.__name__}: {error!r}")
                return
            else:
                self.landed += 1

    def node(self):
        return self.random.choice(self.world.nodes)

    def worker(self):
        workers = self.node().workers()
        return self.random.choice(workers) if workers else None

    def kill_worker(self):
        if pid := self.worker():
            _signal(pid, signal.SIGKILL)

    def stop_worker(self):
        if pid := self.worker():
            _signal(pid, signal.SIGSTOP)
            self.stop.wait(self.random.uniform(0.5, 3))
            _signal(pid, signal.SIGCONT)

    def kill_gateway(self):
        self.world.blow()
        self.node().end(signal.SIGKILL)
        self.world.blow()

    def end_gateway(self):
        self.node().end(signal.SIGTERM)

    def pause_gateway(self):
        self.world.blow()
        self.node().pause(self.random.uniform(0.5, 3))
        self.world.blow()

    def starve_gateway(self):
        self.world.blow()
        self.node().starve(self.random.uniform(0.5, 3))
        self.world.blow()

    def garmin_misbehaves(self):
        self.world.blow()
        effect = self.random.choice(EFFECTS)
        fault = {"when": {"host": self.random.choice(HOSTS)}, "effect": effect,
                 "firing": {"chance": {"per_mille": self.random.choice((300, 1000)),
                                       "seed": self.random.randrange(1 << 32)}}}
        self.told(f"  {fault['when']['host']}: {effect}")
        self.world.tell_garmin("/faults", fault)
        self.stop.wait(self.random.uniform(1, 5))
        self.world.tell_garmin("/faults", method="DELETE")
        self.world.blow()

    def cut_garmin(self):
        self.world.blow()
        self.world.garmin.refuses = True
        self.world.garmin.cut()
        self.stop.wait(self.random.uniform(0.1, 3))
        self.world.garmin.refuses = False
        self.world.blow()

    def expire_everything(self):
        self.world.tell_garmin("/expire", {})

    def cut_database(self):
        self.world.blow()
        self.world.line.refuses = True
        self.world.line.cut()
        self.stop.wait(self.random.uniform(0.1, 4))
        self.world.line.refuses = False
        self.world.blow()

    def slow_database(self):
        self.world.line.delay = self.random.uniform(0.01, 0.2)
        self.stop.wait(self.random.uniform(1, 4))
        self.world.line.delay = 0.0

    def fill_disk(self):
        """To the last byte, then free again. Nothing that was said may be lost by it."""
        self.world.blow()
        ballast = self.world.disk / "ballast"
        try:
            with open(ballast, "wb", buffering=0) as file:
                while file.write(bytes(1 << 16)):
                    pass
        except OSError:
            pass
        self.stop.wait(self.random.uniform(0.5, 4))
        ballast.unlink()
        self.world.blow()

    def step_clock(self):
        hour = 3600
        self.world.set_clock(self.random.choice((hour, -hour, 120, -120, 2 * 24 * hour)))
        self.stop.wait(self.random.uniform(0.5, 3))
        self.world.set_clock(0)

    def flood(self):
        """Strangers: tokens that are none, heads that drip, connections that say nothing."""
        node, lines = self.node(), []
        try:
            for _ in range(100):
                line = socket.create_connection(("127.0.0.1", node.port), timeout=5)
                lines.append(line)
                line.sendall(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nX: ")
            for _ in range(100):
                token = f"gwa_{self.random.randrange(1 << 200):x}"
                fetch(f"http://127.0.0.1:{node.port}/mcp", {"jsonrpc": "2.0", "id": 1, "method": "ping"},
                      {"authorization": f"Bearer {token}"})
            self.stop.wait(1)
        finally:
            for line in lines:
                line.close()

    def revoke_device(self):
        """A client gives its access back: nothing works a moment later, on any node."""
        person = self.random.choice(self.people)
        with person.at_rest:
            person.excuse("revoked by the client")
            token = person.token
            if token is None:
                return
            answer = fetch(self.world.public + "/oauth/revoke", form={
                "token": token["refresh_token"], "token_type_hint": "refresh_token", "client_id": person.known[2]})
            if answer.status == 200:
                person.inv11_is_out(token["access_token"])

    def revoke_at_garmin(self):
        person = self.random.choice(self.people)
        person.excuse("Garmin ended the session")
        self.world.tell_garmin("/revoke", {"account": person.person.email})


def _signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
