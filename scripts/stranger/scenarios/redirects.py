"""T29, SEC-062, SEC-063: the way back to the app, whatever its address, under our policy."""

from ..chromium import PASSWORD
from ..house import Callback
from ..trips import HOSTED, Trips, arrived, hosted
from . import expect, scenario


def to_loopback(world, host, registered):
    callback = Callback(host="::1" if host == "[::1]" else "127.0.0.1")
    try:
        trips = Trips(world.house.public, callback.uri(host), registered)
        trip = trips.trip()
        with world.chromium.profile() as profile:
            profile.open(trip.url).sign_in(world.house.person())
            arrived(world, trips, trip, callback)
            expect(not profile.violations, f"blocked: {profile.violations}")
    finally:
        callback.close()


@scenario("T5 T29 SEC-063 from https to localhost, another port than registered")
def t5_t29_sec063_to_localhost(world):
    to_loopback(world, "localhost", "http://localhost/callback")


@scenario("T5 T29 SEC-063 from https to 127.0.0.1, another port than registered")
def t5_t29_sec063_to_ipv4(world):
    to_loopback(world, "127.0.0.1", "http://127.0.0.1:33418/callback")


@scenario("T29 SEC-063 from https to [::1]")
def t29_sec063_to_ipv6(world):
    to_loopback(world, "[::1]", "http://[::1]/callback")


@scenario("deny, back to localhost")
def deny_to_localhost(world):
    callback = Callback()
    try:
        trip = Trips(world.house.public, callback.uri("localhost")).trip()
        with world.chromium.profile() as profile:
            profile.open(trip.url).cancel().click()
            expect(callback.wait().get("error") == "access_denied", "not denied")
    finally:
        callback.close()


def to_app(world, uri, decide):
    """Chromium hands the address to the desktop, which would start the app."""
    trips = Trips(world.house.public, uri)
    trip = trips.trip()
    scheme = uri.partition(":")[0]
    with world.chromium.profile_with_apps(scheme, world.house.PUBLIC) as profile:
        tab = profile.open(trip.url)
        decide(tab)
        answer = profile.wait_opened(uri)
        expect(not profile.violations, f"blocked: {profile.violations}")
        return trips, trip, answer


@scenario("T29 SEC-063 to an app's own scheme: Cursor")
def t29_sec063_to_cursor(world):
    uri = "cursor://anysphere.cursor-mcp/oauth/callback"
    trips, trip, answer = to_app(world, uri, lambda tab: tab.sign_in(world.house.person()))
    trips.works(trip, answer)


@scenario("T29 SEC-063 to an app's own scheme, with a second factor: VS Code")
def t29_sec063_to_vscode(world):
    uri = "vscode://vscode.github-authentication/did-authenticate"
    trips, trip, answer = to_app(world, uri, lambda tab: tab.sign_in(world.house.with_code))
    trips.works(trip, answer)


@scenario("deny, to an app's own scheme")
def deny_to_app(world):
    _, trip, answer = to_app(world, "cursor://anysphere.cursor-mcp/oauth/callback",
                             lambda tab: tab.cancel().click())
    expect(answer.get("error") == "access_denied", f"it came back with {answer}")
    trip.expect_back(answer)


@scenario("T29 SEC-063 a hosted callback that answers 307 to its app, as Claude's does")
def t29_sec063_on_to_an_app(world):
    trips, callback = hosted(world)
    trip, app = trips.trip(), "claude://claude.ai/settings/connectors"
    origins = (world.house.PUBLIC, "https://claude.ai")
    with callback.redirecting(307, app + "?connected=1"):
        with world.chromium.profile_with_apps("claude", *origins) as profile:
            profile.open(trip.url).sign_in(world.house.person())
            arrived(world, trips, trip, callback)
            expect(profile.wait_opened(app) == {"connected": "1"}, "the app was opened with something else")
            expect(not profile.violations, f"blocked: {profile.violations}")


@scenario("T29 SEC-063 a loopback callback that answers 302 to a page on the web")
def t29_sec063_from_loopback_to_the_web(world):
    _, page = hosted(world)
    callback = Callback()
    try:
        trips = Trips(world.house.public, callback.uri())
        trip = trips.trip()
        with callback.redirecting(302, HOSTED + "?connected=1"), world.chromium.profile() as profile:
            profile.open(trip.url).sign_in(world.house.person())
            arrived(world, trips, trip, callback)
            expect(page.wait() == {"connected": "1"}, "another page was shown")
            expect(not profile.violations, f"blocked: {profile.violations}")
    finally:
        callback.close()


@scenario("control: a policy that names no way back does block")
def blocked(world):
    """Without this the scenarios above could pass in a browser that checks nothing."""
    hosted(world)
    trips, callback = Trips(world.house.local, HOSTED), world.house.hosted

    def narrow(route):
        answer = route.fetch()
        policy = answer.headers["content-security-policy"]
        policy = policy[:policy.index("form-action")] + "form-action 'self'"
        route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": policy})

    with world.chromium.profile() as profile:
        profile.context.route("**/oauth/authorize?*", narrow)
        tab = profile.open(trips.trip().url)
        profile.context.unroute("**/oauth/authorize?*")
        tab.fill(world.house.person())
        with tab.page.expect_event("console", lambda message: message.text.startswith(profile.BLOCKED)):
            tab.button(PASSWORD).click()
        expect(callback.drained(), "the browser got through all the same")
