"""An MCP client's way to a token: 401, discovery, registration, PKCE, code, token."""

import base64
import hashlib
import json
import re
import secrets
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass

from .browser import sign_in

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# Where public names really are: origin → origin on this machine.
HOSTS = {}


@dataclass
class Answer:
    status: int
    headers: object
    text: str

    def json(self):
        return json.loads(self.text)


def fetch(url, body=None, headers=None, form=None, method=None):
    headers = dict(headers or {})
    data = None
    if form is not None:
        data = urllib.parse.urlencode(form).encode()
    elif body is not None:
        data = json.dumps(body).encode()
        headers.setdefault("content-type", "application/json")
    parts = urllib.parse.urlsplit(url)
    if here := HOSTS.get(f"{parts.scheme}://{parts.netloc}"):
        url = here + urllib.parse.urlunsplit(("", "", *parts[2:]))
        headers["host"] = parts.netloc
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        answer = _opener.open(request, timeout=60)
    except urllib.error.HTTPError as refusal:
        answer = refusal
    with answer:
        return Answer(answer.status, answer.headers, answer.read().decode("utf-8", "replace"))


def expect(condition, message):
    if not condition:
        raise AssertionError(message)


def discover(connector, headers=None):
    """From the connector URL alone to the authorization server's metadata."""
    headers = headers or {}
    refused = fetch(connector, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
                    {"accept": "application/json, text/event-stream", **headers})
    expect(refused.status == 401, f"without a token: HTTP {refused.status}, not 401")
    challenge = refused.headers.get("www-authenticate", "")
    found = re.search(r'resource_metadata="([^"]+)"', challenge)
    expect(found, f"the challenge names no resource metadata: {challenge!r}")
    resource = fetch(found.group(1), headers=headers).json()
    expect(resource["resource"] == connector, f"resource {resource['resource']!r} is not {connector!r}")
    issuer = resource["authorization_servers"][0]
    server = fetch(issuer + "/.well-known/oauth-authorization-server", headers=headers).json()
    expect(server["issuer"] == issuer, "the issuer does not name itself")
    expect("S256" in server["code_challenge_methods_supported"], "no S256")
    return resource, server


def register(server, redirect_uri, name="Smoke test"):
    return registration(server, [redirect_uri], client_name=name)["client_id"]


def registration(server, redirect_uris, headers=None, **metadata):
    """The whole answer (RFC 7591 §3.2.1)."""
    answer = fetch(server["registration_endpoint"], {
        "client_name": "Smoke test",
        "redirect_uris": redirect_uris,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        **metadata,
    }, headers)
    expect(answer.status == 201, f"registration: HTTP {answer.status} {answer.text}")
    return answer.json()


class Authorization:
    """One trip of a person: `url` is where it begins, `redeem` takes what came back."""

    def __init__(self, known, redirect_uri, headers=None, **extra):
        """`known` = (resource, server, client id); `extra` goes into the query, None takes out.
        `headers` go with the client's own requests."""
        self._resource, self._server, self.client_id = known
        self._headers = headers or {}
        self.redirect_uri = redirect_uri
        self._verifier, self.state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self._verifier.encode()).digest()).rstrip(b"=")
        query = {
            "response_type": "code", "client_id": self.client_id, "redirect_uri": redirect_uri,
            "code_challenge": challenge.decode(), "code_challenge_method": "S256", "state": self.state,
            "resource": self._resource["resource"],
            "scope": " ".join(self._resource.get("scopes_supported", [])), **extra,
        }
        query = {name: value for name, value in query.items() if value is not None}
        self.url = self._server["authorization_endpoint"] + "?" + urllib.parse.urlencode(query)

    def expect_back(self, answer):
        expect(answer.get("state") == self.state, "the state did not come back")
        expect(answer.get("iss") == self._server["issuer"], f"iss is {answer.get('iss')!r}")

    def redeem(self, answer, **extra):
        self.expect_back(answer)
        expect("code" in answer, f"no code came back: {answer.get('error')}")
        form = {
            "grant_type": "authorization_code", "code": answer["code"], "redirect_uri": self.redirect_uri,
            "client_id": self.client_id, "code_verifier": self._verifier,
            "resource": self._resource["resource"], **extra,
        }
        return self._token(form)

    def refresh(self, token, **extra):
        return self._token({"grant_type": "refresh_token", "refresh_token": token["refresh_token"],
                            "client_id": self.client_id, **extra})

    def _token(self, form):
        token = fetch(self._server["token_endpoint"], form=form, headers=self._headers)
        expect(token.status == 200, f"token: HTTP {token.status} {token.text}")
        expect(token.json()["token_type"].lower() == "bearer", "not a bearer token")
        return token.json()


def connect(connector, person, redirect_uri="http://127.0.0.1:43117/callback", told=lambda _: None,
            known=None):
    """The whole flow; returns the token answer. `known` = (resource, server, client id)."""
    if known is None:
        resource, server = discover(connector)
        told("401 → resource metadata → authorization server metadata")
        known = (resource, server, register(server, redirect_uri))
        told("registered as a client")
    trip = Authorization(known, redirect_uri)
    back = sign_in(trip.url, redirect_uri, person, told=told)
    token = trip.redeem(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query)))
    told("code redeemed for a token")
    return token


class Mcp:
    """Just enough of MCP over streamable HTTP, in the handshake era."""

    def __init__(self, connector, token, headers=None):
        """`headers` go with every request and win over what a good client sends."""
        self.connector, self.token, self._next = connector, token, 0
        self.version, self._headers = None, headers or {}

    def call(self, method, params=None, notification=False):
        message = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message["params"] = params
        if not notification:
            self._next += 1
            message["id"] = self._next
        headers = {"authorization": f"Bearer {self.token}",
                   "accept": "application/json, text/event-stream"}
        if self.version:
            headers["mcp-protocol-version"] = self.version
        headers.update(self._headers)
        answer = fetch(self.connector, message, headers)
        if notification:
            expect(answer.status in (200, 202), f"{method}: HTTP {answer.status}")
            return None
        expect(answer.status == 200, f"{method}: HTTP {answer.status} {answer.text[:400]}")
        reply = _reply(answer)
        expect("error" not in reply, f"{method}: {reply.get('error')}")
        return reply["result"]

    def initialize(self):
        hello = self.call("initialize", {
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": {"name": "smoke", "version": "1"},
        })
        self.version = hello["protocolVersion"]
        self.call("notifications/initialized", notification=True)
        return hello

    def tool(self, name, arguments=None):
        return self.call("tools/call", {"name": name, "arguments": arguments or {}})


def _reply(answer):
    if "text/event-stream" in answer.headers.get("content-type", ""):
        lines = [line[5:].strip() for line in answer.text.splitlines() if line.startswith("data:")]
        messages = [json.loads(line) for line in lines if line]
        return next(message for message in messages if "result" in message or "error" in message)
    return answer.json()
