"""Client programs as they are: started, watched, and ended; their output is all that is known."""

import json
import os
import queue
import re
import subprocess
import threading
import time

# Registration, discovery and the first call are done by then, also on a busy machine.
PATIENCE = 45
AUTHORIZE = re.compile(r"https?://[^\s\"'<>]+[?&]response_type=code[^\s\"'<>]*")


class Program:
    """One process. Every line it prints, on either stream, is in `lines`."""

    def __init__(self, argv, home, env=None):
        home.mkdir(exist_ok=True)
        # No desktop: whoever wants a browser opened has to say so.
        base = {"PATH": os.environ["PATH"], "HOME": str(home), "BROWSER": "/bin/true", "NO_COLOR": "1"}
        self.process = subprocess.Popen(
            [str(word) for word in argv], env={**base, **(env or {})}, cwd=home, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.lines, self._queue = [], queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            self._queue.put(line.rstrip())
        self._queue.put(None)

    def line(self, wanted, what):
        """The first line from here on for which `wanted` returns something: that something."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                line = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeoutError(f"{what}: not within {PATIENCE} s; {self.tail}") from None
            if line is None:
                self._queue.put(None)
                raise AssertionError(f"{what}: the program ended instead; {self.tail}")
            found = wanted(line)
            if found:
                return found

    @property
    def tail(self):
        return "it said: " + " | ".join(self.lines[-8:])[-900:]

    def authorization_url(self):
        return self.line(AUTHORIZE.search, "an address to sign in at").group()

    def result(self):
        """The next line `RESULT {…}` of the programs that belong to these scripts."""
        found = self.line(lambda line: line.startswith("RESULT ") and line, "a result")
        return json.loads(found.removeprefix("RESULT "))

    def send(self, line=""):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def end(self):
        """Closes its input and waits for it; returns everything it printed."""
        if not self.process.stdin.closed:
            self.process.stdin.close()
        code = self.process.wait(PATIENCE)
        # What it printed last may still be on its way.
        self._reader.join(PATIENCE)
        if code != 0:
            raise AssertionError(f"ended with {code}; {self.tail}")
        return "\n".join(self.lines)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
