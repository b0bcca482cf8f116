"""Starts a simulator and a gateway as an operator would: by command and environment."""

import socket
import subprocess
import time

from .browser import Person
from .demo import free_port
from .measure import children, eventually

SECRET = "a secret of these scripts, long enough to be one"


class Simulator:
    def __init__(self, binary, athletes):
        self.process = subprocess.Popen([binary, "simulator", "--athletes", str(athletes)],
                                        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.env, self.people = {}, []
        for line in self.process.stdout:
            name, _, value = line.strip().partition("=")
            if name == "ACCOUNT":
                email, password = value.split()[:2]
                if len(value.split()) == 2:
                    self.people.append(Person(email, password))
            elif name == "READY":
                break
            else:
                self.env[name] = value

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


class Gateway:
    def __init__(self, binary, data, upstream, public=None, words=("serve",)):
        """`public` is the port people know, when another program listens there."""
        self.port = free_port()
        origin = f"http://127.0.0.1:{public or self.port}"
        env = {**upstream, "PORT": str(self.port), "PUBLIC_URL": origin,
               "DATA_DIR": str(data), "GATEWAY_SECRET": SECRET, "RATE_LIMITS": "off"}
        began = time.perf_counter()
        self.process = subprocess.Popen([binary, *words], env=env, stdin=subprocess.DEVNULL, cwd=data,
                                        stdout=open(f"{data}/log", "ab"), stderr=subprocess.STDOUT)
        self.ready_after = eventually("first 200", 20, lambda: self._healthy(began), 0.0005)
        self.connector = f"{origin}/mcp"

    def _healthy(self, began):
        if self.process.poll() is not None:
            raise RuntimeError("the gateway ended at its start")
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as line:
                line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                if line.recv(64).startswith(b"HTTP/1.1 200"):
                    return time.perf_counter() - began
        except OSError:
            return None

    def workers(self):
        return children(self.process.pid)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
