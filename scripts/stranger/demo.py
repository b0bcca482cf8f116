"""Starts and stops `garmin-gateway demo`, and reads what it prints to a person."""

import os
import queue
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from .browser import Person
from .oauth import fetch

ROOT = Path(__file__).resolve().parents[2]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def target_dir():
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def build():
    """The release binary, built now unless `SMOKE_BINARY` names one."""
    if given := os.environ.get("SMOKE_BINARY"):
        return Path(given)
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "cli"], cwd=ROOT, check=True)
    return target_dir() / "release" / "garmin-gateway"


class Demo:
    """One running demo; everything it prints before it serves is in `banner`."""

    def __init__(self, binary, *args, env=None):
        self.port = free_port()
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        self.process = subprocess.Popen(
            [str(binary), "demo", *args], env={**inherited, "PORT": str(self.port), **(env or {})},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        self.lines, self._queue = [], queue.Queue()
        threading.Thread(target=self._drain, daemon=True).start()
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _drain(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
        self._queue.put(None)

    def _wait(self):
        deadline = time.monotonic() + 60
        while True:
            if self.process.poll() is not None:
                raise RuntimeError("the demo ended: " + "\n".join(self.lines[-20:]))
            try:
                if fetch(f"http://127.0.0.1:{self.port}/healthz").status == 200:
                    break
            except OSError:
                pass
            if time.monotonic() > deadline:
                raise RuntimeError("the demo did not come up: " + "\n".join(self.lines[-20:]))
            time.sleep(0.02)
        while not self._banner_complete():
            if time.monotonic() > deadline:
                raise RuntimeError("the demo did not print its sign-ins: " + "\n".join(self.lines))
            time.sleep(0.02)

    def _banner_complete(self):
        return self._find(r"code\s+(\d{6})") is not None

    @property
    def banner(self):
        return "\n".join(self.lines)

    def _find(self, pattern):
        return re.search(pattern, self.banner, re.IGNORECASE)

    @property
    def connector(self):
        return self._find(r"(http://127\.0\.0\.1:\d+/mcp)").group(1)

    def people(self):
        """(without, with) a second factor, as printed."""
        emails = re.findall(r"\S+@\S+", self.banner)
        passwords = re.findall(r"password\s+(\S+)", self.banner)
        code = self._find(r"code\s+(\d{6})").group(1)
        return Person(emails[0], passwords[0]), Person(emails[1], passwords[1], code)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise RuntimeError("the demo ignored SIGTERM for 40 s") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
