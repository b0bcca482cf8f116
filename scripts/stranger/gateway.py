"""Starts a simulator and a gateway as an operator would: by command and environment."""

import socket
import subprocess
import time

from .browser import Person
from .demo import free_port
from .measure import children, eventually

SECRET = "a secret of these scripts, long enough to be one"


class Simulator:
    """Garmin. `people` sign in with a password, `with_code` needs a second factor as well."""

    def __init__(self, binary, athletes, env=None):
        self.process = subprocess.Popen([binary, "simulator", "--athletes", str(athletes)], env=env,
                                        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.env, self.people, self.with_code = {}, [], None
        for line in self.process.stdout:
            name, _, value = line.strip().partition("=")
            if name == "ACCOUNT":
                person = Person(*value.split())
                if person.code is None:
                    self.people.append(person)
                else:
                    self.with_code = person
            elif name == "READY":
                break
            else:
                self.env[name] = value
        self.control = self.env["GARMIN_SSO_URL"].rsplit("/", 1)[0] + "/_control"

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


class Gateway:
    """`upstream` is where Garmin is; `settings` win over what these scripts usually set."""

    def __init__(self, binary, data, upstream, settings=None, words=("serve",)):
        self.port = int((settings or {}).get("PORT") or free_port())
        env = {**upstream, "PORT": str(self.port), "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
               "DATA_DIR": str(data), "GATEWAY_SECRET": SECRET, "RATE_LIMITS": "off", **(settings or {})}
        began = time.perf_counter()
        self.process = subprocess.Popen([binary, *words], env=env, stdin=subprocess.DEVNULL, cwd=data,
                                        stdout=open(f"{data}/log", "ab"), stderr=subprocess.STDOUT)
        self.ready_after = eventually("first 200", 20, lambda: self._healthy(began), 0.0005)
        self.connector = env["PUBLIC_URL"] + "/mcp"

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
