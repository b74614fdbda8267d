// openid-client, unmodified: a web app signs somebody in, renews, calls APIs, signs out, and is refused.
// Reads {base, tenant, clientId, secret, redirectUri} as JSON from the command line; prints the address to open, reads
// the address the browser came back to, and prints what happened as JSON.
import { createInterface } from "node:readline/promises";
import * as client from "openid-client";

const given = JSON.parse(process.argv[2]);
const config = await client.discovery(
  new URL(`${given.base}/${given.tenant}/v2.0`),
  given.clientId,
  given.secret,
);
const verifier = client.randomPKCECodeVerifier();
const checks = {
  pkceCodeVerifier: verifier,
  expectedState: client.randomState(),
  expectedNonce: client.randomNonce(),
  maxAge: 3600,
};
console.log(
  client.buildAuthorizationUrl(config, {
    redirect_uri: given.redirectUri,
    scope: "openid profile email offline_access User.Read",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    max_age: "3600",
  }).href,
);
const browser = createInterface({ input: process.stdin });
const back = new URL((await browser[Symbol.asyncIterator]().next()).value);
const told = { pkce: config.serverMetadata().supportsPKCE() };
const first = await client.authorizationCodeGrant(config, back, checks);
told.claims = first.claims();
told.userinfo = await client.fetchUserInfo(config, first.access_token, told.claims.sub);
const renewed = await client.refreshTokenGrant(config, first.refresh_token);
told.renewed = renewed.access_token !== first.access_token && renewed.claims().sub === told.claims.sub;
const graph = new URL(`${given.base}/v1.0/me`);
told.me = await (await client.fetchProtectedResource(config, renewed.access_token, graph, "GET")).json();
try {
  await client.authorizationCodeGrant(config, back, checks);
} catch (error) {
  told.refused = { kind: error.constructor.name, error: error.error, description: error.error_description };
}
told.endSession = client.buildEndSessionUrl(config, {
  id_token_hint: renewed.id_token,
  post_logout_redirect_uri: given.redirectUri,
  state: "bye",
}).href;
console.log(JSON.stringify(told));
browser.close();
