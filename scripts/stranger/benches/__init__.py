"""The cases of `scripts/bench`."""

import subprocess

from ..gateway import SECRET
from .people import People


class Bench:
    """What a case works with."""

    def __init__(self, binary, load, table, accounts, quick=False):
        self.binary, self.load, self.table, self.quick = binary, load, table, quick
        self._accounts, self._people = accounts, None

    def some(self, usual, quick):
        return quick if self.quick else usual

    def people(self):
        """Connected accounts; made when a case first needs them, and shared."""
        if self._people is None:
            case = self.table.case
            self.table.begin("sign-in", f"{self._accounts} accounts")
            self._people = People(self.binary, self._accounts, self.table)
            self.table.begin(case, "continued")
        return self._people

    def console(self, people, *words):
        env = {"DATA_DIR": people.data, "GATEWAY_SECRET": SECRET}
        return subprocess.run([self.binary, *words], env=env, cwd=people.data, check=True, capture_output=True,
                              text=True).stdout

    def stop(self):
        if self._people is not None:
            self._people.stop()
