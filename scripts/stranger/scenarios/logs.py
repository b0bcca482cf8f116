"""After everything: what the gateways wrote about it."""

import json
import re

from . import expect, scenario

# Tokens, codes and secrets of ours begin with this; ids do not.
SECRET = re.compile(r"ggw_[a-z]{2}_[A-Za-z0-9_-]{8}")


@scenario("logs: no secret, nobody's name or address, no error")
def logs(world):
    simulator = world.house.simulator
    people = [*simulator.people, simulator.with_code]
    personal = {person.email for person in people} | {person.password for person in people}
    personal |= {world.house.garmin(f"/season/{person.email}")["full_name"] for person in people}
    personal |= {"runner.who.typed@mail.example", "demo.example"}
    for name, text in world.house.logs().items():
        expect(len(text.splitlines()) > 20, f"{name}: hardly any log")
        found = SECRET.search(text)
        expect(not found, f"{name}: a secret in the log: {found and found.group()[:12]}…")
        for word in personal:
            expect(word not in text, f"{name}: `{word}` in the log")
        for line in text.splitlines():
            entry = json.loads(line)
            # The nights of these scenarios are leaps of the gateway's clock, and it says so.
            stepped = entry.get("event") == "clock-stepped"
            expect(entry["level"] != "error" or stepped, f"{name}: {line}")
            status = entry.get("status")
            expect(not isinstance(status, int) or status < 500, f"{name}: {line}")
