"""People whose clients go on working, and who call every answer by its name."""

import http.client
import json
import random
import threading
import time
import urllib.parse
from collections import Counter

from stranger.browser import SignInFailed, sign_in
from stranger.oauth import Authorization, discover, fetch, register

CALLBACK = "http://127.0.0.1:43117/callback"
# Longer than Garmin is ever held here, and than a call that Garmin does not answer.
DEADLINE = 120
WAITS = (429, 503)
ERRORS = (502, 504)


class Person:
    """One account: its client, its tokens, and why it may have to sign in again."""

    def __init__(self, world, person, known, seed):
        self.world, self.person, self.known = world, person, known
        self.random, self.outcomes, self.failures = random.Random(seed), Counter(), []
        self.token, self.excuses, self.spent, self.signed_in_at = None, [], 0, 0.0
        self.name = world.tell_garmin(f"/season/{urllib.parse.quote(person.email)}", method="GET")["full_name"]
        self.secrets = {person.password}
        # Held while a person acts, so that nothing is taken away in mid-sentence.
        self.at_rest = threading.Lock()

    # What a person does.

    def connect(self):
        """Signs in however often it takes, as long as the reason is Garmin's or ours to excuse."""
        deadline = time.monotonic() + 90
        while True:
            began = time.monotonic()
            try:
                trip = Authorization(self.known, CALLBACK)
                back = sign_in(trip.url, CALLBACK, self.person)
                answer = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query))
                self.secrets.add(answer.get("code", "-" * 40))
                if self.random.random() < 0.1:
                    self.inv4_redeem_twice(trip, answer)
                    continue
                self.keep(trip.redeem(answer))
                self.signed_in_at = time.monotonic()
                self.outcomes["signed in"] += 1
                self.excuses.clear()
                return True
            except (SignInFailed, AssertionError, OSError, ValueError, http.client.HTTPException) as error:
                self.outcomes["sign-in again"] += 1
                if time.monotonic() > deadline:
                    if self.world.quiet:
                        self.world.violate("INV-6", f"{self.person.email} cannot sign in: {error}")
                    return False
                time.sleep(min(0.3 + time.monotonic() - began, 2))

    def inv4_redeem_twice(self, trip, answer):
        """One code at two places at once: one pair of tokens at most, and a replay ends it."""
        got = []

        def redeem():
            try:
                got.append(trip.redeem(answer))
            except (AssertionError, OSError, ValueError, http.client.HTTPException):
                pass

        both = [threading.Thread(target=redeem) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join()
        self.outcomes["code redeemed twice"] += 1
        for token in got:
            self.secrets |= {token["access_token"], token["refresh_token"]}
        if len(got) > 1:
            self.world.violate("INV-4", f"{self.person.email}: one code was redeemed twice")

    def keep(self, token):
        self.token = token
        self.secrets |= {token["access_token"], token["refresh_token"]}

    def excuse(self, why):
        self.excuses.append(why)

    def act(self):
        with self.at_rest:
            self._act()

    def _act(self):
        if self.token is None and not self.connect():
            return
        dice = self.random.random()
        if dice < 0.45:
            self.inv1_asks_who_it_is()
        elif dice < 0.65:
            self.call("tools/list", {})
        elif dice < 0.80:
            self.call("tools/call", {"name": "get_stats", "arguments": {}})
        elif dice < 0.86:
            self.call("initialize", {"protocolVersion": "2025-11-25", "capabilities": {},
                                     "clientInfo": {"name": "siege", "version": "1"}})
        elif dice < 0.91:
            self.listen()
        elif dice < 0.97:
            self.renew()
        else:
            self.world.tell_garmin("/expire", {"account": self.person.email})
            self.outcomes["token expired at Garmin"] += 1

    def inv1_asks_who_it_is(self):
        answer = self.call("tools/call", {"name": "get_full_name", "arguments": {}})
        if answer is None:
            return
        found = (answer.get("structuredContent") or {}).get("full_name")
        if found is not None and found != self.name:
            self.world.violate("INV-1", f"{self.person.email} was told about {found!r}")

    def call(self, method, params):
        """The result; `None` for everything else, which is counted by its name."""
        node = self.random.choice(self.world.nodes)
        token = self.token["access_token"]
        message = {"jsonrpc": "2.0", "id": self.random.randrange(1 << 30), "method": method, "params": params}
        began = time.monotonic()
        try:
            status, headers, text = self.send(node, message, token)
        except (OSError, http.client.HTTPException) as error:
            self.broken(node, began, method, error)
            return None
        return self.inv6_named(message, token, status, headers, text)

    def send(self, node, message, token, timeout=DEADLINE, extra=None):
        line = http.client.HTTPConnection("127.0.0.1", node.port, timeout=timeout)
        try:
            line.request("POST", "/mcp", json.dumps(message), {
                "content-type": "application/json", "accept": "application/json, text/event-stream",
                "host": urllib.parse.urlsplit(self.world.public).netloc,
                "authorization": f"Bearer {token}", **(extra or {})})
            answer = line.getresponse()
            return answer.status, answer.headers, answer.read().decode("utf-8", "replace")
        finally:
            line.close()

    def broken(self, node, began, what, error):
        why = node.trouble.during(began, time.monotonic())
        if why:
            self.outcomes[f"cut: {why[-1]}"] += 1
        else:
            self.outcomes["other"] += 1
            self.world.violate("INV-6", f"{what} on node {node.number} broke off without a cause: {error!r}")

    def inv6_named(self, message, token, status, headers, text):
        """Every answer is one of the known ones."""
        what = message["method"]
        request_id = headers.get("x-request-id")
        if status == 401:
            self.challenged(token, headers)
        elif status in WAITS and headers.get("retry-after"):
            self.outcomes[f"{status} and a time to come back"] += 1
        elif status in (*ERRORS, *WAITS):
            code = (_json(text) or {}).get("error", {})
            code = code.get("data", {}).get("code") if isinstance(code, dict) else None
            if status in ERRORS and code:
                self.outcomes[f"{status} {code}"] += 1
                self.failures.append((request_id, f"{status} {code}"))
            else:
                self.unnamed(f"{what}: HTTP {status} without a code or a wait: {text[:200]}")
        elif status == 200:
            return self.answered(message, text)
        else:
            self.unnamed(f"{what}: HTTP {status} {text[:200]}")
        return None

    def answered(self, message, text):
        reply = _reply(text)
        if reply is None or reply.get("id") != message["id"]:
            self.unnamed(f"{message['method']}: no answer to our message: {text[:200]}")
            return None
        if "error" in reply:
            code = reply["error"].get("data", {}).get("code")
            if code is None:
                self.unnamed(f"{message['method']}: an error without a code: {text[:200]}")
            else:
                self.outcomes[f"event: {code}"] += 1
            return None
        result = reply["result"]
        if result.get("isError"):
            code = (result.get("structuredContent") or {}).get("code") or result["content"][0]["text"][:40]
            self.outcomes[f"tool error: {code}"] += 1
            return None
        self.outcomes["answered"] += 1
        return result

    def unnamed(self, what):
        self.outcomes["other"] += 1
        self.world.violate("INV-6", what)

    def challenged(self, token, headers):
        """A person signs in again only if Garmin said so, or the operator."""
        if "Bearer" not in headers.get("www-authenticate", ""):
            self.unnamed("a 401 without a challenge")
        if self.token is None or token != self.token["access_token"]:
            self.outcomes["401 for an older token"] += 1
            return
        self.outcomes["401 and a challenge"] += 1
        counters = self.world.tell_garmin(f"/counters/{urllib.parse.quote(self.person.email)}", method="GET")
        if self.excuses:
            self.outcomes[f"signed out: {self.excuses[-1]}"] += 1
        elif counters["reused"] > self.spent and self.world.blow_since(self.signed_in_at):
            # Garmin had a new pair and we had not: the window that cannot be closed.
            self.outcomes["signed out: Garmin had moved on alone"] += 1
        else:
            self.world.violate("INV-2", f"{self.person.email} was signed out without a cause: {counters}")
        self.spent, self.token = counters["reused"], None

    def renew(self):
        began, old = time.monotonic(), self.token
        try:
            answer = fetch(self.world.public + "/oauth/token", form={
                "grant_type": "refresh_token", "refresh_token": old["refresh_token"], "client_id": self.known[2]})
        except (OSError, http.client.HTTPException) as error:
            if any(node.trouble.during(began, time.monotonic()) for node in self.world.nodes):
                self.outcomes["cut: renewal"] += 1
            else:
                self.unnamed(f"a renewal broke off without a cause: {error!r}")
            return
        if answer.status == 200:
            self.keep(answer.json())
            self.outcomes["renewed"] += 1
        elif answer.status in WAITS and answer.headers.get("retry-after"):
            self.outcomes[f"renewal: {answer.status}"] += 1
        elif answer.status == 400 and answer.json().get("error") == "invalid_grant":
            # The next call is challenged if this was right, and is answered if it was not.
            self.outcomes["renewal: invalid_grant"] += 1
            self.call("tools/list", {})
            if self.token is old and not self.excuses:
                self.world.violate("INV-12", f"{self.person.email}: a refresh token died without a cause")
                self.token = None
        else:
            self.unnamed(f"renewal: HTTP {answer.status} {answer.text[:200]}")

    def inv11_is_out(self, token):
        """Access that was given back works nowhere: at once on one node, within 5 s on others."""
        limit = time.monotonic() + (1 if len(self.world.nodes) == 1 else 5)
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
        for node in self.world.nodes:
            while True:
                began = time.monotonic()
                try:
                    status = self.send(node, message, token)[0]
                except (OSError, http.client.HTTPException):
                    status = None
                if status == 200 and began > limit:
                    self.world.violate("INV-11", f"{self.person.email}: a revoked token works on node {node.number}")
                if status in (200, None) and began <= limit:
                    time.sleep(0.05)
                    continue
                break
        self.outcomes["revoked"] += 1

    def listen(self):
        """Holds an event stream for a while, then hangs up."""
        node, began = self.random.choice(self.world.nodes), time.monotonic()
        line = http.client.HTTPConnection("127.0.0.1", node.port, timeout=20)
        meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {}}
        message = {"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen",
                   "params": {"_meta": meta, "notifications": {}}}
        try:
            line.request("POST", "/mcp", json.dumps(message), {
                "content-type": "application/json", "accept": "application/json, text/event-stream",
                "host": urllib.parse.urlsplit(self.world.public).netloc,
                "authorization": f"Bearer {self.token['access_token']}",
                "mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen"})
            answer = line.getresponse()
            if answer.status == 200:
                answer.read1(1024)
                time.sleep(self.random.random() * 0.5)
                self.outcomes["listened"] += 1
            elif answer.status == 401:
                answer.read()
                self.challenged(self.token["access_token"], answer.headers)
            elif answer.status in WAITS and answer.headers.get("retry-after"):
                self.outcomes[f"{answer.status} and a time to come back"] += 1
            else:
                self.unnamed(f"listen: HTTP {answer.status} {answer.read()[:200]}")
        except (OSError, http.client.HTTPException) as error:
            self.broken(node, began, "listen", error)
        finally:
            line.close()


def meet(world, count, seed):
    """People with a client that is known already."""
    resource, server = discover(world.public + "/mcp")
    known = (resource, server, register(server, CALLBACK, "Siege"))
    return [Person(world, person, known, f"{seed}-{number}")
            for number, person in enumerate(world.simulator.people[:count])]


def _json(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


def _reply(text):
    if text.startswith("{"):
        return _json(text)
    lines = [line[5:].strip() for line in text.splitlines() if line.startswith("data:")]
    messages = [message for message in map(_json, lines) if message]
    return next((message for message in messages if "result" in message or "error" in message), None)
