// MSAL for Node, unmodified: a device is signed in elsewhere, or an API acts on behalf of its caller.
// Reads {base, tenant, clientId, secret?, assertion?} as JSON from the command line. For a device, prints the codes first.
// Prints what happened as JSON.
import { ConfidentialClientApplication, PublicClientApplication } from "@azure/msal-node";

const given = JSON.parse(process.argv[2]);
const auth = {
  clientId: given.clientId,
  authority: `${given.base}/${given.tenant}`,
  knownAuthorities: [new URL(given.base).host],
};
const scopes = ["User.Read"];
const work = given.assertion
  ? new ConfidentialClientApplication({ auth: { ...auth, clientSecret: given.secret } }).acquireTokenOnBehalfOf({
      oboAssertion: given.assertion,
      scopes,
    })
  : new PublicClientApplication({ auth }).acquireTokenByDeviceCode({
      scopes,
      deviceCodeCallback: (codes) => console.log(JSON.stringify(codes)),
    });
try {
  const { accessToken, account } = await work;
  console.log(JSON.stringify({ accessToken, account }));
} catch (error) {
  console.log(JSON.stringify({ kind: error.constructor.name, error: error.errorCode, message: error.errorMessage }));
}
