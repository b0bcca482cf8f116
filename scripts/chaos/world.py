"""Garmin, one or two gateways, their disk, their database and their clock."""

import os
import resource
import shutil
import signal
import subprocess
import threading
import time
import urllib.parse
from glob import glob
from pathlib import Path

from stranger.demo import free_port
from stranger.gateway import SECRET, Simulator
from stranger.measure import children
from stranger.oauth import fetch

from .lines import FaultProxy

WORKERS = 8
PATIENCE = 60


class Trouble:
    """When a gateway could not answer as it should, and why."""

    def __init__(self):
        self._spans, self._lock = [], threading.Lock()

    def begin(self, why):
        span = [time.monotonic(), None, why]
        with self._lock:
            self._spans.append(span)
        return span

    def end(self, span):
        span[1] = time.monotonic()

    def during(self, began, ended, slack=1.0):
        with self._lock:
            return [why for start, end, why in self._spans
                    if start - slack <= ended and (end is None or end + slack >= began)]


class Node:
    """One gateway, whichever process it is at the moment."""

    def __init__(self, world, number):
        self.world, self.number, self.port = world, number, free_port()
        self.data = world.disk / f"node{number}"
        self.data.mkdir()
        self.log = world.home / f"node{number}.log"
        self.trouble, self.process, self.lock = Trouble(), None, threading.Lock()
        self.starts = 0

    def start(self):
        world = self.world
        env = {**world.upstream, **world.clock_env, "PORT": str(self.port), "PUBLIC_URL": world.public,
               "DATA_DIR": str(self.data), "GATEWAY_SECRET_FILE": str(world.secret), "RATE_LIMITS": "off",
               "MAX_WORKERS": str(WORKERS), "GATEWAY_LOG_LEVEL": "info", "TRUSTED_PROXIES": "127.0.0.1"}
        if world.database:
            env["DATABASE_URL"] = world.database
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([world.binary, "serve"], env=env, cwd=self.data,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.starts += 1
        deadline = time.monotonic() + PATIENCE
        while not self.healthy():
            if self.process.poll() is not None:
                # Without its database or its disk a gateway ends with a word; it comes again.
                return False
            if time.monotonic() > deadline:
                raise RuntimeError(f"node {self.number} does not come up")
            time.sleep(0.02)
        return True

    def start_again(self):
        deadline = time.monotonic() + PATIENCE
        while not self.start():
            if time.monotonic() > deadline:
                raise RuntimeError(f"node {self.number} does not start: {self.log.read_text()[-600:]}")
            time.sleep(0.2)

    def healthy(self):
        try:
            return fetch(f"http://127.0.0.1:{self.port}/healthz").status == 200
        except OSError:
            return False

    def workers(self):
        try:
            return children(self.process.pid)
        except (OSError, ValueError):
            return []

    def end(self, how):
        """Ends it and starts it again."""
        with self.lock:
            span = self.trouble.begin(f"restart by {how.name}")
            workers = self.workers()
            self.process.send_signal(how)
            self.process.wait(PATIENCE * 5)
            self.world.orphans(workers, time.monotonic())
            self.start_again()
            self.trouble.end(span)

    def pause(self, seconds):
        with self.lock:
            span = self.trouble.begin("stopped")
            self.process.send_signal(signal.SIGSTOP)
            time.sleep(seconds)
            self.process.send_signal(signal.SIGCONT)
            self.trouble.end(span)

    def starve(self, seconds):
        """Leaves no descriptor to spare, for a while."""
        with self.lock:
            span = self.trouble.begin("no descriptors")
            pid = self.process.pid
            before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            open_now = len(os.listdir(f"/proc/{pid}/fd"))
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_now + 2, before[1]))
            time.sleep(seconds)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
            self.trouble.end(span)

    def console(self, *words):
        env = {"DATA_DIR": str(self.data), "GATEWAY_SECRET_FILE": str(self.world.secret)}
        if self.world.database:
            env["DATABASE_URL"] = self.world.database
        return subprocess.run([self.world.binary, *words], env=env, capture_output=True, text=True,
                              timeout=PATIENCE, stdin=subprocess.DEVNULL)


