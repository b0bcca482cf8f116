"""A person and the pages, in a real browser, over TLS and to a public callback."""

from ..chromium import CODE, EMAIL, PASSWORD
from ..trips import arrived, attempts, hosted
from . import expect, scenario

AWAY = "https://claude.ai/**"


@scenario("T29 SEC-063 sign-in, to an https callback")
def t29_sec063_to_https(world):
    trips, callback = hosted(world)
    trip = trips.trip()
    with world.chromium.profile() as profile:
        tab = profile.open(trip.url)
        expect("stranger" in tab.page.inner_text("main"), "the page does not name the app")
        expect("claude.ai" in tab.page.inner_text("main"), "the page does not name where it leads")
        tab.sign_in(world.house.person())
        arrived(world, trips, trip, callback)
        expect(not profile.violations, f"blocked: {profile.violations}")


@scenario("sign-in with a second factor")
def second_factor(world):
    trips, callback = hosted(world)
    trip = trips.trip()
    with world.chromium.profile() as profile:
        profile.open(trip.url).sign_in(world.house.with_code)
        arrived(world, trips, trip, callback)


@scenario("sign-in with a second factor, JavaScript off")
def without_javascript(world):
    trips, callback = hosted(world)
    trip = trips.trip()
    with world.chromium.profile(java_script_enabled=False) as profile:
        profile.open(trip.url).sign_in(world.house.with_code)
        arrived(world, trips, trip, callback)


@scenario("sign-in with the keyboard alone")
def keyboard(world):
    trips, callback = hosted(world)
    trip, person = trips.trip(), world.house.person()
    with world.chromium.profile() as profile:
        tab = profile.open(trip.url)
        tab.page.locator(EMAIL).focus()
        tab.page.keyboard.type(person.email)
        tab.page.keyboard.press("Tab")
        expect(tab.page.locator(f"{PASSWORD}:focus").count() == 1, "Tab does not lead to the password")
        tab.page.keyboard.type(person.password)
        tab.page.keyboard.press("Enter")
        arrived(world, trips, trip, callback)


@scenario("SEC-060 wrong password, then the right one")
def sec060_wrong_password(world):
    trips, callback = hosted(world)
    trip, person = trips.trip(), world.house.person()
    with world.chromium.profile() as profile:
        tab = profile.open(trip.url)
        tab.page.locator(EMAIL).fill(person.email)
        tab.page.locator(PASSWORD).fill("not the password")
        tab.submit()
        expect(tab.alert, "nothing says what was wrong")
        expect("not the password" not in tab.page.content(), "the password is in the page")
        expect(tab.page.locator(EMAIL).input_value() == person.email, "the e-mail has to be typed again")
        tab.page.locator(PASSWORD).fill(person.password)
        tab.button(PASSWORD).click()
        arrived(world, trips, trip, callback)


@scenario("wrong code, then the right one")
def wrong_code(world):
    trips, callback = hosted(world)
    trip, person = trips.trip(), world.house.with_code
    with world.chromium.profile() as profile:
        tab = profile.open(trip.url)
        tab.fill(person)
        tab.submit()
        tab.fill_code("000000")
        tab.submit(CODE)
        expect(tab.alert, "nothing says what was wrong")
        tab.fill_code(person.code)
        tab.button(CODE).click()
        arrived(world, trips, trip, callback)


@scenario("T38 SEC-046 deny, on the first page")
def t38_sec046_deny(world):
    trips, callback = hosted(world)
    trip = trips.trip()
    with world.chromium.profile() as profile:
        profile.open(trip.url).cancel().click()
        denied(trip, callback)


@scenario("T38 SEC-046 deny, when asked for the code")
def t38_sec046_deny_late(world):
    trips, callback = hosted(world)
    trip = trips.trip()
    with world.chromium.profile() as profile:
        tab = profile.open(trip.url)
        tab.fill(world.house.with_code)
        tab.submit()
        tab.wait_for(CODE)
        tab.cancel().click()
        denied(trip, callback)


def denied(trip, callback):
    answer = callback.wait()
    expect(answer.get("error") == "access_denied", f"it came back with {answer}")
    expect("code" not in answer, "denied, with a code")
    trip.expect_back(answer)


@scenario("reload of the first page and of the code page")
def reload(world):
    trips, callback = hosted(world)
    trip, person = trips.trip(), world.house.with_code
    with world.chromium.profile() as profile:
        tab = profile.open(trip.url)
        tab.page.reload()
        tab.fill(person)
        tab.submit()
        tab.wait_for(CODE)
        before = attempts(world, person)
        for _ in range(2):
            tab.page.reload()
        expect(tab.asks_for(CODE) and not tab.alert, "the code page is gone after a reload")
        expect(attempts(world, person) == before, "a reload sent the password again")
        tab.fill_code(person.code)
        tab.button(CODE).click()
        arrived(world, trips, trip, callback)


@scenario("reload while Garmin takes its time, JavaScript off")
def slow_garmin(world):
    trips, callback = hosted(world)
    trip, person = trips.trip(), world.house.person()
    slow = {"when": {"path_prefix": "/"}, "effect": {"delay": {"millis": 3000}}, "firing": {"times": 2}}
    with world.chromium.profile(java_script_enabled=False) as profile:
        tab = profile.open(trip.url)
        tab.fill(person)
        world.house.garmin("/faults", slow)
        try:
            tab.submit()
            expect(not tab.asks_for(PASSWORD), f"no page that waits, but `{tab.heading}`")
            tab.page.reload()
            arrived(world, trips, trip, callback)
        finally:
            world.house.garmin("/faults", method="DELETE")
        expect(attempts(world, person) == 1, "the password was sent more than once")


