// oauth4webapi, unmodified, which checks the most: signatures of answers included. The same journey as openid_client.mjs.
import { createInterface } from "node:readline/promises";
import * as oauth from "oauth4webapi";

const given = JSON.parse(process.argv[2]);
const issuer = new URL(`${given.base}/${given.tenant}/v2.0`);
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer));
const client = { client_id: given.clientId };
const secret = oauth.ClientSecretPost(given.secret);
const verifier = oauth.generateRandomCodeVerifier();
const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
const asking = new URL(server.authorization_endpoint);
asking.search = new URLSearchParams({
  client_id: given.clientId,
  redirect_uri: given.redirectUri,
  response_type: "code",
  scope: "openid profile offline_access User.Read",
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
});
console.log(asking.href);
const browser = createInterface({ input: process.stdin });
const back = new URL((await browser[Symbol.asyncIterator]().next()).value);
const told = { pkce: server.code_challenge_methods_supported?.includes("S256") };
const parameters = oauth.validateAuthResponse(server, client, back, state);
const redeem = () =>
  oauth.authorizationCodeGrantRequest(server, client, secret, parameters, given.redirectUri, verifier);
const answer = await redeem();
const first = await oauth.processAuthorizationCodeResponse(server, client, answer, {
  expectedNonce: nonce,
  requireIdToken: true,
});
await oauth.validateApplicationLevelSignature(server, answer);
told.claims = oauth.getValidatedIdTokenClaims(first);
const info = await oauth.userInfoRequest(server, client, first.access_token);
told.userinfo = await oauth.processUserInfoResponse(server, client, told.claims.sub, info);
const renewed = await oauth.processRefreshTokenResponse(
  server,
  client,
  await oauth.refreshTokenGrantRequest(server, client, secret, first.refresh_token),
);
told.renewed = renewed.access_token !== first.access_token;
const graph = new URL(`${given.base}/v1.0/me`);
told.me = await (await oauth.protectedResourceRequest(renewed.access_token, "GET", graph)).json();
try {
  await oauth.processAuthorizationCodeResponse(server, client, await redeem());
} catch (error) {
  told.refused = { kind: error.constructor.name, error: error.error, description: error.error_description };
}
const leaving = new URL(server.end_session_endpoint);
leaving.search = new URLSearchParams({
  id_token_hint: renewed.id_token ?? first.id_token,
  post_logout_redirect_uri: given.redirectUri,
  state: "bye",
});
told.endSession = leaving.href;
console.log(JSON.stringify(told));
browser.close();
