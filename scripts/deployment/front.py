"""nginx.conf.example under a real nginx: TLS, both protocols, streams in both directions,
forwarded addresses, and two gateways of which one goes away. The gateways are stand-ins that
tell what they were sent; scripts/rolling-restart does the same with real ones."""

import contextlib
import http.client
import http.server
import json
import re
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from . import ROOT, expect, fail, skip, tool

NAME = "garmin.example.org"
PATIENCE = 10


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class StandIn:
    """A gateway that answers with the headers it was sent, and streams when it is told to."""

    def __init__(self, name):
        self.name, self.half_arrived, self.go_on = name, threading.Event(), threading.Event()
        self.lines, outer = [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                outer.lines.append(self.connection)

            def do_GET(self):
                heard = {name.lower(): value for name, value in self.headers.items()}
                self.answer(json.dumps({"gateway": outer.name, "headers": heard}).encode())

            def do_POST(self):
                length = int(self.headers["content-length"])
                first = self.rfile.read(length // 2)
                outer.half_arrived.set()
                whole = first + self.rfile.read(length - len(first))
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                self.chunk(b"first " + str(len(whole)).encode())
                outer.go_on.wait(PATIENCE)
                self.chunk(b" second")
                self.chunk(b"")

            def chunk(self, part):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                self.wfile.flush()

            def answer(self, body):
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        """As a process that ends: nobody listens any more, and kept connections are closed."""
        self.server.shutdown()
        self.server.server_close()
        for line in self.lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)


def configure(work, gateways):
    """The example with a certificate of our own, ports of our own, and every gateway named."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}",
         "-keyout", work / "privkey.pem", "-out", work / "fullchain.pem"], check=True, capture_output=True)
    site = (ROOT / "nginx.conf.example").read_text()
    site, named = re.subn(r"/etc/letsencrypt/live/[^/;]+/", f"{work}/", site)
    expect(named == 2, "nginx.conf.example does not name one certificate and one key")
    site = site.replace("/var/www/certbot", f"{work}/certbot")
    plain, secure = free_port(), free_port()
    site = re.sub(r"^\s+listen \[::\].*\n", "", site, flags=re.M)
    site, first = re.subn(r"listen 80;", f"listen 127.0.0.1:{plain};", site)
    site, second = re.subn(r"listen 443 ssl", f"listen 127.0.0.1:{secure} ssl", site)
    expect((first, second) == (1, 1), "nginx.conf.example does not listen on 80 and 443")
    # The second gateway is a comment in the example: whoever has two takes the mark away.
    line = re.compile(r"^    (?:# )?server 127\.0\.0\.1:808[01] max_fails=0;\n", re.M)
    expect(len(line.findall(site)) == 2, "nginx.conf.example does not show two gateways")
    servers = iter(gateways)
    site = line.sub(lambda _: f"    server 127.0.0.1:{next(servers).port} max_fails=0;\n", site)
    (work / "site.conf").write_text(site)
    places = "".join(f"{kind}_temp_path {work}/{kind}; " for kind in
                     ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (work / "nginx.conf").write_text(
        f"daemon off; pid {work}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {places} include {work}/site.conf; }}\n")
    return plain, secure


class Client:
    def __init__(self, port):
        self.port = port
        self.context = ssl._create_unverified_context()

    def connect(self):
        raw = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        line = http.client.HTTPConnection(NAME, timeout=PATIENCE)
        line.sock = self.context.wrap_socket(raw, server_hostname=NAME)
        return line

    def get(self, headers=None):
        line = self.connect()
        line.request("GET", "/", headers=headers or {})
        answer = line.getresponse()
        body = answer.read()
        line.close()
        return json.loads(body) if answer.status == 200 else fail(f"nginx answers {answer.status} for a page")


def check():
    binary = tool("nginx")
    if not binary:
        return skip("nginx.conf.example", "nginx")
    with tempfile.TemporaryDirectory() as work:
        work, gateways = Path(work), [StandIn("one"), StandIn("two")]
        plain, secure = configure(work, gateways)
        parsed = subprocess.run([binary, "-t", "-q", "-e", "stderr", "-c", work / "nginx.conf"],
                                capture_output=True, text=True)
        expect(parsed.returncode == 0 and "[warn]" not in parsed.stderr,
               f"nginx refuses nginx.conf.example:\n{parsed.stderr}")
        process = subprocess.Popen([binary, "-e", "stderr", "-c", work / "nginx.conf"], stdin=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            await_port(secure, process)
            client = Client(secure)
            leads_to_https(plain)
            answers_the_certificate_authority(plain, work)
            speaks_tls(secure)
            hides_what_clients_claim(client)
            streams(client, gateways)
            refuses_what_is_too_large(client)
            both_gateways(client, gateways)
        finally:
            process.terminate()
            process.wait(PATIENCE)
            gateways[0].stop()
    print("nginx.conf.example: TLS, streams, addresses and two gateways, under a real nginx")


def await_port(port, process):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            fail("nginx ended at its start")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    fail("nginx does not listen")


def leads_to_https(port):
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    line.request("GET", "/help?lang=de", headers={"host": NAME})
    answer = line.getresponse()
    expect((answer.status, answer.getheader("location")) == (301, f"https://{NAME}/help?lang=de"),
           f"plain HTTP gets {answer.status} to {answer.getheader('location')}")


def answers_the_certificate_authority(port, work):
    place = work / "certbot/.well-known/acme-challenge"
    place.mkdir(parents=True)
    (place / "token").write_text("proof")
    for folder in (work, work / "certbot", place.parent, place):
        folder.chmod(0o755)
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    line.request("GET", "/.well-known/acme-challenge/token", headers={"host": NAME})
    answer = line.getresponse()
    expect((answer.status, answer.read()) == (200, b"proof"), "a certificate cannot be renewed while nginx runs")


def speaks_tls(port):
    for version, alpn in [(ssl.TLSVersion.TLSv1_2, "http/1.1"), (ssl.TLSVersion.TLSv1_3, "h2")]:
        context = ssl._create_unverified_context()
        context.minimum_version = context.maximum_version = version
        context.set_alpn_protocols([alpn])
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as raw:
            with context.wrap_socket(raw, server_hostname=NAME) as line:
                expect(line.selected_alpn_protocol() == alpn, f"{version.name} does not offer {alpn}")


def hides_what_clients_claim(client):
    claimed = {"X-Forwarded-For": "203.0.113.7", "X-Real-IP": "203.0.113.7", "X-Forwarded-Host": "evil.example",
               "X-Forwarded-Proto": "http", "Forwarded": "for=203.0.113.7"}
    heard = client.get(claimed)["headers"]
    wanted = {"host": NAME, "x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1",
              "x-forwarded-host": NAME, "x-forwarded-proto": "https", "forwarded": None}
    for name, value in wanted.items():
        expect(heard.get(name) == value, f"the gateway hears {name}: {heard.get(name)!r}, not {value!r}")


def streams(client, gateways):
    """A part is at the other end before the next one is written, in both directions."""
    body = b"x" * 200_000
    line = client.connect()
    line.putrequest("POST", "/mcp")
    line.putheader("content-length", str(len(body)))
    line.endheaders()
    half = len(body) // 2
    line.send(body[:half])
    deadline = time.monotonic() + PATIENCE
    while not any(gateway.half_arrived.is_set() for gateway in gateways):
        expect(time.monotonic() < deadline, "nginx keeps a request's body until it is whole")
        time.sleep(0.01)
    line.send(body[half:])
    sent = time.monotonic()
    answer = line.getresponse()
    first = answer.read1(64)
    expect(time.monotonic() - sent < PATIENCE / 2, "nginx keeps an answer until more of it comes")
    expect(first == f"first {len(body)}".encode(), f"a stream begins with {first!r}")
    for gateway in gateways:
        gateway.go_on.set()
    expect(answer.read() == b" second", "the end of a stream is missing")


def refuses_what_is_too_large(client):
    line = client.connect()
    line.putrequest("POST", "/mcp")
    line.putheader("content-length", str(5 * 1024 * 1024))
    line.endheaders()
    expect(line.getresponse().status == 413, "nginx takes a body that the gateway would refuse")


def both_gateways(client, gateways):
    tokens = [{"Authorization": f"Bearer {number}"} for number in range(40)]
    once = [client.get(token)["gateway"] for token in tokens]
    expect(set(once) == {"one", "two"}, "one gateway has all the tokens")
    expect([client.get(token)["gateway"] for token in tokens] == once, "a token changes its gateway")
    gateways[1].stop()
    left = {client.get(token)["gateway"] for token in tokens}
    expect(left == {"one"}, f"with one gateway gone, answers come from {left}")
