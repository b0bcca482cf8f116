"""One Garmin, one clock, and gateways that live by them, as `scripts/clients` needs them.

The clock is libfaketime's: every process started with `Clock.env` reads the offset from a file,
so an hour passes for all of them at once and nobody waits. Monotonic time stays real.
"""

import http.server
import queue
import socket
import ssl
import subprocess
import threading
import urllib.parse
from contextlib import contextmanager
from glob import glob
from pathlib import Path

from .gateway import Gateway, Simulator
from .oauth import HOSTS, expect, fetch

CALLBACK_WITHIN = 20


class Clock:
    def __init__(self, home):
        libraries = glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not libraries:
            raise RuntimeError("libfaketime is missing: apt-get install libfaketime")
        self._file, self._offset = Path(home) / "clock", 0
        self.env = {"LD_PRELOAD": libraries[0], "FAKETIME_TIMESTAMP_FILE": str(self._file),
                    "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.pass_time(0)

    def pass_time(self, minutes=0, hours=0):
        self._offset += 60 * (minutes + 60 * hours)
        # Replaced, never half written: others read it all the time.
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"+{self._offset}")
        fresh.replace(self._file)


class House:
    """A gateway on loopback, one behind TLS under a public name, one with its limits on; all of
    them talk to the same simulated Garmin."""

    PUBLIC = "https://garmin.gateway.example"

    def __init__(self, binary, home, athletes=60):
        self.home, self.clock, self._binary = Path(home), Clock(home), binary
        self._processes = []
        try:
            self.simulator = Simulator(binary, athletes, self.clock.env)
            self._processes.append(self.simulator.process)
            self.local = self._gateway(binary, "local", {"ACCESS_TOKEN_TTL_DAYS": "1"})
            self.public = self._gateway(binary, "public", {"PUBLIC_URL": self.PUBLIC})
            self.limited = self._gateway(binary, "limited",
                                         {"RATE_LIMITS": "on", "TRUSTED_PROXIES": "127.0.0.1"})
            self.certificate = certificate(self.home)
            self.hosted = Callback("/api/mcp/auth_callback", self.certificate)
            front = TlsFront(self.certificate, self.public.port)
            self.hosts = {"garmin.gateway.example": front.port, "claude.ai": self.hosted.port}
            HOSTS[self.PUBLIC] = f"http://127.0.0.1:{self.public.port}"
        except BaseException:
            self.stop()
            raise
        self._strangers = iter(self.simulator.people[1:])
        self.with_code = self.simulator.with_code

    def crash_public(self):
        """Power off, power on: whatever the gateway behind TLS had only in memory is gone."""
        self.public.process.kill()
        self.public.process.wait()
        self._processes.remove(self.public.process)
        self.public = self._gateway(self._binary, "public",
                                    {"PUBLIC_URL": self.PUBLIC, "PORT": str(self.public.port)})

    def _gateway(self, binary, name, settings):
        data = self.home / name
        data.mkdir(exist_ok=True)
        gateway = Gateway(binary, data, {**self.simulator.env, **self.clock.env}, settings)
        self._processes.append(gateway.process)
        return gateway

    def person(self):
        """Somebody nobody has seen yet, so that no scenario depends on another."""
        return next(self._strangers)

    def garmin(self, path, body=None, method=None):
        """The hand on the simulated Garmin; see `simulator::control_http`."""
        answer = fetch(self.simulator.control + path, body, method=method)
        expect(answer.status < 300, f"{path}: HTTP {answer.status} {answer.text}")
        return answer.json() if answer.text else None

    def logs(self):
        return {name: (self.home / name / "log").read_text() for name in ("local", "public", "limited")}

    def stop(self):
        """All together: each takes its time to say goodbye."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        codes = [process.returncode for process in self._processes]
        expect(not any(codes), f"simulator and gateways ended with {codes}")


def certificate(home):
    path = home / "certificate.pem"
    names = ",".join(f"DNS:{name}" for name in ("garmin.gateway.example", "claude.ai"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "3650", "-subj", "/CN=strangers", "-addext", f"subjectAltName={names}",
         "-keyout", path, "-out", home / "public.pem"],
        check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    path.write_bytes(path.read_bytes() + (home / "public.pem").read_bytes())
    return path


class TlsFront:
    """TLS in front of a port of this machine; the bytes inside stay as they are."""

    def __init__(self, pem, port):
        self._context, self._behind = server_context(pem), port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            line, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line):
        try:
            line.settimeout(60)
            with self._context.wrap_socket(line, server_side=True) as outside:
                with socket.create_connection(("127.0.0.1", self._behind), timeout=60) as inside:
                    back = threading.Thread(target=_pour, args=(inside, outside), daemon=True)
                    back.start()
                    _pour(outside, inside)
                    back.join()
        except OSError:
            line.close()


def _pour(source, sink):
    try:
        while piece := source.recv(65_536):
            sink.sendall(piece)
    except OSError:
        pass
    try:
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def server_context(pem):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Browsers open connections that they do not use."""


class _SixServer(_Server):
    address_family = socket.AF_INET6


class Callback:
    """Where a client waits for the browser: keeps the query of each visit to its path."""

    def __init__(self, path="/callback", pem=None, host="127.0.0.1"):
        self._queue, self._path, self._onward = queue.Queue(), path, None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path, _, query = self.path.partition("?")
                if path == outer._path:
                    outer._queue.put(dict(urllib.parse.parse_qsl(query)))
                    if outer._onward:
                        status, location = outer._onward
                        self.send_response(status)
                        self.send_header("location", location)
                        self.send_header("content-length", "0")
                        self.end_headers()
                        return
                body = b"<!doctype html><title>Back at the client</title><p>You can close this page."
                self.send_response(200 if path == outer._path else 404)
                self.send_header("content-type", "text/html")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = (_SixServer if ":" in host else _Server)((host, 0), Handler)
        self.port = self._server.server_address[1]
        if pem:
            self._server.socket = server_context(pem).wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @contextmanager
    def redirecting(self, status, location):
        """Whoever comes is sent on, as some clients do."""
        self._onward = (status, location)
        try:
            yield self
        finally:
            self._onward = None

    def uri(self, host="127.0.0.1"):
        return f"http://{host}:{self.port}{self._path}"

    def wait(self):
        try:
            return self._queue.get(timeout=CALLBACK_WITHIN)
        except queue.Empty:
            raise TimeoutError(f"nobody came to the callback within {CALLBACK_WITHIN} s") from None

    def drained(self):
        return self._queue.empty()

    def drain(self):
        while not self._queue.empty():
            self._queue.get()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
