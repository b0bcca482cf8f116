"""Puts a token into the requests of a program that cannot send one; changes nothing else.

Bytes go through as they are: names and values of headers, their order and spaces, bodies and
event streams. Host and Origin stay the client's.
"""

import asyncio
import re
import threading

LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)


class Forwarder:
    """Listens on `port` of loopback and speaks to `target` there; `token` may come later."""

    def __init__(self, port, target):
        self.port, self.target, self.token = port, target, None
        self._loop = asyncio.new_event_loop()
        listening = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(listening,), daemon=True)
        self._thread.start()
        if not listening.wait(10):
            raise RuntimeError(f"cannot listen on {port}")

    def _run(self, listening):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._connection, "127.0.0.1", self.port))
        listening.set()
        self._loop.run_forever()

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _connection(self, client_in, client_out):
        try:
            server_in, server_out = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            client_out.close()
            return
        directions = [asyncio.ensure_future(self._requests(client_in, server_out)),
                      asyncio.ensure_future(self._answers(server_in, client_out))]
        # Whoever hangs up first hangs up for both, so that a disconnect is seen as one.
        await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        for direction in directions:
            direction.cancel()
        await asyncio.gather(*directions, return_exceptions=True)
        client_out.close()
        server_out.close()

    async def _requests(self, client, server):
        while True:
            head = await client.readuntil(b"\r\n\r\n")
            line, _, headers = head.partition(b"\r\n")
            if self.token and line.split(b" ")[1:2] == [b"/mcp"]:
                line += b"\r\nAuthorization: Bearer " + self.token.encode()
            server.write(line + b"\r\n" + headers)
            # No request of the suite has a body without a length.
            if length := LENGTH.search(head):
                server.write(await client.readexactly(int(length.group(1))))
            await server.drain()

    @staticmethod
    async def _answers(server, client):
        while data := await server.read(65536):
            client.write(data)
            await client.drain()
