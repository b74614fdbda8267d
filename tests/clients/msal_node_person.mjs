// MSAL for Node, unmodified: a person signs in by the authorization code flow, and tokens are renewed silently.
// Reads {base, tenant, clientId, redirectUri} as JSON from the command line; prints the address to open,
// reads what the browser came back with from standard input, and prints what happened as JSON.
import { createInterface } from "node:readline/promises";
import { CryptoProvider, PublicClientApplication } from "@azure/msal-node";

const given = JSON.parse(process.argv[2]);
const app = new PublicClientApplication({
  auth: {
    clientId: given.clientId,
    authority: `${given.base}/${given.tenant}`,
    knownAuthorities: [new URL(given.base).host],
  },
});
const proof = await new CryptoProvider().generatePkceCodes();
const request = { scopes: ["User.Read"], redirectUri: given.redirectUri };
console.log(await app.getAuthCodeUrl({ ...request, codeChallenge: proof.challenge, codeChallengeMethod: "S256" }));

const browser = createInterface({ input: process.stdin });
const lines = browser[Symbol.asyncIterator]();
const told = {};
const attempt = async (name, work) => {
  try {
    told[name] = await work();
  } catch (error) {
    told[name] = { kind: error.constructor.name, error: error.errorCode, suberror: error.subError };
  }
};
const code = (await lines.next()).value;
const first = await app.acquireTokenByCode({ ...request, code, codeVerifier: proof.verifier });
told.first = { accessToken: first.accessToken, account: first.account };
const silently = (scopes) => () =>
  app
    .acquireTokenSilent({ account: first.account, scopes, forceRefresh: true })
    .then(({ accessToken, fromCache }) => ({ accessToken, fromCache }));
await attempt("renewed", silently(["User.Read"]));
await attempt("both", () =>
  Promise.all([silently(["User.Read"])(), silently(["https://graph.microsoft.com/.default"])()]),
);
await attempt("refused", silently(["User.ReadWrite.All"]));
console.log(JSON.stringify(told));
browser.close();
