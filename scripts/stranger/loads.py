"""The load generator (`crates/load`), and what it says."""

import contextlib
import json
import os
import resource
import subprocess
import tempfile
from pathlib import Path

from .demo import ROOT, target_dir


def build_load():
    """The generator, built now unless `LOAD_BINARY` names one."""
    if given := os.environ.get("LOAD_BINARY"):
        return Path(given)
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "load"], cwd=ROOT, check=True)
    return target_dir() / "release" / "load"


def all_descriptors():
    """As many as this process, and what it starts, may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Load:
    def __init__(self, program):
        self._program = program

    @contextlib.contextmanager
    def start(self, requests, *options):
        """`requests` are (port, bytes). Yields the process, whose first line is its report."""
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump([{"port": port, "request": request.decode()} for port, request in requests], file)
            file.flush()
            process = subprocess.Popen([self._program, file.name, *map(str, options)],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            try:
                yield process
            finally:
                process.stdin.close()
                if process.wait(60) != 0:
                    raise RuntimeError("the load generator failed")

    def run(self, requests, *options):
        with self.start(requests, *options) as process:
            return json.loads(process.stdout.readline())

    def good(self, requests, *options):
        """As `run`, where nothing may fail."""
        report = self.run(requests, *options)
        if report["failed"]:
            raise RuntimeError(f"calls failed: {report['failed']}")
        return report
