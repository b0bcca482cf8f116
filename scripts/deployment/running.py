"""The executable as operators start it."""

import json
import socket
import subprocess
import time

from . import fail


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_until_healthy(program, folder, env, user, port):
    """With exactly this environment, in this folder; its own `healthcheck` says when it serves."""
    process = subprocess.Popen([program], env=env, cwd=folder, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **user)
    deadline = time.monotonic() + 30
    while subprocess.run([program, "healthcheck", "--port", port], env=env, cwd=folder, capture_output=True, **user).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            fail(f"the gateway did not become healthy: {process.stderr.read()}")
        time.sleep(0.05)
    return process


def console(program, folder, user, *words):
    run = subprocess.run([program, *words], env={}, cwd=folder, capture_output=True, text=True, **user)
    if run.returncode:
        fail(f"{' '.join(words)}: {run.stderr}")
    return json.loads(run.stdout)
