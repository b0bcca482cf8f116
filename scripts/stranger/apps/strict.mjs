// The strictest OAuth client library there is, as an app: `node strict.mjs CONNECTOR`.
//
// oauth4webapi refuses what others forgive: an issuer that differs by a byte, a registration
// without its times, numbers in quotes, parameters that come twice, an unexpected `iss`.

import { createServer } from "node:http";
import * as oauth from "oauth4webapi";

const connector = new URL(process.argv[2]);
// Loopback has no TLS; the library must be told that this is meant.
const plain = { [oauth.allowInsecureRequests]: true };

const listener = createServer();
await new Promise((ready) => listener.listen(0, "127.0.0.1", ready));
const redirectUri = `http://127.0.0.1:${listener.address().port}/callback`;

const resource = await oauth.processResourceDiscoveryResponse(
  connector,
  await oauth.resourceDiscoveryRequest(connector, plain),
);
const issuer = new URL(resource.authorization_servers[0]);
const server = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, { ...plain, algorithm: "oauth2" }),
);
if (!server.authorization_response_iss_parameter_supported) throw new Error("iss is not announced");

let asked = 0;
for (const method of ["none", "client_secret_post", "client_secret_basic"]) {
  const client = await oauth.processDynamicClientRegistrationResponse(
    await oauth.dynamicClientRegistrationRequest(
      server,
      {
        client_name: `Strict ${method}`,
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: method,
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
      },
      plain,
    ),
  );
  const authentication = {
    none: () => oauth.None(),
    client_secret_post: () => oauth.ClientSecretPost(client.client_secret),
    client_secret_basic: () => oauth.ClientSecretBasic(client.client_secret),
  }[method]();

  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(server.authorization_endpoint);
  for (const [name, value] of Object.entries({
    client_id: client.client_id,
    redirect_uri: redirectUri,
    response_type: "code",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    scope: resource.scopes_supported.join(" "),
    resource: resource.resource,
  })) {
    url.searchParams.set(name, value);
  }
  asked += 1;
  const visit = new Promise((resolve) => {
    listener.removeAllListeners("request");
    listener.on("request", (request, response) => {
      response.end("You can close this page.");
      const back = new URL(request.url, redirectUri);
      if (back.pathname === "/callback") resolve(back);
    });
  });
  console.log(`OPEN ${url.href}`);
  const answer = oauth.validateAuthResponse(server, client, await visit, state);
  const token = await oauth.processAuthorizationCodeResponse(
    server,
    client,
    await oauth.authorizationCodeGrantRequest(
      server, client, authentication, answer, redirectUri, verifier,
      { ...plain, additionalParameters: { resource: resource.resource } },
    ),
  );
  const renewed = await oauth.processRefreshTokenResponse(
    server,
    client,
    await oauth.refreshTokenGrantRequest(server, client, authentication, token.refresh_token, plain),
  );
  const ping = () =>
    oauth.protectedResourceRequest(
      renewed.access_token, "POST", connector,
      new Headers({ "content-type": "application/json", accept: "application/json, text/event-stream" }),
      JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }), plain,
    );
  const listed = await ping();
  if (listed.status !== 200) throw new Error(`tools/list: HTTP ${listed.status}`);
  await listed.arrayBuffer();
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(server, client, authentication, renewed.refresh_token, plain),
  );
  const refused = await ping().then(
    (response) => response.status,
    (error) => {
      // The library reads the challenge of a 401 and throws it.
      if (!(error instanceof oauth.WWWAuthenticateChallengeError)) throw error;
      const [challenge] = error.cause;
      if (challenge.parameters.error !== "invalid_token") throw error;
      return error.response.status;
    },
  );
  console.log(`RESULT ${JSON.stringify({ method, asked, refused, scope: renewed.scope })}`);
}
listener.closeAllConnections();
listener.close();
