"""What a bench needs of the machine: percentiles, processes, and a fast HTTP/1.1 client."""

import os
import re
import socket
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def milliseconds(values):
    values = [1000 * value for value in values]
    return (f"p50 {percentile(values, 0.5):.2f} ms, p99 {percentile(values, 0.99):.2f} ms, "
            f"max {max(values):.2f} ms (n = {len(values)})")


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def thread_seconds(pids):
    """Processor time of the threads that live, to the nanosecond; `cpu_seconds` counts ticks."""
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def switches(pid):
    """How often it was given a processor, wanted or not."""
    text = Path(f"/proc/{pid}/status").read_text()
    return sum(int(count) for count in re.findall(r"ctxt_switches:\s+(\d+)", text))


def rss_mib(pid):
    """Anybody may know this much."""
    return int(re.search(r"^VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.M).group(1)) / 1024


def descriptors(pid):
    """Needs root, or a process that is dumpable."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory_mib(pid):
    """(RSS, PSS). Needs root: the processes measured are not dumpable."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return tuple(int(re.search(rf"^{name}:\s+(\d+)", text, re.M).group(1)) / 1024 for name in ("Rss", "Pss"))


def children(pid):
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def sections(binary, wanted):
    """Sizes of ELF sections, read from the 64-bit little-endian headers."""
    raw = Path(binary).read_bytes()
    start = int.from_bytes(raw[0x28:0x30], "little")
    size, count, names = (int.from_bytes(raw[at:at + 2], "little") for at in (0x3A, 0x3C, 0x3E))
    headers = [raw[start + index * size:start + (index + 1) * size] for index in range(count)]
    number = lambda header, at, width=8: int.from_bytes(header[at:at + width], "little")
    strings = number(headers[names], 0x18)
    sizes = {}
    for header in headers:
        at = strings + number(header, 0, 4)
        name = raw[at:raw.index(b"\0", at)].decode()
        if name in wanted:
            sizes[name] = number(header, 0x20)
    return sizes


class Line:
    """One kept connection that sends prepared bytes and reads whole answers."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def send(self, request):
        self.socket.sendall(request)

    def receive(self):
        """(status, body)"""
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            self._more()
        head, rest = self.buffer[:end].lower(), end + 4
        status = int(head[9:12])
        length = re.search(rb"\r\ncontent-length: *(\d+)", head)
        if length is None:
            return status, self._chunks(rest)
        total = rest + int(length.group(1))
        while len(self.buffer) < total:
            self._more()
        body, self.buffer = self.buffer[rest:total], self.buffer[total:]
        return status, body

    def _chunks(self, at):
        body = b""
        while True:
            while (end := self.buffer.find(b"\r\n", at)) < 0:
                self._more()
            size = int(self.buffer[at:end].split(b";")[0], 16)
            while len(self.buffer) < end + size + 4:
                self._more()
            body += self.buffer[end + 2:end + 2 + size]
            at = end + size + 4
            if size == 0:
                self.buffer = self.buffer[at:]
                return body

    def _more(self):
        piece = self.socket.recv(262_144)
        if not piece:
            raise ConnectionError("the line was cut")
        self.buffer += piece

    def ask(self, request):
        self.send(request)
        return self.receive()

    def close(self):
        self.socket.close()


def post(port, headers, body):
    """The bytes of one JSON-RPC request over HTTP/1.1."""
    lines = [f"POST /mcp HTTP/1.1", f"Host: 127.0.0.1:{port}", "Content-Type: application/json",
             "Accept: application/json, text/event-stream", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def eventually(what, seconds, condition, pause=0.002):
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(pause)
