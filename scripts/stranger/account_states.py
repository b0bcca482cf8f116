"""The account page in every state a person meets it in."""

import time

from .oauth import connect, fetch

SURE = "input[name=sure]"


def account(stage, gallery):
    gateway, person = stage.open.connector.removesuffix("/mcp"), stage.simulator.people[2]
    page = f"{gateway}/account"
    visitor = gallery.visitor()
    gallery.take("account-entry", visitor.open(page), "Your account")
    tab = visitor.open(f"{page}/sign-in")
    gallery.take("account-sign-in", tab, "Sign in to your account page")
    tab.fill(person)
    tab.submit()
    gallery.take("account-not-here", tab, "not connected here")
    token = connect(stage.open.connector, person)["access_token"]
    for tool in ["get_sleep_summary", "get_stats", "get_stats", "server_info"]:
        call(stage.open.connector, token, tool)
    # Counters are written once a minute.
    wait_for_usage(page, visitor, person)
    tab = visitor.open(page)
    gallery.take("account", tab, "Connected apps")
    for details in tab.page.locator("details").all():
        details.locator("summary").click()
    gallery.take("account-opened", tab, "By day")
    gallery.take("account-erase", visitor.open(f"{page}/erase"), "What goes")
    german = visitor.open(f"{page}?lang=de")
    gallery.take("account-german", german, "Verbundene Apps")
    narrow = gallery.visitor()
    link = call(stage.open.connector, token, "get_account_link")["structuredContent"]["url"]
    tab = narrow.open(link)
    gallery.take("account-link", tab, "Open your connected apps?")
    tab.submit("input[name=token]")
    gallery.take("account-devices", tab, "You came by a link")
    gallery.take("account-link-over", narrow.open(link), "This link is over")
    tab = visitor.open(f"{page}/erase")
    tab.page.locator(SURE).check()
    tab.submit(SURE)
    gallery.take("account-erased", tab, "Everything is erased")


def call(connector, token, tool):
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": {}}}
    headers = {"accept": "application/json, text/event-stream", "authorization": f"Bearer {token}"}
    answer = fetch(connector, message, headers)
    assert answer.status == 200, f"{tool}: HTTP {answer.status} {answer.text}"
    return answer.json()["result"]


def wait_for_usage(page, visitor, person):
    """Signs in, and looks until what was called is on the page."""
    tab = visitor.open(f"{page}/sign-in")
    tab.fill(person)
    tab.submit()
    give_up = time.monotonic() + 90
    while tab.page.locator("svg[role=img]").count() == 0:
        assert time.monotonic() < give_up, "no usage within 90 s"
        time.sleep(2)
        tab.page.reload()
    tab.close()
