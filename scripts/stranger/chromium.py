"""A person at a real browser: Debian's Chromium, without a window, driven through Playwright.

Like the form walker it knows no path, name or text of the gateway: the e-mail goes where an
e-mail is asked for, and what is in a `role="alert"` is what went wrong.
"""

import json
import os
import tempfile
import time
import urllib.parse
from pathlib import Path

from playwright.sync_api import sync_playwright

from .measure import eventually

PROGRAM = "/usr/bin/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]
PATIENCE_MS = 20_000

EMAIL = "input[type=email]"
PASSWORD = "input[type=password]"
CODE = "input[autocomplete=one-time-code]"
ALERT = "[role=alert]"


class Chromium:
    """One browser for everybody; each person has a profile of their own in it."""

    def __init__(self, hosts):
        """`hosts` maps public names to ports of this machine."""
        self._rules = ",".join(f"MAP {name} 127.0.0.1:{port}" for name, port in hosts.items())
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(
            executable_path=PROGRAM, headless=True, args=self._flags(), timeout=PATIENCE_MS)

    def _flags(self):
        return [*FLAGS, f"--host-resolver-rules={self._rules}"]

    @property
    def version(self):
        return self._browser.version

    def profile(self, **options):
        return Profile(self._browser.new_context(ignore_https_errors=True, **options))

    def profile_with_apps(self, scheme, *origins):
        """A profile whose owner has said that `origins` may open the app of `scheme`. Whatever the
        browser then hands to the desktop is in `opened`."""
        return AppProfile(self._playwright.chromium, self._flags(), scheme, origins)

    def close(self):
        self._browser.close()
        self._playwright.stop()


class Profile:
    # How Chromium's console begins when a policy stopped something.
    BLOCKED = "Sending form data to"

    def __init__(self, context):
        self.context = context
        context.set_default_timeout(PATIENCE_MS)
        self.violations = []
        context.on("console", self._heard)

    def _heard(self, message):
        if "Content Security Policy" in message.text:
            self.violations.append(message.text)

    def open(self, url):
        tab = Tab(self.context.new_page())
        tab.go(url)
        return tab

    def forget_cookies(self, minutes):
        """Loses what the browser would have lost by itself, had so many minutes really passed."""
        then = time.time() + 60 * minutes
        kept = [cookie for cookie in self.context.cookies() if cookie["expires"] == -1 or cookie["expires"] > then]
        self.context.clear_cookies()
        self.context.add_cookies(kept)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()


class AppProfile(Profile):
    def __init__(self, chromium, flags, scheme, origins):
        self._home = tempfile.TemporaryDirectory()
        home = Path(self._home.name)
        preferences = {"protocol_handler": {
            "allowed_origin_protocol_pairs": {origin: {scheme: True} for origin in origins}}}
        (home / "profile" / "Default").mkdir(parents=True)
        (home / "profile" / "Default" / "Preferences").write_text(json.dumps(preferences))
        self._opened = home / "opened"
        desktop = home / "xdg-open"
        desktop.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >>{self._opened}\n')
        desktop.chmod(0o755)
        super().__init__(chromium.launch_persistent_context(
            home / "profile", executable_path=PROGRAM, headless=True, args=flags, ignore_https_errors=True,
            env={**os.environ, "PATH": f"{home}:{os.environ['PATH']}"}, timeout=PATIENCE_MS))

    def wait_opened(self, uri):
        """The query of the address under `uri` that the browser handed to the desktop."""
        # There is a file before there is a line in it.
        eventually(f"{uri} was opened", PATIENCE_MS / 1000,
                   lambda: self._opened.exists() and self._opened.read_text().endswith("\n"), pause=0.02)
        opened = self._opened.read_text().splitlines()
        assert len(opened) == 1 and opened[0].startswith(uri + "?"), f"the desktop was given {opened}"
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(opened[0]).query))

    def __exit__(self, *_):
        super().__exit__()
        self._home.cleanup()


class Tab:
    def __init__(self, page):
        self.page = page

    def go(self, url):
        return self.page.goto(url, wait_until="load")

    @property
    def alert(self):
        found = self.page.locator(ALERT)
        return " ".join(found.first.inner_text().split()) if found.count() else None

    @property
    def heading(self):
        return self.page.locator("h1").first.inner_text()

    def asks_for(self, field):
        return self.page.locator(field).count() > 0

    def wait_for(self, field):
        self.page.locator(field).first.wait_for()

    def fill(self, person):
        self.page.locator(EMAIL).fill(person.email)
        self.page.locator(PASSWORD).fill(person.password)

    def fill_code(self, code):
        self.page.locator(CODE).fill(code)

    def button(self, field):
        """The button that sends the form with `field`."""
        return self.page.locator(f"form:has({field}) button[type=submit]")

    def cancel(self):
        return self.page.locator("form:has(input[name=decision][value=deny]) button[type=submit]")

    def choose_read_only(self):
        self.page.locator("input[name=access][value=read]").check()

    def submit(self, field=PASSWORD):
        # The click waits for the navigation it starts only until that is committed.
        with self.page.expect_navigation(wait_until="load"):
            self.button(field).click()

    def sign_in(self, person):
        """Everything the person is asked, until the browser has left for the client."""
        self.wait_for(EMAIL)
        self.fill(person)
        self.button(PASSWORD).click()
        if person.code:
            self.wait_for(CODE)
            self.fill_code(person.code)
            self.button(CODE).click()

    def close(self):
        self.page.close()
