"""What strangers do, one function per story. `scripts/clients` runs them in this order."""

from dataclasses import dataclass
from pathlib import Path


@dataclass
class World:
    """Everything a scenario may use."""

    house: object
    chromium: object
    node: object
    rmcp: Path
    home: Path

    def place(self, name):
        """A directory of one program: its home, and what it remembers between runs."""
        path = self.home / name.replace(" ", "-")
        path.mkdir(exist_ok=True)
        return path


SCENARIOS = []


def scenario(title):
    def add(function):
        SCENARIOS.append((title, function))
        return function

    return add


def expect(condition, message):
    if not condition:
        raise AssertionError(message)
