"""TCP between two processes, with a hand on it: delayed, cut or held."""

import socket
import threading
import time


class FaultProxy:
    """Forwards to the first of `targets` that accepts, from another one each time. A target is a
    (host, port) or the path of a Unix socket."""

    def __init__(self, *targets):
        self._targets, self._turn = list(targets), 0
        self._pairs, self._lock = set(), threading.Lock()
        self.delay, self.refuses, self.holds = 0.0, False, threading.Event()
        self.holds.set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        """Every connection ends in mid-word."""
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            for line in pair:
                _hang_up(line)

    def _accept(self):
        while True:
            line, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _connect(self):
        self._turn += 1
        for step in range(len(self._targets)):
            target = self._targets[(self._turn + step) % len(self._targets)]
            family = socket.AF_UNIX if isinstance(target, str) else socket.AF_INET
            line = socket.socket(family)
            try:
                line.connect(target)
                return line
            except OSError:
                line.close()
        return None

    def _serve(self, outside):
        inside = None if self.refuses else self._connect()
        if inside is None:
            outside.close()
            return
        pair = (outside, inside)
        with self._lock:
            self._pairs.add(pair)
        back = threading.Thread(target=self._pour, args=(inside, outside), daemon=True)
        back.start()
        self._pour(outside, inside)
        back.join()
        with self._lock:
            self._pairs.discard(pair)
        outside.close()
        inside.close()

    def _pour(self, source, sink):
        try:
            while piece := source.recv(65_536):
                self.holds.wait()
                if self.delay:
                    time.sleep(self.delay)
                sink.sendall(piece)
        except OSError:
            pass
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def _hang_up(line):
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
