"""Workers without a gateway, and nginx in front of them: what the gateway is compared with."""

import json
import os
import socket
import struct
import subprocess
import tempfile
from pathlib import Path

from .demo import free_port
from .gateway import SECRET
from .measure import children, eventually, post

DEVICE = "dev_AAAAAAAAAAAAAAAAAAAAAA"
HEADERS = {"X-Worker-Secret": SECRET, "X-Worker-Device": DEVICE,
           "X-Worker-Scopes": "garmin:read garmin:write"}


class Worker:
    """A worker alone, started through the contract as the gateway does."""

    def __init__(self, binary, upstream):
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        self.port = listener.getsockname()[1]
        ours, theirs = socket.socketpair()
        env = {"MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_MMAP_THRESHOLD_": "131072"}
        ports = ",".join(sorted({url.split(":")[2].split("/")[0] for url in upstream.values()}))
        self.process = subprocess.Popen([binary, "worker", "--allowed-ports", ports], env=env,
                                        stdin=listener, stdout=theirs, stderr=subprocess.DEVNULL)
        theirs.close()
        listener.close()
        self.control = ours
        launch = {
            "type": "launch", "version": 1, "secret": SECRET, "account_key": SECRET,
            "upstream": {"region": "global", **{name: upstream[f"GARMIN_{name.upper()}_URL"]
                                                for name in ("sso", "api", "diauth", "connect")}},
            "athlete": {"display_name": None, "time_zone": None, "units": None},
            "credentials": None,
            "tools": {"profile": None, "enabled": [], "disabled": [], "read_only": False},
        }
        frame = json.dumps(launch).encode()
        ours.sendall(struct.pack(">I", len(frame)) + frame)
        ours.settimeout(10)
        if not ours.recv(65536):
            raise RuntimeError("the worker refused its launch")

    def request(self, body):
        return post(self.port, {**HEADERS, "X-Request-Id": "bench"}, body)

    def stop(self):
        self.control.close()
        self.process.wait(10)


class Nginx:
    """`proxy_pass` with kept connections. The token says which worker, as with the gateway."""

    def __init__(self, workers):
        self.port = free_port()
        self._home = tempfile.TemporaryDirectory()
        home = Path(self._home.name)
        config = home / "nginx.conf"
        config.write_text(_configuration(self.port, home, workers))
        self.process = subprocess.Popen([nginx(), "-p", home, "-e", "stderr", "-c", config],
                                        stdin=subprocess.DEVNULL)
        eventually("nginx", 10, self._listens, 0.01)

    def _listens(self):
        if self.process.poll() is not None:
            raise RuntimeError("nginx ended at its start")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def request(self, number, body):
        return post(self.port, {"Authorization": f"Bearer {token(number)}"}, body)

    def pids(self):
        return [self.process.pid, *children(self.process.pid)]

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self._home.cleanup()


def nginx():
    """The program, which Debian keeps where only root's PATH looks."""
    for directory in [*os.environ.get("PATH", "").split(":"), "/usr/sbin"]:
        if (path := Path(directory) / "nginx").exists():
            return path
    raise FileNotFoundError("nginx is not installed; on Debian: apt-get install nginx-light")


def token(number):
    """As long as one of the gateway's."""
    return f"bench{number:038}"


def temporary(home):
    """Directives that keep nginx inside `home`, whoever runs it."""
    paths = "".join(f"{name}_temp_path {home}/{name};\n"
                    for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return paths


def preamble(home, errors="stderr crit"):
    user = "user root;\n" if os.geteuid() == 0 else ""
    return (f"{user}worker_processes auto;\nworker_rlimit_nofile 16384;\ndaemon off;\npid {home}/pid;\n"
            f"error_log {errors};\nevents {{ worker_connections 8192; }}\n")


def _configuration(port, home, workers):
    upstreams = "".join(
        f"upstream w{number} {{ server 127.0.0.1:{worker.port}; keepalive 64; keepalive_requests 1000000; }}\n"
        for number, worker in enumerate(workers))
    routes = "".join(f'"Bearer {token(number)}" w{number};\n' for number in range(len(workers)))
    sent = "".join(f'proxy_set_header {name} "{value}";\n' for name, value in HEADERS.items())
    return f"""{preamble(home)}
http {{
{temporary(home)}access_log off;
keepalive_requests 1000000;
map_hash_bucket_size 128;
map_hash_max_size 8192;
map $http_authorization $worker {{
{routes}}}
{upstreams}server {{
listen 127.0.0.1:{port} backlog=4096;
client_max_body_size 4m;
location = /mcp {{
proxy_http_version 1.1;
proxy_set_header Connection "";
proxy_set_header Host 127.0.0.1;
proxy_set_header Authorization "";
proxy_set_header X-Request-Id $request_id;
{sent}proxy_pass http://$worker;
}}
}}
}}
"""
