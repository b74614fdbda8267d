// MSAL for Node with the real service's address built in: instance discovery and everything else by default.
import { ConfidentialClientApplication } from "@azure/msal-node";

const [tenant, clientId, clientSecret] = process.argv.slice(2);
const app = new ConfidentialClientApplication({
  auth: { clientId, clientSecret, authority: `https://login.microsoftonline.com/${tenant}` },
});
const answer = await app.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] });
const page = await fetch("https://graph.microsoft.com/v1.0/users?$top=1", {
  headers: { Authorization: `Bearer ${answer.accessToken}` },
});
console.log(JSON.stringify({ token: answer.accessToken, page: await page.json() }));
