"""Checks of what operators copy, one file for each thing they copy. See scripts/check-deployment."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "crates/cli/deploy"
CI = bool(os.environ.get("CI"))


def fail(text):
    sys.exit(f"error: {text}")


def expect(truth, text):
    if not truth:
        fail(text)


def skip(what, missing):
    """CI may not: there a check that did not run is a check that failed."""
    if CI:
        fail(f"{missing} is not installed, and CI may not skip {what}")
    print(f"skipped: {what} (needs {missing})")


def tool(name):
    """A program that .ci/run has put beside the Python it runs, or one of the machine's."""
    import shutil

    target = os.environ.get("CARGO_TARGET_DIR", ROOT / "target")
    return shutil.which(name, path=f"{target}/tools/bin:{os.environ['PATH']}:/usr/sbin")
