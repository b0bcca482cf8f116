"""Gateways in every mood, and the way to each page of theirs."""

import sqlite3
import time
import urllib.parse

from .account_states import account
from .chromium import CODE, EMAIL, PASSWORD
from .gateway import Gateway, Simulator
from .oauth import Authorization, discover, fetch, register

HOSTED = "https://claude.ai/api/mcp/auth_callback"
STRANGE = "https://assistant.example/oauth/callback"
LOCAL = "http://127.0.0.1:43117/callback"
APP = "cursor://anysphere.cursor-mcp/oauth/callback"
# As many as the gateway holds; see `MOST_SIGN_INS`.
MOST_SIGN_INS = 10_000


class Stage:
    """A Garmin; a gateway that limits nobody, one that limits everybody, one that is full."""

    def __init__(self, binary, home):
        self._stops = []
        try:
            self.simulator = Simulator(binary, 4)
            self._stops.append(self.simulator.stop)
            operator = {"OPERATOR_NAME": "The Sunday Runners", "OPERATOR_EMAIL": "help@runners.example"}
            self.open = self._gateway(binary, home / "open", operator)
            self.limited = self._gateway(binary, home / "limited", {"RATE_LIMITS": "on"})
            self.full = self._gateway(binary, home / "full", {})
            fill(home / "full" / "gateway.db")
        except BaseException:
            self.stop()
            raise
        self.plain, self.coded = self.simulator.people[0], self.simulator.with_code

    def _gateway(self, binary, data, settings):
        data.mkdir()
        gateway = Gateway(binary, data, self.simulator.env, settings)
        self._stops.append(gateway.stop)
        return gateway

    @property
    def origins(self):
        return {origin(gateway) for gateway in (self.open, self.limited, self.full)}

    def stop(self):
        for stop in reversed(self._stops):
            stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def origin(gateway):
    return gateway.connector.removesuffix("/mcp")


def fill(database):
    """As many sign-ins as a busy hour could bring, all of them answered: none makes room."""
    now = int(time.time())
    with sqlite3.connect(database, timeout=30) as rows:
        rows.executemany(
            "INSERT INTO sign_ins (sign_in_id, browser_digest, state, version, created_at, expires_at)"
            " VALUES (?, x'00', x'00', 2, ?, ?)",
            [(f"sgn_{number:022}", now, now + 1800) for number in range(MOST_SIGN_INS)])
    rows.close()


class Asking:
    """A client of a gateway, and the addresses it sends people to."""

    def __init__(self, gateway, redirect_uri, name=None):
        self._gateway, self._redirect = gateway, redirect_uri
        resource, server = discover(gateway.connector)
        client = register(server, redirect_uri) if name is None else named(server, redirect_uri, name)
        self._known = (resource, server, client)

    def url(self, **changes):
        parts = urllib.parse.urlsplit(Authorization(self._known, self._redirect).url)
        pairs = {**dict(urllib.parse.parse_qsl(parts.query)), **changes}
        return parts._replace(query=urllib.parse.urlencode(pairs)).geturl()


def named(server, redirect_uri, name):
    asked = {"redirect_uris": [redirect_uri], "client_name": name}
    return fetch(server["registration_endpoint"], asked).json()["client_id"]


def walk(stage, gallery):
    around(stage, gallery)
    in_german(stage, gallery)
    who_asks(stage, gallery)
    signing_in(stage, gallery)
    refusals(stage, gallery)
    account(stage, gallery)
    too_many(stage, gallery)


def around(stage, gallery):
    visitor = gallery.visitor()
    start = origin(stage.open)
    gallery.take("landing", visitor.open(start + "/"), "Your Garmin data")
    gallery.take("help", visitor.open(start + "/help"), "How to connect")
    gallery.take("tools", visitor.open(start + "/help/tools"), "What your assistant can do")
    gallery.take("tools-found", visitor.open(start + "/help/tools?q=sleep"), "tools for")
    gallery.take("tools-none", visitor.open(start + "/help/tools?q=nosuchtool"), "No tool for")
    gallery.take("not-found", visitor.open(start + "/nowhere"), "nothing here")


def in_german(stage, gallery):
    """The longest words there are, on the narrowest screen."""
    visitor = gallery.visitor(locale="de-DE")
    start = origin(stage.open)
    gallery.take("german-landing", visitor.open(start + "/"), "Drei Schritte")
    gallery.take("german-help", visitor.open(start + "/help"), "So verbindest du dich")
    gallery.take("german-tools", visitor.open(start + "/help/tools?q=sleep"), "Werkzeuge für")
    gallery.take("german-not-found", visitor.open(start + "/nowhere"), "gibt es nicht")
    hosted = Asking(stage.open, HOSTED, "Claude")
    gallery.take("german-sign-in", visitor.open(hosted.url()), "Verbinde dein Garmin-Konto")
    tab = visitor.open(Asking(stage.open, STRANGE, "Assistant").url())
    gallery.take("german-unverified", tab, "Nicht überprüft")
    tab.fill(stage.plain)
    tab.page.locator(PASSWORD).fill("not the password")
    tab.submit()
    gallery.take("german-wrong-password", tab, "nicht angenommen")
    tab.fill(stage.coded)
    tab.submit()
    tab.wait_for(CODE)
    gallery.take("german-code", tab, "Gib den Code von Garmin")


