// npm oidc-provider with its own development pages: any user name and password is somebody there.
// Usage: node oidc-provider.mjs CONFIG.json; prints a line once it listens.
import { readFileSync } from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';
import http from 'node:http';
import Provider from 'oidc-provider';

const config = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

const person = (id) => ({
  sub: id,
  email: id,
  email_verified: !id.startsWith('unverified'),
  name: 'Pia Partner',
  given_name: 'Pia',
  family_name: 'Partner',
  address: { locality: 'Bremen', country: 'Germany' },
});

const provider = new Provider(config.issuer, {
  clients: [{
    client_id: config.client_id,
    ...(config.jwks ? { jwks: config.jwks } : { client_secret: config.client_secret }),
    redirect_uris: config.redirect_uris,
    response_types: ['code'],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: config.authentication ?? 'client_secret_basic',
  }],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'first' }] },
  cookies: { keys: ['a key of the tests'] },
  conformIdTokenClaims: true, // profile and email come from the userinfo endpoint, as the standard says
  claims: {
    openid: ['sub'],
    profile: ['name', 'given_name', 'family_name'],
    email: ['email', 'email_verified'],
    address: ['address'],
  },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  findAccount: (_, id) => ({ accountId: id, claims: () => person(id) }),
});

http.createServer(provider.callback()).listen(config.port, '127.0.0.1', () => console.log('listening'));
