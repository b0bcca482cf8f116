"""Client programs as people install them: sign-in in a real browser, calls, a second start that
asks nobody, and a refresh once the access token is over."""

import json
import sys
from pathlib import Path

from ..programs import Program
from . import expect, scenario

SCRIPTS = Path(__file__).resolve().parents[2]
HANDSHAKE, MODERN = "2025-11-25", "2026-07-28"


def renewals(world):
    return world.house.logs()["local"].count('"how":"rotated"')


def seated(world, program, person):
    """The person's part: open what the program printed, sign in, and be sent back to it."""
    with world.chromium.profile() as profile:
        tab = profile.open(program.authorization_url())
        tab.sign_in(person)
        tab.page.wait_for_url(lambda url: "/oauth/authorize" not in url)
        expect(not profile.violations, f"the browser blocked something: {profile.violations}")


def checked(result, asked, protocol):
    expect(result["asked"] == asked, f"the person was asked {result['asked']} times, not {asked}")
    expect(result["protocol"] == protocol, f"it speaks {result['protocol']}, not {protocol}")
    expect(result["tools"] > 5 and result["full_name"], f"a poor answer: {result}")


def app(world, name, argv, protocol, env=None, remembers=True):
    """A program that prints `RESULT` lines. One that remembers nothing connects anew by itself."""
    home, env = world.place(name), {**world.house.clock.env, **(env or {})}
    with Program(argv, home, env) as program:
        seated(world, program, world.house.person())
        checked(program.result(), 1, protocol)
        world.house.clock.pass_time(hours=25)
        before = renewals(world)
        program.send()
        checked(program.result(), 1, protocol)
        expect(renewals(world) == before + 1, "a day later: no refresh reached the gateway")
        program.end()
    if remembers:
        with Program(argv, home, env) as program:
            checked(program.result(), 0, protocol)
            program.end()


def script(world, name):
    """Node looks for packages beside the file, so the file goes where the packages are."""
    path = world.node.home / name
    path.write_text((SCRIPTS / "stranger" / "apps" / name).read_text())
    return path


def typescript(world, generation, era, protocol):
    name = f"typescript {generation} {era}"
    argv = [world.node.program("node"), script(world, "typescript_sdk.mjs"), generation,
            world.house.local.connector, world.place(name) / "state.json", era]
    app(world, name, argv, protocol)


@scenario("TypeScript SDK 1: sign-in, refresh, restart")
def typescript_1(world):
    typescript(world, "v1", "legacy", HANDSHAKE)


@scenario("TypeScript SDK 2, legacy era: sign-in, refresh, restart")
def typescript_2_legacy(world):
    typescript(world, "v2", "legacy", HANDSHAKE)


@scenario("TypeScript SDK 2, auto era: sign-in, refresh, restart")
def typescript_2_auto(world):
    typescript(world, "v2", "auto", MODERN)


@scenario("TypeScript SDK 2, modern era: sign-in, refresh, restart")
def typescript_2_modern(world):
    typescript(world, "v2", "modern", MODERN)


@scenario("SEC-007 SEC-028 SEC-047 a strict client (oauth4webapi): every answer to the letter")
def sec007_sec028_sec047_strict(world):
    argv = [world.node.program("node"), script(world, "strict.mjs"), world.house.local.connector]
    with Program(argv, world.place("strict")) as program:
        for method in ("none", "client_secret_post", "client_secret_basic"):
            seated(world, program, world.house.person())
            result = program.result()
            expect(result["method"] == method and result["refused"] == 401, f"after the end: {result}")
        program.end()


def python_sdk(world, mode, protocol):
    argv = [sys.executable, "-m", "stranger.apps.python_sdk", world.house.local.connector, mode]
    app(world, f"python {mode}", argv, protocol, {"PYTHONPATH": str(SCRIPTS)}, remembers=False)


@scenario("Python SDK, legacy era: sign-in, refresh, restart")
def python_legacy(world):
    python_sdk(world, "legacy", HANDSHAKE)


@scenario("Python SDK, auto era: sign-in, refresh, restart")
def python_auto(world):
    python_sdk(world, "auto", MODERN)


def rmcp(world, lifecycle, protocol):
    argv = [world.rmcp, world.house.local.connector, lifecycle]
    app(world, f"rmcp {lifecycle}", argv, protocol, remembers=False)


@scenario("rmcp client, initialize: sign-in, refresh and reconnect")
def rmcp_initialize(world):
    rmcp(world, "initialize", HANDSHAKE)


@scenario("rmcp client, auto: sign-in, refresh and reconnect")
def rmcp_auto(world):
    rmcp(world, "auto", MODERN)


@scenario("rmcp client, discover: sign-in, refresh and reconnect")
def rmcp_discover(world):
    rmcp(world, "discover", MODERN)


