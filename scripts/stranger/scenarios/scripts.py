"""Clients that are web pages: the browser asks first whether it may (SEC-066)."""

import hashlib
import json
from base64 import urlsafe_b64encode

from ..house import Callback
from . import expect, scenario

# What the Inspector in direct mode and the SDKs in a page do, with nothing but `fetch`.
STEPS = {
    "refused": """async ([connector]) => {
        const answer = await fetch(connector, {method: "POST", body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
            headers: {"content-type": "application/json", accept: "application/json, text/event-stream",
                      "mcp-protocol-version": "2025-11-25"}});
        return [answer.status, answer.headers.get("www-authenticate")];
    }""",
    "document": """async ([url]) => {
        const answer = await fetch(url, {headers: {"mcp-protocol-version": "2025-11-25"}});
        return [answer.status, await answer.json()];
    }""",
    "post": """async ([url, kind, body]) => {
        const answer = await fetch(url, {method: "POST", headers: {"content-type": kind}, body});
        return [answer.status, await answer.json()];
    }""",
    "call": """async ([connector, token]) => {
        const answer = await fetch(connector, {method: "POST",
            body: JSON.stringify({jsonrpc: "2.0", id: 2, method: "tools/call",
                                  params: {name: "get_full_name", arguments: {}}}),
            headers: {authorization: "Bearer " + token, "content-type": "application/json",
                      accept: "application/json, text/event-stream", "mcp-protocol-version": "2025-11-25",
                      "mcp-session-id": "of-another-life", "mcp-method": "tools/call", "mcp-name": "get_full_name"}});
        return [answer.status, await answer.text()];
    }""",
}


def ask(page, step, *words):
    status, answer = page.evaluate(STEPS[step], list(words))
    return status, answer


@scenario("SEC-066 a client in a web page: preflights, headers it may read, the whole flow")
def sec066_web_page(world):
    site = Callback()
    try:
        with world.chromium.profile() as profile:
            page = profile.open(f"http://localhost:{site.port}/").page
            whole_flow(world, profile, page, site)
    finally:
        site.close()


def whole_flow(world, profile, page, site):
    connector = world.house.local.connector
    status, challenge = ask(page, "refused", connector)
    expect(status == 401 and "resource_metadata=" in (challenge or ""), f"HTTP {status}, readable: {challenge}")
    metadata = challenge.split('resource_metadata="')[1].split('"')[0]
    _, resource = ask(page, "document", metadata)
    _, server = ask(page, "document", resource["authorization_servers"][0] + "/.well-known/oauth-authorization-server")
    redirect_uri = f"http://localhost:{site.port}/callback"
    status, client = ask(page, "post", server["registration_endpoint"], "application/json", json.dumps(
        {"client_name": "A page", "redirect_uris": [redirect_uri], "token_endpoint_auth_method": "none"}))
    expect(status == 201, f"registration: HTTP {status} {client}")
    verifier = "the-same-verifier-every-time-is-fine-for-one-test-0123456789"
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    where = (f"{server['authorization_endpoint']}?response_type=code&client_id={client['client_id']}&state=s"
             f"&redirect_uri={redirect_uri}&code_challenge={challenge}&code_challenge_method=S256")
    profile.open(where).sign_in(world.house.person())
    answer = site.wait()
    status, token = ask(page, "post", server["token_endpoint"], "application/x-www-form-urlencoded",
                        f"grant_type=authorization_code&client_id={client['client_id']}&code={answer['code']}"
                        f"&redirect_uri={redirect_uri}&code_verifier={verifier}")
    expect(status == 200, f"token: HTTP {status} {token}")
    status, text = ask(page, "call", connector, token["access_token"])
    expect(status == 200 and "full_name" in text, f"tools/call: HTTP {status} {text[:200]}")


@scenario("SEC-064 a foreign web page gets nothing from /mcp behind a public name")
def sec064_foreign_page(world):
    site = Callback()
    try:
        with world.chromium.profile() as profile:
            page = profile.open(f"http://localhost:{site.port}/").page
            # What anybody may read, so that what follows is a refusal and not a broken line.
            status, _ = ask(page, "document", world.house.PUBLIC + "/.well-known/oauth-protected-resource/mcp")
            expect(status == 200, f"the document: HTTP {status}")
            for credentials in ("omit", "include"):
                outcome = page.evaluate(
                    """([url, credentials]) => fetch(url, {method: "POST", credentials, body: "{}",
                        headers: {authorization: "Bearer x", "content-type": "application/json"}})
                        .then((answer) => "read " + answer.status, () => "blocked")""",
                    [world.house.PUBLIC + "/mcp", credentials])
                expect(outcome == "blocked", f"with credentials {credentials}: {outcome}")
    finally:
        site.close()
