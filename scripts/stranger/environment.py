"""Python packages of its registry for one script, in the target directory."""

import os
import subprocess
import sys
import venv
from pathlib import Path

from .demo import target_dir


def go_on_with(name, packages):
    """Starts the script anew as an interpreter that has `packages`; there this does nothing."""
    home = target_dir().resolve() / name
    python = home / "bin" / "python"
    if Path(sys.prefix) == home:
        return
    stamp = home / "installed"
    if not (stamp.exists() and stamp.read_text() == repr(packages)):
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        stamp.write_text(repr(packages))
    os.execv(python, [python, *sys.argv])
