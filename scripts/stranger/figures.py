"""A table of figures: each with its conditions, and with its goal where there is one."""

import datetime
import json
import os
import platform
import subprocess
from pathlib import Path

from .demo import ROOT
from .measure import percentile

UNITS = {"s": 1, "ms": 1e3, "µs": 1e6}


def conditions(binary):
    """What the figures depend on besides the program."""
    cpu = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    huge = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    git = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": git.stdout.strip() or "unknown",
        "binary": str(binary),
        "processor": f"{os.cpu_count()} × {cpu}",
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()),
        "huge pages": huge.read_text().strip() if huge.exists() else "none",
        "load average": " ".join(f"{load:.1f}" for load in os.getloadavg()),
        "root": os.geteuid() == 0,
    }


class Table:
    """Rows are printed as they come; `write` keeps them for machines."""

    def __init__(self, about):
        self.about, self.rows, self.case = about, [], None
        for name, value in about.items():
            print(f"{name:<14} {value}", flush=True)

    def begin(self, case, about):
        self.case = case
        load = os.getloadavg()[0]
        print(f"\n{case}: {about} (load average {load:.1f})", flush=True)

    def row(self, label, value, unit="", most=None, note="", exactly=None):
        """`most` is a goal not to exceed, `exactly` one to meet."""
        met = None
        if most is not None:
            met = value <= most
        elif exactly is not None:
            met = value == exactly
        goal = f"≤ {_number(most)}" if most is not None else f"{exactly}" if exactly is not None else ""
        self.rows.append({"case": self.case, "figure": label, "value": value, "unit": unit,
                          "goal": goal or None, "met": met, "note": note,
                          "load_average": os.getloadavg()[0]})
        verdict = {None: "", True: f"goal {goal} met", False: f"goal {goal} NOT MET"}[met]
        text = f"  {label:<52} {_number(value):>10} {unit:<6} {verdict:<20} {note}"
        print(text.rstrip(), flush=True)

    def times(self, label, seconds, unit="ms", goals=(None, None), note=""):
        """p50 and p99 as figures, the largest and the number in the note."""
        scaled = [value * UNITS[unit] for value in seconds]
        count = f"max {_number(max(scaled))} {unit}, n = {len(scaled)}"
        self.row(f"{label}, p50", percentile(scaled, 0.5), unit, goals[0], note)
        self.row(f"{label}, p99", percentile(scaled, 0.99), unit, goals[1], count)

    def skip(self, why):
        print(f"  skipped: {why}", flush=True)
        self.rows.append({"case": self.case, "figure": "skipped", "value": None, "note": why, "met": None})

    def missed(self):
        return [row for row in self.rows if row["met"] is False]

    def summary(self):
        goals = [row for row in self.rows if row["met"] is not None]
        print(f"\n{sum(row['met'] for row in goals)} of {len(goals)} goals met")
        for row in self.missed():
            print(f"  not met: {row['case']}: {row['figure']} = {_number(row['value'])} {row['unit']}"
                  f" (goal {row['goal']})")

    def write(self, path):
        Path(path).write_text(json.dumps({"conditions": self.about, "figures": self.rows}, indent=1,
                                         ensure_ascii=False) + "\n")


def _number(value):
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
