"""What must be true all the time, and what must be true at the end."""

import re
import threading
import time
from pathlib import Path

from stranger.measure import descriptors, rss_mib

from .world import WORKERS


class Watch:
    def __init__(self, world, people):
        self.world, self.people = world, people
        self.stop, self.samples = threading.Event(), []
        self._read = {}

    def run(self):
        try:
            self._look()
        except Exception as error:  # noqa: BLE001 - who does not look may not say that all held
            self.world.violate("the watch", repr(error))

    def _look(self):
        turn = 0
        while not self.stop.wait(0.5):
            self.inv5_workers()
            self.inv9_orphans()
            if turn % 10 == 0:
                self.inv7_processes()
                self.inv7_logs()
            if turn % 4 == 0:
                self.sample()
            turn += 1

    def inv5_workers(self):
        for node in self.world.nodes:
            if len(workers := node.workers()) > WORKERS + 1:
                # One more for a moment: the process that makes room and the one that takes it.
                time.sleep(0.2)
                if len(workers := node.workers()) > WORKERS + 1:
                    self.world.violate("INV-5", f"node {node.number} has {len(workers)} workers, not {WORKERS}")

    def inv9_orphans(self):
        for pid in self.world.overdue():
            self.world.violate("INV-9", f"worker {pid} outlived its gateway by more than 5 s")

    def secrets(self):
        return {secret.encode() for person in self.people for secret in list(person.secrets) if len(secret) > 8}

    def inv7_processes(self):
        """Nothing secret where every process of the machine may read it."""
        secrets = self.secrets() | {self.world.secret.read_bytes()}
        for node in self.world.nodes:
            for pid in [node.process.pid, *node.workers()]:
                for name in ("cmdline", "environ"):
                    try:
                        text = Path(f"/proc/{pid}/{name}").read_bytes()
                    except OSError:
                        continue
                    if any(secret in text for secret in secrets):
                        self.world.violate("INV-7", f"a secret in /proc/{pid}/{name}")

    def inv7_logs(self):
        secrets = self.secrets()
        for node in self.world.nodes:
            at = self._read.get(node.number, 0)
            with open(node.log, "rb") as log:
                log.seek(at)
                news = log.read()
            # A word may lie across two readings.
            self._read[node.number] = max(0, at + len(news) - 512)
            for secret in secrets:
                if secret in news:
                    self.world.violate("INV-7", f"a secret in the log of node {node.number}")

    def sample(self):
        for node in self.world.nodes:
            try:
                pid = node.process.pid
                self.samples.append((time.monotonic(), node.number, node.starts, rss_mib(pid), descriptors(pid)))
            except (OSError, AttributeError):
                pass

    # At the end.

    def inv7_disk(self):
        secrets = self.secrets() | {person.person.email.encode() for person in self.people}
        for path in self.world.disk.rglob("*"):
            if path.is_file():
                text = path.read_bytes()
                if any(secret in text for secret in secrets):
                    self.world.violate("INV-7", f"a secret on the disk: {path.name}")

    def inv10_told(self):
        """Whatever failed for a person has its line in a log, found by its id."""
        logs = b"".join(node.log.read_bytes() for node in self.world.nodes)
        known = set(re.findall(rb'"request":"([^"]+)"', logs))
        for person in self.people:
            for request_id, what in person.failures:
                if request_id is None or request_id.encode() not in known:
                    self.world.violate("INV-10", f"{what} of {person.person.email} is in no log ({request_id})")

    def inv3_one_refresher(self, counters):
        overlapping = sum(count["overlapping"] for count in counters)
        # Whom a killed gateway has asked may still be answering when the next one asks.
        restarts = sum(node.starts - 1 for node in self.world.nodes)
        if overlapping > restarts:
            self.world.violate("INV-3", f"{overlapping} renewals at once, {restarts} restarts")

    def inv5_flat(self):
        """Memory and descriptors of the processes that lived longest; None when none lived for a minute."""
        lives, judged = {}, 0
        for moment, number, start, rss, open_files in self.samples:
            lives.setdefault((number, start), []).append((moment, rss, open_files))
        worst = (0.0, 0)
        for life in lives.values():
            if life[-1][0] - life[0][0] < 60:
                continue
            judged += 1
            third = len(life) // 3
            middle = lambda part, at: sorted(sample[at] for sample in part)[len(part) // 2]
            grown = (middle(life[-third:], 1) - middle(life[third:2 * third], 1),
                     middle(life[-third:], 2) - middle(life[third:2 * third], 2))
            worst = (max(worst[0], grown[0]), max(worst[1], grown[1]))
        if worst[0] > 24 or worst[1] > 200:
            self.world.violate("INV-5", f"memory grew by {worst[0]:.1f} MiB, descriptors by {worst[1]}")
        return worst if judged else None
