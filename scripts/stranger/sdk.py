"""The official Python SDK as a client, with the person's part played by the form walker.

Run where the `mcp` package is: `python -m stranger.sdk CONNECTOR EMAIL PASSWORD [CODE]`.
"""

import asyncio
import sys
import urllib.parse

from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import OAuthClientMetadata

from .browser import Person, sign_in

REDIRECT = "http://127.0.0.1:43118/callback"


class Memory:
    """What the SDK wants to keep between runs."""

    def __init__(self):
        self.tokens, self.client = None, None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client_info):
        self.client = client_info


class SeatedPerson:
    """Opens the authorization URL, fills the forms, and hands back what the redirect says."""

    def __init__(self, person):
        self.person, self.answer, self.visits = person, None, 0

    async def open(self, url):
        self.visits += 1
        back = await asyncio.to_thread(
            sign_in, url, REDIRECT, self.person, None, lambda step: print(f"  person: {step}"))
        self.answer = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query))

    async def come_back(self):
        return AuthorizationCodeResult(**{key: self.answer.get(key) for key in ("code", "state", "iss")})


async def visit(connector, person, mode, memory):
    seat = SeatedPerson(person)
    auth = OAuthClientProvider(
        server_url=connector,
        client_metadata=OAuthClientMetadata(
            client_name="Python SDK smoke test", redirect_uris=[REDIRECT],
            token_endpoint_auth_method="none"),
        storage=memory, redirect_handler=seat.open, callback_handler=seat.come_back)
    http = create_mcp_http_client(auth=auth)
    async with http, Client(streamable_http_client(connector, http_client=http), mode=mode) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        answer = await client.call_tool("get_stats", {"date": "yesterday"})
        assert not answer.is_error, answer
        assert answer.structured_content, "no structured content"
        profile = await client.call_tool("get_full_name", {})
        assert not profile.is_error, profile
        print(f"  {mode}: protocol {client.protocol_version}, {len(tools)} tools, "
              f"sign-ins {seat.visits}, daily stats keys {sorted(answer.structured_content)[:4]}")
        return seat.visits


async def main(connector, email, password, code=None):
    person, memory = Person(email, password, code), Memory()
    first = await visit(connector, person, "legacy", memory)
    assert first == 1, f"signed in {first} times"
    # The tokens of the first visit serve the second, in the other era.
    again = await visit(connector, person, "auto", memory)
    assert again == 0, "the second visit asked the person again"


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
