"""Clients on the person's own machine as they have been seen to behave."""

from concurrent.futures import ThreadPoolExecutor

from ..oauth import Authorization, Mcp, discover, fetch, registration
from . import expect, scenario
from .hosted import approve, name_of, somewhere


def connected(world, registered, used, person, **extra):
    """(trip, token, connector) of a client that registered one address and uses another."""
    connector, here = world.house.limited.connector, somewhere()
    resource, server = discover(connector, here)
    client = registration(server, registered, here, client_name="A tool on this machine")
    expect(client["redirect_uris"] == registered, f"registered {client['redirect_uris']}")
    trip = Authorization((resource, server, client["client_id"]), used, here, **extra)
    return trip, trip.redeem(approve(trip, person)[0]), connector


@scenario("Claude Code: localhost on a random port, a bare origin with a slash as resource")
def claude_code(world):
    origin = world.house.limited.connector.removesuffix("/mcp")
    trip, token, connector = connected(
        world, ["http://localhost/callback", "http://127.0.0.1/callback"], "http://localhost:53682/callback",
        world.house.person(), resource=origin + "/", prompt="consent")
    mcp = Mcp(connector, token["access_token"])
    mcp.initialize()
    expect(name_of(mcp), "no name")


@scenario("Claude Code: eight processes renew with one refresh token")
def shared_refresh(world):
    trip, token, connector = connected(world, ["http://localhost/callback"], "http://localhost:53683/callback",
                                       world.house.person())
    with ThreadPoolExecutor(8) as pool:
        renewed = list(pool.map(lambda _: trip.refresh(token), range(8)))
    expect(len({each["refresh_token"] for each in renewed}) == 8, "two processes got the same token")
    names = set()
    for each in renewed:
        mcp = Mcp(connector, each["access_token"])
        mcp.initialize()
        names.add(name_of(mcp))
    expect(len(names) == 1, "one grant, several athletes")
    # The grant lives on with whichever process goes on.
    trip.refresh(renewed[-1])


@scenario("VS Code: registered with its port, another one in use, more capabilities than we know")
def vscode(world):
    trip, token, connector = connected(
        world, ["http://127.0.0.1:33418/", "https://vscode.dev/redirect"], "http://127.0.0.1:49213/",
        world.house.person())
    mcp = Mcp(connector, token["access_token"])
    mcp.call("initialize", {
        "protocolVersion": "2025-11-25", "clientInfo": {"name": "Visual Studio Code", "version": "1.130"},
        "capabilities": {"roots": {"listChanged": True}, "sampling": {"tools": {}, "context": {}},
                         "elicitation": {"form": {}, "url": {}},
                         "tasks": {"list": {}, "cancel": {}, "requests": {"sampling": {"createMessage": {}}}},
                         "extensions": {"io.modelcontextprotocol/ui": {"mimeTypes": ["text/html"]}}}})
    expect(name_of(mcp), "no name")


@scenario("mcp-remote of last month: a cached registration with the port of then")
def cached_registration(world):
    person = world.house.person()
    trip, token, connector = connected(world, ["http://localhost:3334/oauth/callback"],
                                       "http://localhost:3334/oauth/callback", person)
    resource, server = discover(connector)
    again = Authorization((resource, server, trip.client_id), "http://localhost:21573/oauth/callback")
    mcp = Mcp(connector, again.redeem(approve(again, person)[0])["access_token"])
    mcp.initialize()
    old = Mcp(connector, token["access_token"])
    expect(name_of(mcp) == name_of(old), "the new sign-in broke the old connection")


SCANNED = [
    "/", "/mcp", "/mcp/", "/sse", "/mcp/sse", "/message", "/robots.txt", "/favicon.ico", "/llms.txt",
    "/sitemap.xml", "/server-card", "/.well-known/mcp", "/.well-known/mcp.json", "/.well-known/mcp/server-card.json",
    "/.well-known/ai-plugin.json", "/.well-known/openid-configuration", "/.well-known/openid-configuration/mcp",
    "/mcp/.well-known/openid-configuration", "/mcp/.well-known/oauth-authorization-server",
    "/mcp/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/mcp", "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource/sse",
    "/.well-known/jwks.json", "/.well-known/security.txt", "/oauth/authorize", "/oauth/token", "/oauth/register",
    "/oauth/revoke", "/oauth/introspect", "/authorize", "/token", "/register", "/healthz", "/readyz", "/metrics",
    "/.env", "/.git/config", "/wp-login.php", "/admin", "/%2e%2e/%2e%2e/etc/passwd", "/..;/", "/%00", "/mcp%20",
    "//evil.example/mcp", "/mcp?access_token=x", "/oauth/authorize?client_id[]=x&client_id[]=y",
]


@scenario("scanners: every method on every likely address, never a 5xx, never HTML for a machine")
def scanners(world):
    origin = world.house.limited.connector.removesuffix("/mcp")

    def scan(asked):
        number, (method, path) = asked
        here = {"x-forwarded-for": f"198.51.{100 + number // 250}.{number % 250}", "accept": "application/json"}
        answer = fetch(origin + path, headers=here, method=method)
        about = f"{method} {path}: HTTP {answer.status}"
        expect(answer.status < 500, about)
        if path.startswith("/.well-known/") and answer.text:
            expect("html" not in answer.headers.get("content-type", ""), f"{about}, with HTML")
        if method == "HEAD":
            expect(answer.text == "", f"{about}, with a body")
        if answer.status == 401:
            expect(answer.headers.get("www-authenticate"), f"{about}, without a challenge")
        if answer.status == 405:
            expect(answer.headers.get("allow") is not None, f"{about}, without Allow")
        return method, path, answer.status

    methods = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"]
    asked = [(method, path) for method in methods for path in SCANNED]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(scan, enumerate(asked)))
    expect(429 not in [status for *_, status in answers], "one address each, and still 429")
    for document in ("oauth-protected-resource", "oauth-protected-resource/mcp", "oauth-authorization-server"):
        for method in ("GET", "HEAD"):
            expect((method, "/.well-known/" + document, 200) in answers, f"{method} {document} is not served")