class Inspector:
    """The Inspector's command line: one process per question, secrets in a file."""

    def __init__(self, world, era):
        self.world, self.era, self.home = world, era, world.place(f"inspector {era}")

    def ask(self, *words, opens_browser=False):
        argv = [self.world.node.program("mcp-inspector"), "--cli", "--transport", "http", "--server-url",
                self.world.house.local.connector, "--protocol-era", self.era,
                "--callback-url", "http://127.0.0.1:0/oauth/callback", "--format", "json", *words]
        return Program(argv, self.home, {
            **self.world.house.clock.env, "PATH": self.world.node.env()["PATH"],
            "MCP_INSPECTOR_SECRET_STORE": "file", "MCP_INSPECTOR_SECRET_STORE_PASSPHRASE": "of a test",
            "MCP_AUTO_OPEN_ENABLED": "true" if opens_browser else "false"})

    def answer(self, program):
        text = program.end()
        lines = [line for line in text.splitlines() if line.startswith("{")]
        expect(lines, f"no JSON; {program.tail}")
        return json.loads(lines[-1])


def inspector(world, era):
    """`--strict` makes it end with 6 when a tool's schema would not work everywhere."""
    client = Inspector(world, era)
    with client.ask("--method", "tools/list", "--strict", opens_browser=True) as program:
        seated(world, program, world.house.person())
        expect(len(tools(client.answer(program))) > 5, "hardly any tools")
        portable = [line for line in program.lines if line.startswith(("Warning:", "Error:"))]
        expect(not portable, f"schemas that some clients cannot read: {portable[:3]}")
    # It calls only what it was listed.
    call = ("--method", "tools/call", "--tool-name", "get_stats")
    with client.ask(*call) as program:
        expect("avg_stress_level" in json.dumps(client.answer(program)), "no stress in the answer")
    world.house.clock.pass_time(hours=25)
    before = renewals(world)
    with client.ask(*call) as program:
        expect("avg_stress_level" in json.dumps(client.answer(program)), "no stress a day later")
    expect(renewals(world) == before + 1, "a day later: no refresh reached the gateway")


def tools(answer):
    return answer.get("tools") or answer.get("result", {}).get("tools", [])


@scenario("Inspector, legacy era: sign-in, restart, refresh")
def inspector_legacy(world):
    inspector(world, "legacy")


@scenario("Inspector, auto era: sign-in, restart, refresh")
def inspector_auto(world):
    inspector(world, "auto")


@scenario("Inspector, modern era: sign-in, restart, refresh, and a new sign-in by --relogin")
def inspector_modern(world):
    inspector(world, "modern")
    client = Inspector(world, "modern")
    with client.ask("--relogin", "--method", "tools/list", opens_browser=True) as program:
        seated(world, program, world.house.person())
        client.answer(program)


class Stdio:
    """An MCP client's side of standard input and output, in the handshake era."""

    def __init__(self, program):
        self.program, self._next = program, 0

    def call(self, method, params):
        self._next += 1
        self.send({"id": self._next, "method": method, "params": params})
        line = self.program.line(lambda line: line.startswith("{") and f'"id":{self._next}' in line and line,
                                 f"an answer to {method}")
        answer = json.loads(line)
        expect("result" in answer, f"{method}: {answer}")
        return answer["result"]

    def send(self, message):
        self.program.send(json.dumps({"jsonrpc": "2.0", **message}))

    def greet(self):
        return self.call("initialize", {"protocolVersion": HANDSHAKE, "capabilities": {},
                                        "clientInfo": {"name": "stranger", "version": "1"}})

    def work(self):
        self.send({"method": "notifications/initialized"})
        expect(len(self.call("tools/list", {})["tools"]) > 5, "hardly any tools")
        return self.name()

    def name(self):
        answer = self.call("tools/call", {"name": "get_full_name", "arguments": {}})
        expect(not answer.get("isError"), f"a tool error: {answer}")
        return answer["structuredContent"]["full_name"]


@scenario("mcp-remote: sign-in, refresh, restart with its cached registration")
def mcp_remote(world):
    argv = [world.node.program("mcp-remote"), world.house.local.connector]
    env = {**world.house.clock.env, "PATH": world.node.env()["PATH"]}
    home = world.place("mcp-remote")
    with Program(argv, home, env) as program:
        stdio = Stdio(program)
        seated(world, program, world.house.person())
        stdio.greet()
        name = stdio.work()
        world.house.clock.pass_time(hours=25)
        before = renewals(world)
        expect(stdio.name() == name, "another athlete a day later")
        expect(renewals(world) == before + 1, "a day later: no refresh reached the gateway")
    with Program(argv, home, env) as program:
        stdio = Stdio(program)
        stdio.greet()
        expect(stdio.work() == name, "another athlete after a restart")
        expect("response_type=code" not in "\n".join(program.lines), "the restart asked the person again")
