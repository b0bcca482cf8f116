"""Node and packages of its registry, at the versions named here, in the target directory."""

import json
import os
import shutil
import subprocess

from .demo import target_dir

# The registry's own copy: what a distribution ships may be too old for the tools.
NODE = "node@22.23.3"


class Packages:
    """A directory with Node and `packages`; installed once for each set of versions."""

    def __init__(self, name, *packages):
        self.home = target_dir().resolve() / name
        wanted = [NODE, *packages]
        stamp = self.home / "installed.json"
        if not (stamp.exists() and json.loads(stamp.read_text()) == wanted):
            self._install(wanted)
            stamp.write_text(json.dumps(wanted))
        self.bin = self.home / "node_modules" / ".bin"

    def _install(self, wanted):
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        (self.home / "package.json").write_text('{"private": true}')
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error",
             "--foreground-scripts=false", *wanted],
            cwd=self.home, check=True, stdin=subprocess.DEVNULL)

    def env(self):
        """An environment in which this Node is the one that is found."""
        return {**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}"}

    def program(self, name):
        return str(self.bin / name)