@scenario("back after success, and once more to the app")
def back_after_success(world):
    trips, callback = hosted(world)
    trip, person = trips.trip(), world.house.person()
    with world.chromium.profile() as profile:
        tab = profile.open(trip.url)
        tab.sign_in(person)
        tab.page.wait_for_url(AWAY)
        arrived(world, trips, trip, callback)
        tab.page.go_back()
        back_leads_on(tab, trips, trip, callback, person)


@scenario("T37 back after success with a second factor")
def t37_back_after_code(world):
    trips, callback = hosted(world)
    trip, person = trips.trip(), world.house.with_code
    with world.chromium.profile() as profile:
        tab = profile.open(trip.url)
        tab.sign_in(person)
        tab.page.wait_for_url(AWAY)
        first = callback.wait()
        tab.page.go_back()
        # T37: the way on from a finished sign-in is the same redirect, never another code.
        if tab.page.url.startswith("https://claude.ai/"):
            expect(callback.wait() == first, "going back made another code")
        else:
            expect(tab.heading, "an empty page")
        trips.works(trip, first)


def back_leads_on(tab, trips, trip, callback, person):
    """The form anew, which works; or the app again, with nothing new."""
    if tab.page.url.startswith("https://claude.ai/"):
        callback.wait()
        return
    expect(tab.asks_for(PASSWORD), f"a dead end: `{tab.heading}`")
    expect(tab.page.locator(PASSWORD).input_value() == "", "the password is still in the form")
    tab.sign_in(person)
    trips.works(trip, callback.wait())


@scenario("back from the code page to the first one, and on from there")
def back_from_code(world):
    trips, callback = hosted(world)
    trip, person = trips.trip(), world.house.with_code
    with world.chromium.profile() as profile:
        tab = profile.open(trip.url)
        tab.fill(person)
        tab.submit()
        tab.wait_for(CODE)
        tab.page.go_back()
        expect(tab.asks_for(PASSWORD), f"no form after going back, but `{tab.heading}`")
        tab.sign_in(person)
        arrived(world, trips, trip, callback)


@scenario("SEC-051 double click on every button")
def sec051_double_click(world):
    trips, callback = hosted(world)
    trip, person = trips.trip(), world.house.with_code
    with world.chromium.profile() as profile:
        before = attempts(world, person)
        tab = profile.open(trip.url)
        tab.fill(person)
        tab.button(PASSWORD).dblclick()
        tab.wait_for(CODE)
        expect(attempts(world, person) == before + 1, "Garmin got the password twice")
        tab.fill_code(person.code)
        tab.button(CODE).dblclick()
        arrived(world, trips, trip, callback)


@scenario("two tabs with a sign-in each")
def two_tabs(world):
    trips, callback = hosted(world)
    first, second = trips.trip(), trips.trip()
    with world.chromium.profile() as profile:
        left, right = profile.open(first.url), profile.open(second.url)
        left.sign_in(world.house.person())
        arrived(world, trips, first, callback)
        right.sign_in(world.house.with_code)
        arrived(world, trips, second, callback)


@scenario("T37 two tabs with the same sign-in")
def t37_same_sign_in_twice(world):
    trips, callback = hosted(world)
    trip, person = trips.trip(), world.house.with_code
    with world.chromium.profile() as profile:
        left = profile.open(trip.url)
        left.fill(person)
        left.submit()
        left.wait_for(CODE)
        right = profile.open(left.page.url)
        for tab in (left, right):
            tab.fill_code(person.code)
        left.button(CODE).click()
        first = callback.wait()
        right.button(CODE).click()
        expect(callback.wait() == first, "one sign-in made two codes")
        trips.works(trip, first)


@scenario("another browser cannot take a sign-in over")
def another_browser(world):
    trips, callback = hosted(world)
    trip, person = trips.trip(), world.house.with_code
    with world.chromium.profile() as mine, world.chromium.profile() as theirs:
        tab = mine.open(trip.url)
        tab.fill(person)
        tab.submit()
        tab.wait_for(CODE)
        stolen = theirs.open(tab.page.url)
        expect(not stolen.asks_for(CODE) and stolen.alert, "another browser sees the code page")
        tab.fill_code(person.code)
        tab.button(CODE).click()
        arrived(world, trips, trip, callback)


@scenario("SEC-032 an e-mail address typed as the client id")
def sec032_email_as_client_id(world):
    trips, _ = hosted(world)
    typed = "runner.who.typed@mail.example"
    with world.chromium.profile() as profile:
        tab = profile.open(trips.trip(client_id=typed).url)
        expect(tab.alert and not tab.asks_for(PASSWORD), "no page that explains it")
        expect(typed not in tab.page.content(), "the page shows what was typed")


@scenario("a connection that may only read")
def read_only(world):
    trips, callback = hosted(world)
    trip = trips.trip()
    with world.chromium.profile() as profile:
        tab = profile.open(trip.url)
        tab.choose_read_only()
        tab.sign_in(world.house.person())
        token = arrived(world, trips, trip, callback)
        expect("garmin:write" not in token["scope"].split(), f"granted: {token['scope']}")