class World:
    def __init__(self, binary, home, athletes, postgres=None, nodes=1):
        self.binary, self.home = str(binary), Path(home)
        self.secret = self.home / "secret"
        self.secret.write_text(SECRET)
        self.secret.chmod(0o600)
        self.violations, self._deaths, self._lock = [], [], threading.Lock()
        self.nodes, self.simulator, self._mounted = [], None, False
        # Nobody is disturbed any more: now everything has to work.
        self.quiet, self._blows = False, []
        self.disk = self._make_disk()
        self.clock_file, self.clock_env = self._make_clock()
        try:
            self.simulator = Simulator(self.binary, athletes)
            self.control = self.simulator.control
            self.garmin = FaultProxy(("127.0.0.1", urllib.parse.urlsplit(self.control).port))
            self.upstream = {name: self._through(url) for name, url in self.simulator.env.items()
                             if name.startswith("GARMIN_")}
            self.database = self.line = None
            if postgres:
                self._use(postgres)
            self.nodes = [Node(self, number) for number in range(nodes)]
            front = FaultProxy(*[("127.0.0.1", node.port) for node in self.nodes])
            self.public = f"http://127.0.0.1:{front.port}"
            for node in self.nodes:
                node.start_again()
        except BaseException:
            self.stop()
            raise

    def _through(self, url):
        parts = urllib.parse.urlsplit(url)
        return urllib.parse.urlunsplit(parts._replace(netloc=f"127.0.0.1:{self.garmin.port}"))

    def _use(self, url):
        """A database of our own, over a line that can be cut."""
        parts = urllib.parse.urlsplit(url)
        host = dict(urllib.parse.parse_qsl(parts.query)).get("host")
        self.line = FaultProxy(f"{host}/.s.PGSQL.5432" if host else (parts.hostname, parts.port or 5432))
        name = f"siege_{os.getpid()}"
        psql = shutil.which("psql") or sorted(glob("/usr/lib/postgresql/*/bin/psql"))[-1]
        subprocess.run([psql, "--quiet", url, "-c", f"CREATE DATABASE {name}"], check=True,
                       stdin=subprocess.DEVNULL)
        user = parts.netloc.rpartition("@")[0]
        self.database = f"postgres://{user}@127.0.0.1:{self.line.port}/{name}"

    def _make_disk(self):
        """A small file system of its own where that is allowed, so that it can be full."""
        disk = self.home / "disk"
        disk.mkdir()
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "siege", disk],
                               stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=False)
        self._mounted = mount.returncode == 0
        return disk

    def _make_clock(self):
        libraries = glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not libraries:
            return None, {}
        file = self.home / "clock"
        file.write_text("+0")
        return file, {"LD_PRELOAD": libraries[0], "FAKETIME_TIMESTAMP_FILE": str(file),
                      "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def can_fill(self):
        return self._mounted

    def set_clock(self, offset):
        fresh = self.clock_file.with_suffix(".new")
        fresh.write_text(f"{offset:+}")
        fresh.replace(self.clock_file)

    def tell_garmin(self, path, body=None, method="POST"):
        answer = fetch(self.control + path, body, method=method)
        if answer.status >= 300:
            raise RuntimeError(f"{path}: HTTP {answer.status}")
        return answer.json() if answer.text else None

    def violate(self, invariant, what):
        with self._lock:
            self.violations.append((invariant, what))
        print(f"VIOLATED {invariant}: {what}", flush=True)

    def orphans(self, workers, died_at):
        with self._lock:
            self._deaths += [(pid, died_at) for pid in workers]

    def blow(self):
        """From now on Garmin may know of a pair that never reached us."""
        self._blows.append(time.monotonic())

    def blow_since(self, moment):
        return any(blow > moment - 1 for blow in self._blows)

    def overdue(self):
        """Workers that have outlived their gateway by five seconds."""
        now, late, waiting = time.monotonic(), [], []
        with self._lock:
            for pid, died_at in self._deaths:
                if not _runs(pid):
                    continue
                (late if now - died_at > 5 else waiting).append((pid, died_at))
            self._deaths = waiting
        return [pid for pid, _ in late]

    def stop(self):
        for node in self.nodes:
            if node.process and node.process.poll() is None:
                node.process.send_signal(signal.SIGCONT)
                node.process.kill()
                node.process.wait()
        if self.simulator:
            self.simulator.stop()
        if self._mounted:
            subprocess.run(["umount", "-l", self.disk], check=False, stdin=subprocess.DEVNULL)


def _runs(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"