def who_asks(stage, gallery):
    visitor = gallery.visitor()
    for name, redirect, says in [
        ("sign-in-hosted", HOSTED, "claude.ai"),
        ("sign-in-unverified", STRANGE, "Not verified"),
        ("sign-in-own-computer", LOCAL, "your own computer"),
        ("sign-in-app", APP, "app on this device"),
    ]:
        gallery.take(name, visitor.open(Asking(stage.open, redirect, "Assistant").url()), says)
    longest = "https://" + ".".join(["a-very-long-part-of-a-name" * 2] * 3) + ".example/callback"
    hostile = Asking(stage.open, longest, "<b>Garmin®</b> " + "Official" * 12)
    gallery.take("sign-in-long", visitor.open(hostile.url()), "Not verified")
    hosted = Asking(stage.open, HOSTED, "Claude")
    reading = visitor.open(hosted.url(scope="garmin:read", login_hint=stage.plain.email))
    gallery.take("sign-in-read-only", reading, "cannot change anything")
    unseen = hosted.url(client_id="https://assistant.example/oauth/client.json", redirect_uri=STRANGE)
    tab = visitor.open(unseen)
    gallery.take("sign-in-document", tab, "Not checked yet")
    tab.fill(stage.plain)
    tab.submit()
    gallery.take("document-not-to-be-had", tab, "cannot be verified at the moment")
    tab = visitor.open(unseen)
    tab.cancel().click()
    tab.page.wait_for_load_state()
    gallery.take("cancelled", tab, "Nothing was connected")
    gallery.take("document-flawed", visitor.open(unseen + "&scope=x"), "refused")


def signing_in(stage, gallery):
    visitor = gallery.visitor()
    hosted = Asking(stage.open, HOSTED, "Claude")
    tab = visitor.open(hosted.url())
    tab.fill(stage.plain)
    tab.page.locator(PASSWORD).fill("not the password")
    tab.choose_read_only()
    tab.submit()
    gallery.take("wrong-password", tab, "did not accept")
    tab.fill(stage.coded)
    tab.submit()
    tab.wait_for(CODE)
    gallery.take("code", tab, "Enter the code")
    tab.fill_code("000000")
    tab.submit(CODE)
    gallery.take("wrong-code", tab, "not right")
    tab.fill_code("no code")
    tab.submit(CODE)
    gallery.take("no-code", tab, "does not look like a code")
    later = tab.page.url.replace("sign_in=sgn_", "sign_in=sgn_over")
    gallery.take("over-and-anew", visitor.open(later), "had been open for a long time")
    gallery.take("over", visitor.open(later.split("&")[0]), "is over")
    other = gallery.visitor()
    other.open(hosted.url())
    gallery.take("other-browser", other.open(tab.page.url), "another browser")
    gallery.take("no-cookie", gallery.visitor().open(tab.page.url), "did not send our cookie")
    progress(stage, gallery, hosted)


def progress(stage, gallery, asking):
    slow = {"when": {"path_prefix": "/"}, "effect": {"delay": {"millis": 12_000}}, "firing": {"times": 1}}
    tab = gallery.visitor().open(asking.url())
    tab.fill(stage.simulator.people[1])
    fetch(stage.simulator.control + "/faults", slow)
    try:
        tab.submit()
        # It would look again in the middle of a picture.
        tab.page.route("**/oauth/**", lambda route: route.fulfill(status=204))
        gallery.take("progress", tab, "Signing in at Garmin")
    finally:
        fetch(stage.simulator.control + "/faults", method="DELETE")
    tab.close()


def refusals(stage, gallery):
    visitor = gallery.visitor()
    hosted = Asking(stage.open, HOSTED, "Claude")
    for name, changes, says in [
        ("e-mail-as-client-id", {"client_id": "runner@example.org"}, "leave both empty"),
        ("unknown-client", {"client_id": "cli_0123456789abcdefghijkl"}, "not known here any more"),
        ("foreign-redirect", {"redirect_uri": "https://elsewhere.example/"}, "refused"),
        ("incomplete", {"client_id": ""}, "incomplete"),
    ]:
        gallery.take(name, visitor.open(hosted.url(**changes)), says)


def too_many(stage, gallery):
    gallery.take("full", gallery.visitor().open(Asking(stage.full, HOSTED, "Claude").url()), "Too many people")
    visitor = gallery.visitor()
    hosted = Asking(stage.limited, HOSTED, "Claude")
    tab = visitor.open(hosted.url())
    for number in range(6):
        tab.page.locator(EMAIL).fill(f"nobody{number}@example.org")
        tab.page.locator(PASSWORD).fill("x")
        tab.submit()
    gallery.take("too-many-passwords", tab, "Too many attempts")
    for _ in range(25):
        tab = visitor.open(hosted.url())
        if "Too many requests" in tab.heading:
            break
        tab.close()
    gallery.take("too-many-requests", tab, "Too many requests")
