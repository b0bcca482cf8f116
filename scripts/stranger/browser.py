"""A person's browser, as far as a sign-in needs one: cookies, redirects and HTML forms.

It reads a page as a person would: the e-mail goes where an e-mail is asked for, and what is in
a `role="alert"` is what went wrong. No path, field name or text of the gateway appears here.
"""

import html.parser
import http.cookiejar
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field

MAX_PAGES = 60


@dataclass
class Input:
    name: str
    kind: str
    value: str = ""
    autocomplete: str = ""
    checked: bool = False


@dataclass
class Form:
    action: str
    method: str
    inputs: list = field(default_factory=list)

    def find(self, wanted):
        return next((entry for entry in self.inputs if entry.name and wanted(entry)), None)

    def email(self):
        return self.find(lambda entry: entry.kind == "email")

    def password(self):
        return self.find(lambda entry: entry.kind == "password")

    def code(self):
        return self.find(lambda entry: entry.autocomplete == "one-time-code")


class _Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.forms, self.alerts, self.refresh = [], [], None
        self._form, self._select, self._alert_depth = None, None, 0

    def handle_starttag(self, tag, attrs):
        attrs = {name: value or "" for name, value in attrs}
        if self._alert_depth and tag not in ("br", "img", "input", "hr", "meta", "link"):
            self._alert_depth += 1
        if attrs.get("role") == "alert" and not self._alert_depth:
            self._alert_depth = 1
            self.alerts.append("")
        if tag == "meta" and attrs.get("http-equiv", "").lower() == "refresh":
            self.refresh = attrs.get("content")
        elif tag == "form":
            self._form = Form(attrs.get("action", ""), attrs.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None and tag in ("input", "button"):
            default = "text" if tag == "input" else "submit"
            kind = attrs.get("type", default).lower()
            value = attrs.get("value", "on" if kind in ("checkbox", "radio") else "")
            self._form.inputs.append(
                Input(attrs.get("name", ""), kind, value, attrs.get("autocomplete", ""), "checked" in attrs)
            )
        elif self._form is not None and tag == "select":
            self._select = Input(attrs.get("name", ""), "select")
            self._form.inputs.append(self._select)
        elif tag == "option" and self._select is not None:
            if "selected" in attrs or not self._select.value:
                self._select.value = attrs.get("value", "")

    def handle_endtag(self, tag):
        if self._alert_depth:
            self._alert_depth -= 1
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data):
        if self._alert_depth:
            self.alerts[-1] += data


@dataclass
class Page:
    url: str
    status: int
    headers: object
    text: str

    def __post_init__(self):
        reader = _Reader()
        reader.feed(self.text)
        self.forms = reader.forms
        self.alerts = [" ".join(alert.split()) for alert in reader.alerts]
        self.refresh = self.headers.get("refresh") or reader.refresh


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Browser:
    """Follows redirects itself, so that the one back to the client can be caught."""

    def __init__(self, headers=None):
        self.cookies, self._headers = http.cookiejar.CookieJar(), headers or {}
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(self.cookies),
            _StayHere(),
        )

    def request(self, url, form=None):
        headers = {"accept": "text/html", "user-agent": "Mozilla/5.0 (smoke)", **self._headers}
        data = None
        if form is not None:
            data = urllib.parse.urlencode(form).encode()
            parts = urllib.parse.urlsplit(url)
            headers["origin"] = f"{parts.scheme}://{parts.netloc}"
            headers["sec-fetch-site"] = "same-origin"
        request = urllib.request.Request(url, data=data, headers=headers)
        try:
            answer = self._opener.open(request, timeout=90)
        except urllib.error.HTTPError as refusal:
            answer = refusal
        with answer:
            return Page(url, answer.status, answer.headers, answer.read().decode("utf-8", "replace"))


@dataclass
class Person:
    email: str
    password: str
    code: str | None = None


class SignInFailed(Exception):
    """The page said no; the message is its own sentence."""


def sign_in(url, redirect_uri, person, browser=None, told=lambda _: None):
    """Walks from the authorization URL to the redirect that belongs to the client; returns it."""
    browser = browser or Browser()
    page = browser.request(url)
    sent = set()
    for _ in range(MAX_PAGES):
        location = page.headers.get("location")
        if page.status in (301, 302, 303, 307, 308) and location:
            target = urllib.parse.urljoin(page.url, location)
            if target.startswith(redirect_uri):
                return target
            page = browser.request(target)
            continue
        if page.alerts and sent:
            raise SignInFailed(" / ".join(page.alerts))
        form, purpose = _form_to_fill(page, person)
        if form is None:
            if page.refresh:
                page = _wait_and_follow(browser, page)
                continue
            raise SignInFailed(f"HTTP {page.status}: a page without a form that could be filled")
        if purpose in sent:
            raise SignInFailed(f"asked twice for the {purpose}")
        sent.add(purpose)
        told(f"page with the {purpose}: filled and sent")
        page = browser.request(urllib.parse.urljoin(page.url, form.action), _fill(form, person))
    raise SignInFailed("the sign-in did not end")


def _form_to_fill(page, person):
    for form in page.forms:
        if form.code():
            if person.code is None:
                raise SignInFailed("a code was asked for and there is none")
            return form, "code"
        if form.email() or form.password():
            return form, "credentials"
    posts = [form for form in page.forms if form.method == "post"]
    return (posts[0], "confirmation") if len(posts) == 1 and not page.refresh else (None, None)


def _fill(form, person):
    values, pressed = [], False
    for entry in form.inputs:
        if not entry.name:
            continue
        if entry.kind in ("checkbox", "radio") and not entry.checked:
            continue
        if entry.kind in ("submit", "button", "image", "reset"):
            if entry.kind != "submit" or pressed:
                continue
            pressed = True
        value = entry.value
        if entry is form.email():
            value = person.email
        elif entry is form.password():
            value = person.password
        elif entry is form.code():
            value = person.code
        values.append((entry.name, value))
    return values


def _wait_and_follow(browser, page):
    seconds, _, rest = page.refresh.partition(";")
    time.sleep(min(float(seconds.strip() or 1), 5))
    _, _, target = rest.partition("=")
    return browser.request(urllib.parse.urljoin(page.url, target.strip(" '\"") or page.url))
