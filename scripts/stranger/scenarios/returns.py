"""People who go away and come back, and gateways that do. The clock of the gateway and of Garmin
moves, nobody waits."""

from ..chromium import CODE, EMAIL, PASSWORD
from ..trips import arrived, hosted
from . import expect, scenario


def away(world, profile, minutes):
    world.house.clock.pass_time(minutes=minutes)
    profile.forget_cookies(minutes)


def until_done(tab, person):
    """Whatever the page asks, and asks again, as a patient person answers it: four times."""
    for _ in range(4):
        tab.page.wait_for_load_state()
        if tab.page.url.startswith("https://claude.ai/"):
            return
        if tab.asks_for(CODE):
            tab.fill_code(person.code)
            tab.submit(CODE)
        elif tab.asks_for(PASSWORD):
            if not tab.page.locator(EMAIL).input_value():
                tab.page.locator(EMAIL).fill(person.email)
            tab.page.locator(PASSWORD).fill(person.password)
            tab.submit()
        else:
            break
    if not tab.page.url.startswith("https://claude.ai/"):
        raise AssertionError(f"a dead end: `{tab.heading}`: {tab.alert}")


def left(world, person, minutes, at_code, reload=False):
    trips, callback = hosted(world)
    trip = trips.trip()
    with world.chromium.profile() as profile:
        tab = profile.open(trip.url)
        if at_code:
            tab.fill(person)
            tab.submit()
            tab.wait_for(CODE)
        away(world, profile, minutes)
        if reload:
            tab.page.reload()
        until_done(tab, person)
        arrived(world, trips, trip, callback)


@scenario("the first page, left for 20 minutes")
def form_20(world):
    left(world, world.house.person(), 20, at_code=False)


@scenario("SEC-050 the first page, left for 45 minutes")
def sec050_form_45(world):
    left(world, world.house.person(), 45, at_code=False)


@scenario("SEC-050 the first page, left for 45 minutes and reloaded")
def sec050_form_45_reloaded(world):
    left(world, world.house.person(), 45, at_code=False, reload=True)


@scenario("the first page, left overnight")
def form_overnight(world):
    left(world, world.house.person(), 9 * 60, at_code=False)


@scenario("the code page, left for 8 minutes")
def code_8(world):
    left(world, world.house.with_code, 8, at_code=True)


@scenario("the code page, left for 20 minutes")
def code_20(world):
    left(world, world.house.with_code, 20, at_code=True)


@scenario("the code page, left for 45 minutes")
def code_45(world):
    left(world, world.house.with_code, 45, at_code=True)


@scenario("the code page, left for 45 minutes and reloaded")
def code_45_reloaded(world):
    left(world, world.house.with_code, 45, at_code=True, reload=True)


@scenario("SEC-031 an app that comes back after 100 days, with its old registration")
def sec031_hundred_days(world):
    trips, callback = hosted(world)
    for days in (0, 100):
        world.house.clock.pass_time(hours=24 * days)
        trip = trips.trip()
        with world.chromium.profile() as profile:
            profile.open(trip.url).sign_in(world.house.person())
            arrived(world, trips, trip, callback)


@scenario("SEC-052 the gateway is killed and started on each page, second factor")
def sec052_killed_on_each_page(world):
    trips, callback = hosted(world)
    trip, person = trips.trip(), world.house.with_code
    with world.chromium.profile() as profile:
        tab = profile.open(trip.url)
        world.house.crash_public()
        tab.fill(person)
        tab.submit()
        tab.wait_for(CODE)
        world.house.crash_public()
        tab.fill_code(person.code)
        tab.button(CODE).click()
        answer = callback.wait()
        # The code too outlives the process that issued it.
        world.house.crash_public()
        trips.works(trip, answer)
