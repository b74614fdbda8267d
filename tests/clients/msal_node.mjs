// MSAL for Node, unmodified: a token for the app itself.
// Reads {base, tenant, clientId, secret} as JSON from the command line; prints the answer or the error as JSON.
import { ConfidentialClientApplication } from "@azure/msal-node";

const given = JSON.parse(process.argv[2]);
const app = new ConfidentialClientApplication({
  auth: {
    clientId: given.clientId,
    clientSecret: given.secret,
    authority: `${given.base}/${given.tenant}`,
    knownAuthorities: [new URL(given.base).host],
  },
});
const told = {};
try {
  const answer = await app.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] });
  told.accessToken = answer.accessToken;
} catch (error) {
  told.error = error.errorCode ?? String(error);
  told.message = error.errorMessage ?? "";
}
console.log(JSON.stringify(told));
