"""An app on the official Python SDK: `python -m stranger.apps.python_sdk CONNECTOR legacy|auto`.

Prints the address a person has to open, then one `RESULT` line per round of calls; a line on
standard input asks for another round, over a new connection with the tokens it has.
"""

import asyncio
import json
import sys

from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import OAuthClientMetadata

from ..house import Callback
from ..sdk import Memory


class Desk:
    """Shows the address and waits for the person to come back."""

    def __init__(self):
        self.callback, self.asked = Callback(), 0

    async def open(self, url):
        self.asked += 1
        print("OPEN", url, flush=True)

    async def come_back(self):
        answer = await asyncio.to_thread(self.callback.wait)
        return AuthorizationCodeResult(**{key: answer.get(key) for key in ("code", "state", "iss")})


async def call(client, desk):
    tools = (await client.list_tools()).tools
    name = await client.call_tool("get_full_name", {})
    stats = await client.call_tool("get_stats", {"date": "yesterday"})
    assert not name.is_error and not stats.is_error and stats.structured_content, (name, stats)
    print("RESULT", json.dumps({"protocol": client.protocol_version, "tools": len(tools),
                                "asked": desk.asked, **name.structured_content}), flush=True)


async def main(connector, mode):
    desk, memory = Desk(), Memory()
    metadata = OAuthClientMetadata(client_name="Python SDK", redirect_uris=[desk.callback.uri("localhost")],
                                   token_endpoint_auth_method="none")
    while True:
        auth = OAuthClientProvider(server_url=connector, client_metadata=metadata, storage=memory,
                                   redirect_handler=desk.open, callback_handler=desk.come_back)
        http = create_mcp_http_client(auth=auth)
        async with http, Client(streamable_http_client(connector, http_client=http), mode=mode) as client:
            await call(client, desk)
            if not await asyncio.to_thread(sys.stdin.readline):
                return
            # Only the provider that was told when its token ends renews it in time.
            await call(client, desk)


asyncio.run(main(*sys.argv[1:]))
