"""Hosted clients as they have been seen to behave, over plain HTTP, with the limits on.

They come through a proxy, from a few addresses that everybody shares; the person does not.
"""

import itertools
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

from ..browser import Browser, sign_in
from ..oauth import Authorization, Mcp, discover, fetch, registration
from . import expect, scenario

CLAUDE = "https://claude.ai/api/mcp/auth_callback"
CHATGPT = "https://chatgpt.com/connector_platform_oauth_redirect"
# The published network of hosted Claude; one handshake is spread over many of its addresses.
EGRESS = [{"x-forwarded-for": f"160.79.104.{number}"} for number in range(10, 22)]
STALE = {"mcp-session-id": "0190a4b2-7c1e-4d2a-9f00-3c5d7e9a1b2c"}

_visitors = itertools.count(1)


def somewhere():
    """The address of a person nobody has seen yet."""
    return {"x-forwarded-for": f"203.0.113.{next(_visitors)}"}


def approve(trip, person, clicks=1):
    """The person's part; returns what each click on the last button brought."""
    browser, answers = Browser(somewhere()), []
    form = {}
    send = browser.request

    def remember(url, values=None):
        if values is not None:
            form.update(url=url, values=values)
        return send(url, values)

    browser.request = remember
    answers.append(sign_in(trip.url, trip.redirect_uri, person, browser))
    for _ in range(clicks - 1):
        page = send(form["url"], form["values"])
        expect(page.status == 303, f"approved again: HTTP {page.status}")
        answers.append(page.headers["location"])
    return [dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer).query)) for answer in answers]


def name_of(mcp):
    answer = mcp.tool("get_full_name")
    expect(not answer.get("isError"), f"a tool error: {answer}")
    return answer["structuredContent"]["full_name"]


@scenario("claude.ai: two registrations, a secret in the body, root paths, approved twice")
def claude(world):
    connector = world.house.limited.connector
    origin = connector.removesuffix("/mcp")
    resource, server = discover(connector, EGRESS[0])
    # What it does when it does not look at the metadata.
    invented = {**server, "registration_endpoint": origin + "/register",
                "authorization_endpoint": origin + "/authorize", "token_endpoint": origin + "/token"}
    clients = [registration(invented, [CLAUDE], egress, client_name="Claude",
                            token_endpoint_auth_method="client_secret_post") for egress in EGRESS[1:3]]
    expect(clients[0]["client_id"] != clients[1]["client_id"], "two secrets, one client")
    client = clients[1]
    expect(client["client_secret_expires_at"] == 0, "no client_secret_expires_at")
    scope = " ".join(resource["scopes_supported"] + ["offline_access"])
    trip = Authorization((resource, invented, client["client_id"]), CLAUDE, EGRESS[3], scope=scope)
    first, second = approve(trip, world.house.person(), clicks=2)
    expect(first == second, "approved twice: two codes")
    secret = {"client_secret": client["client_secret"]}
    token = trip.redeem(first, **secret)
    expect(token["token_type"] == "Bearer" and isinstance(token["expires_in"], int), f"odd: {token}")
    name = calls_without_version(connector, token)
    renewed = trip.refresh(token, **secret)
    expect(calls_without_version(connector, renewed) == name, "another athlete after the refresh")


def calls_without_version(connector, token):
    """No `MCP-Protocol-Version` after the handshake, a session id from another life on every call."""
    probe = {"jsonrpc": "2.0", "id": 0, "method": "server/discover", "params": {}}
    said = fetch(connector, probe, {"authorization": f"Bearer {token['access_token']}", **EGRESS[4], **STALE,
                                    "accept": "application/json, text/event-stream"})
    expect(said.status in (200, 400, 404) and "jsonrpc" in said.text, f"discover: HTTP {said.status} {said.text}")
    mcp = Mcp(connector, token["access_token"], {**EGRESS[5], **STALE})
    mcp.initialize()
    mcp.version = None
    expect(len(mcp.call("tools/list")["tools"]) > 5, "hardly any tools")
    return name_of(mcp)


@scenario("claude.ai: 401 for a token that is over, with what it needs to begin anew")
def claude_challenge(world):
    refused = fetch(world.house.limited.connector, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
                    {"authorization": "Bearer ggw_at_of-another-life", **EGRESS[0], **STALE})
    challenge = refused.headers.get("www-authenticate", "")
    expect(refused.status == 401, f"HTTP {refused.status}")
    expect('error="invalid_token"' in challenge and "resource_metadata=" in challenge, challenge)


@scenario("SEC-070 hosted clients at their peak, from twelve addresses: no 429")
def sec070_peak(world):
    """Bounded: 300 people connect (discovery, two registrations) and 8 of them, with three
    devices each, make 960 calls, all within a minute and from twelve addresses."""
    connector = world.house.limited.connector
    resource, server = discover(connector, EGRESS[0])
    egress = itertools.cycle(EGRESS)

    def connect(number):
        for _ in range(2):
            registration(server, [CLAUDE], next(egress), client_name=f"Claude {number}",
                         token_endpoint_auth_method="client_secret_post")
        return fetch(server["issuer"] + "/.well-known/oauth-authorization-server", headers=next(egress)).status

    client = registration(server, [CLAUDE], EGRESS[0])["client_id"]
    devices = []
    for person in [world.house.person() for _ in range(8)]:
        for _ in range(3):
            trip = Authorization((resource, server, client), CLAUDE, next(egress))
            devices.append(Mcp(connector, trip.redeem(approve(trip, person)[0])["access_token"], next(egress)))

    def work(mcp):
        """Every request must be answered 200; `call` says so itself otherwise."""
        return [len(mcp.call("tools/list")["tools"]) for _ in range(40)]

    with ThreadPoolExecutor(8) as pool:
        connected = pool.map(connect, range(300))
        worked = pool.map(work, devices)
        expect(set(connected) == {200}, "somebody could not connect")
        expect(sum(map(len, worked)) == 960, "calls are missing")


@scenario("ChatGPT: a session for every call, resource as advertised")
def chatgpt(world):
    connector = world.house.limited.connector
    here = {"x-forwarded-for": "20.102.46.7"}
    resource, server = discover(connector, here)
    client = registration(server, [CHATGPT], here, client_name="ChatGPT", scope="garmin:read")
    trip = Authorization((resource, server, client["client_id"]), CHATGPT, here, scope="garmin:read")
    token = trip.redeem(approve(trip, world.house.person())[0])
    expect(token["scope"] == "garmin:read", f"granted: {token['scope']}")
    names = set()
    for _ in range(10):
        mcp = Mcp(connector, token["access_token"], here)
        mcp.initialize()
        names.add(name_of(mcp))
        ended = fetch(connector, headers={"authorization": f"Bearer {mcp.token}", **here}, method="DELETE")
        expect(ended.status in (200, 204, 404, 405), f"DELETE: HTTP {ended.status}")
    expect(len(names) == 1, "one token, several athletes")
