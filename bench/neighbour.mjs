// npm oidc-provider, set up as like as its features allow: TLS, one RS256 key of 2048 bits, signed (JWT) access
// tokens, a confidential client with the same grants, its own development pages, its own memory as database.
// Usage: node neighbour.mjs CONFIG.json; prints a line once it listens.
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const config = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const issuer = `https://localhost:${config.port}`;
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const resource = 'https://api.example';

const provider = new Provider(issuer, {
  clients: [{
    client_id: config.client_id,
    client_secret: config.client_secret,
    grant_types: ['authorization_code', 'client_credentials'],
    redirect_uris: [config.redirect_uri],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_post',
  }],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }] },
  cookies: { keys: ['a key of the bench'] },
  claims: { openid: ['sub'], profile: ['name'] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (ctx) => (ctx.oidc.params?.grant_type === 'client_credentials' ? resource : undefined),
      getResourceServerInfo: () => ({
        scope: 'read', audience: resource, accessTokenTTL: 3600, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, name: id }) }),
});

https
  .createServer({ cert: readFileSync(config.certificate), key: readFileSync(config.key) }, provider.callback())
  .listen(config.port, '127.0.0.1', () => console.log('listening'));
