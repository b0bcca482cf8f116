"""nginx as `nginx.conf.example` has it, in front of gateways on this machine."""

import re
import socket
import subprocess
import tempfile
from pathlib import Path

from .demo import ROOT, free_port
from .direct import nginx, preamble, temporary
from .measure import eventually


class Front:
    """Plain HTTP on loopback instead of TLS on a public name; everything else is the example's."""

    def __init__(self, ports):
        self.port = free_port()
        self._home = tempfile.TemporaryDirectory(prefix="front.")
        home = Path(self._home.name)
        config = home / "nginx.conf"
        self.errors = home / "errors"
        config.write_text(f"{preamble(home, self.errors)}http {{\n{temporary(home)}access_log off;\n"
                          f"{_site(self.port, ports)}}}\n")
        self.process = subprocess.Popen([nginx(), "-p", home, "-e", "stderr", "-c", config],
                                        stdin=subprocess.DEVNULL)
        eventually("nginx", 10, self._listens, 0.01)
        self.origin = f"http://127.0.0.1:{self.port}"

    def _listens(self):
        if self.process.poll() is not None:
            raise RuntimeError("nginx ended at its start")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self._home.cleanup()


def _site(port, gateways):
    text = (ROOT / "nginx.conf.example").read_text()
    text = re.sub(r"server \{\s+listen 80;.*?\n\}\n", "", text, flags=re.S)
    text = re.sub(r"^\s+ssl_.*\n", "", text, flags=re.M)
    text = re.sub(r"^\s+listen \[::\]:443.*\n", "", text, flags=re.M)
    text = text.replace("listen 443 ssl http2;", f"listen 127.0.0.1:{port} backlog=4096;")
    text = re.sub(r"server_name .*;", "server_name 127.0.0.1;", text)
    # The port is part of the name here, and the scheme is the outer one.
    text = text.replace("$host;", "$http_host;")
    line = re.search(r"^( +server 127\.0\.0\.1:)8080(.*\n)", text, re.M)
    servers = "".join(f"{line.group(1)}{gateway}{line.group(2)}" for gateway in gateways)
    return text.replace(line.group(0), servers)
