"""garmin-gateway.service: accepted by systemd, hardened enough by its own measure, and started
here as its text says, as the user and with the files it names."""

import configparser
import os
import re
import subprocess
import tempfile
from pathlib import Path

from . import CI, DEPLOY, ROOT, expect, skip, tool
from .running import console, free_port, start_until_healthy

UNIT = DEPLOY / "garmin-gateway.service"
# systemd's own scale, from 0 (nothing is left to take away) to 100.
MOST_EXPOSURE = 20


def check():
    analyze = tool("systemd-analyze")
    if not analyze:
        return skip(UNIT.name, "systemd-analyze")
    accepted(analyze)
    run = subprocess.run([analyze, "security", "--offline=yes", f"--threshold={MOST_EXPOSURE}", "--no-pager", UNIT],
                         capture_output=True, text=True)
    overall = re.search(r"Overall exposure level.*: ([\d.]+)", run.stdout)
    expect(run.returncode == 0 and overall, f"systemd-analyze security: {run.stdout[-2000:]}{run.stderr}")
    print(f"{UNIT.name}: accepted by systemd, exposure {overall.group(1)} of 10")
    as_its_text_says()


def accepted(analyze):
    """Where the program is not installed, systemd says so, and that is no fault of the text."""
    with tempfile.TemporaryDirectory() as work:
        copy = Path(work) / UNIT.name
        copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(), flags=re.M))
        run = subprocess.run([analyze, "verify", "--man=no", copy], capture_output=True, text=True)
        said = [line for line in run.stderr.splitlines() if UNIT.name in line]
        expect(run.returncode == 0 and not said, f"systemd-analyze verify: {run.stderr}")


def as_its_text_says():
    built = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "garmin-gateway"
    if not CI and not built.exists():
        return print(f"skipped: a start of {UNIT.name} (no release build here)")
    service = configparser.RawConfigParser(strict=False)
    service.optionxform = str
    service.read(UNIT)
    service = service["Service"]
    expect(service["ExecStart"] == "/usr/local/bin/garmin-gateway", "the unit starts another program")
    expect(service["WorkingDirectory"] == "/etc/garmin-gateway", "the unit works elsewhere")
    with tempfile.TemporaryDirectory() as root:
        root = Path(root)
        root.chmod(0o755)
        etc, state = root / "etc", root / "var" / service["StateDirectory"]
        etc.mkdir(mode=0o750)
        state.parent.mkdir(mode=0o755)
        state.mkdir(mode=int(service["StateDirectoryMode"], 8))
        program = root / "garmin-gateway"
        program.write_bytes(built.read_bytes())
        program.chmod(0o755)
        port = str(free_port())
        (etc / ".env").write_text(
            "GATEWAY_SECRET=only for this check, thirty-two characters or more\n"
            f"PUBLIC_URL=https://garmin.example.org\nDATA_DIR={state}\nPORT={port}\n")
        (etc / ".env").chmod(0o640)
        user = {}
        if os.geteuid() == 0:
            user = {"user": 65532, "group": 65532, "extra_groups": []}
            os.chown(state, 65532, 65532)
            for path in (etc, etc / ".env"):
                os.chown(path, 0, 65532)
        process = start_until_healthy(program, etc, {}, user, port)
        try:
            status = console(program, etc, user, "status", "--json")
            expect(status["gateway"], "the console beside the unit does not find its gateway")
        finally:
            process.terminate()
            code = process.wait(timeout=40)
        expect(code == 0, f"SIGTERM ended the gateway with {code}")
        expect(oct(state.stat().st_mode & 0o777) == "0o700", "the data directory is open to others")
    print(f"{UNIT.name}: healthy with the files it names; the console finds it; SIGTERM ends it with 0")
