// An app on the official TypeScript SDK: `node typescript_sdk.mjs v1|v2 CONNECTOR STATE [legacy|auto|modern]`.
//
// Prints the address a person has to open, then one `RESULT` line per round of calls; a line on
// standard input asks for another round. What it has to remember is in the file STATE, so that
// the next process goes on with the same registration and tokens, on another port.

import { createServer } from "node:http";
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [generation, connector, statePath, era = "legacy"] = process.argv.slice(2);

const sdk =
  generation === "v2"
    ? await import("@modelcontextprotocol/client")
    : {
        ...(await import("@modelcontextprotocol/sdk/client/index.js")),
        ...(await import("@modelcontextprotocol/sdk/client/streamableHttp.js")),
        ...(await import("@modelcontextprotocol/sdk/client/auth.js")),
      };

let state = {};
try {
  state = JSON.parse(readFileSync(statePath, "utf8"));
} catch {
  // The first process.
}
const remember = (key) => (value) => {
  state[key] = value;
  writeFileSync(statePath, JSON.stringify(state));
};

const callbacks = [];
const listener = createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  response.end("You can close this page.");
  if (url.pathname === "/callback") callbacks.shift()?.(url.searchParams);
});
await new Promise((ready) => listener.listen(0, "127.0.0.1", ready));
const redirectUrl = `http://localhost:${listener.address().port}/callback`;

let asked = 0;
let comeBack;
const provider = {
  redirectUrl,
  clientMetadata: {
    client_name: `TypeScript SDK ${generation}`,
    redirect_uris: [redirectUrl],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  },
  state: () => (state.lastState = crypto.randomUUID()),
  clientInformation: () => state.client,
  saveClientInformation: remember("client"),
  tokens: () => state.tokens,
  saveTokens: remember("tokens"),
  codeVerifier: () => state.verifier,
  saveCodeVerifier: remember("verifier"),
  discoveryState: () => state.discovery,
  saveDiscoveryState: remember("discovery"),
  redirectToAuthorization(url) {
    asked += 1;
    comeBack = new Promise((resolve) => callbacks.push(resolve));
    console.log(`OPEN ${url.href}`);
  },
};

const modes = { legacy: "legacy", auto: "auto", modern: { pin: "2026-07-28" } };

async function connect() {
  const options = generation === "v2" ? { versionNegotiation: { mode: modes[era] } } : {};
  const client = new sdk.Client({ name: "stranger", version: "1.0.0" }, options);
  const transport = new sdk.StreamableHTTPClientTransport(new URL(connector), { authProvider: provider });
  try {
    await client.connect(transport);
  } catch (error) {
    if (!comeBack) throw error;
    const answer = await comeBack;
    comeBack = undefined;
    if (answer.get("state") !== state.lastState) throw new Error("the state did not come back");
    await transport.finishAuth(generation === "v2" ? answer : answer.get("code"));
    return connect();
  }
  return client;
}

async function round(client) {
  const { tools } = await client.listTools();
  const name = await client.callTool({ name: "get_full_name", arguments: {} });
  const stats = await client.callTool({ name: "get_stats", arguments: { date: "yesterday" } });
  if (name.isError || stats.isError || !stats.structuredContent) throw new Error(JSON.stringify([name, stats]));
  const protocol = client.getNegotiatedProtocolVersion?.() ?? client.transport?.protocolVersion;
  console.log("RESULT " + JSON.stringify({ protocol, tools: tools.length, asked, ...name.structuredContent }));
}

const client = await connect();
await round(client);
for await (const _ of createInterface({ input: process.stdin })) await round(client);
await client.close();
listener.closeAllConnections();
listener.close();
