"""One person, one app, one sign-in in a real browser: what the page scenarios have in common."""

from .oauth import Authorization, Mcp, discover, expect, register

APP = "A stranger's app"
HOSTED = "https://claude.ai/api/mcp/auth_callback"


class Trips:
    """A registered client of one gateway; each trip is a fresh authorization request."""

    def __init__(self, gateway, redirect_uri, registered=None):
        self._connector, self._redirect_uri = gateway.connector, redirect_uri
        resource, server = discover(gateway.connector)
        self._known = (resource, server, register(server, registered or redirect_uri, APP))

    def trip(self, **extra):
        return Authorization(self._known, self._redirect_uri, **extra)

    def works(self, trip, answer):
        """The code is good for a token and the token for a call; returns the token."""
        token = trip.redeem(answer)
        mcp = Mcp(self._connector, token["access_token"])
        mcp.initialize()
        name = mcp.tool("get_full_name")
        expect(not name.get("isError"), f"a tool error: {name}")
        return token


def hosted(world):
    """The gateway behind TLS and a client whose callback is a public address, as Claude's is."""
    world.house.hosted.drain()
    return Trips(world.house.public, HOSTED), world.house.hosted


def arrived(world, trips, trip, callback):
    """The browser came back to the app with what the app needs."""
    token = trips.works(trip, callback.wait())
    expect(callback.drained(), "the browser came back more than once")
    return token


def attempts(world, person):
    return world.house.garmin(f"/counters/{person.email}")["login_attempts"]

