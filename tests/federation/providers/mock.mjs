// npm oauth2-mock-server, which can be told to lie: POST /lie with what is to differ from the truth, {} ends it.
// Usage: node mock.mjs CONFIG.json; prints a line once it listens.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { generateKeyPair, SignJWT } from 'jose';
import { OAuth2Issuer, OAuth2Service } from 'oauth2-mock-server';

const config = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const issuer = new OAuth2Issuer();
issuer.url = config.issuer;
await issuer.keys.generate('RS256', { kid: 'first' });
const stranger = await generateKeyPair('RS256');
const service = new OAuth2Service(issuer);
let lie = {};
let seen = { token: 0, keys: 0, document: 0, profile: 0 };
let held = [];

const kept = (claims) => Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null));

service.on('beforeTokenSigning', (token) => {
  token.payload = kept({ ...token.payload, ...config.claims, ...lie.claims });
});
service.on('beforeUserinfo', (answer) => {
  answer.body = { ...config.profile, ...lie.profile };
});
service.on('beforeResponse', (answer) => {
  if (lie.response) answer.body = { ...answer.body, ...lie.response };
  if (lie.status) answer.statusCode = lie.status;
});
service.on('beforeAuthorizeRedirect', (target) => {
  for (const [name, value] of Object.entries(lie.redirect ?? {})) {
    if (value === null) target.url.searchParams.delete(name);
    else target.url.searchParams.set(name, value);
  }
});

// Signed with something that is not in the key set, or with nothing: made from the token the server just issued.
async function forged(token) {
  const payload = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  if (lie.forge === 'none') {
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    return `${part({ alg: 'none', typ: 'JWT' })}.${part(payload)}.`;
  }
  if (lie.forge === 'public-key-as-secret') {
    const secret = new TextEncoder().encode(JSON.stringify(issuer.keys.toJSON()[0]));
    return new SignJWT(payload).setProtectedHeader({ alg: 'HS256', kid: 'first' }).sign(secret);
  }
  return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'first' }).sign(stranger.privateKey);
}


const read = async (request) => {
  let body = '';
  for await (const part of request) body += part;
  return body;
};

async function control(request, response) {
  const order = JSON.parse((await read(request)) || '{}');
  if (request.url === '/rotate') {
    await issuer.keys.generate('RS256', { kid: order.kid });
  } else if (request.url === '/release') {
    held.forEach((go) => go());
    held = [];
  } else if (request.url === '/lie') lie = order;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(seen));
}

const COUNTED = { '/token': 'token', '/jwks': 'keys', '/.well-known/openid-configuration': 'document', '/userinfo': 'profile' };

http.createServer(async (request, response) => {
  const path = request.url.split('?')[0];
  if (request.method === 'POST' && ['/lie', '/rotate', '/release', '/seen'].includes(path)) return control(request, response);
  if (path in COUNTED) seen = { ...seen, [COUNTED[path]]: seen[COUNTED[path]] + 1 };
  if (lie.hold === path) await new Promise((go) => { held.push(go); });
  if (lie.hang_up === path) return request.socket.destroy();
  if (lie.flood === path) {
    response.setHeader('content-type', 'application/json');
    return response.end(`{"x": "${'y'.repeat(3_000_000)}"}`);
  }
  if (lie.elsewhere?.[path]) {
    response.statusCode = 302;
    response.setHeader('location', lie.elsewhere[path]);
    return response.end();
  }
  if (path === '/.well-known/openid-configuration' && lie.document) {
    const end = response.end.bind(response);
    response.end = (body, ...rest) => {
      const altered = JSON.stringify({ ...JSON.parse(body.toString()), ...lie.document });
      response.setHeader('content-length', Buffer.byteLength(altered));
      return end(altered, ...rest);
    };
  }
  if (path === '/token' && lie.forge) {
    const end = response.end.bind(response);
    response.end = (body, ...rest) => {
      const answer = JSON.parse(body.toString());
      forged(answer.id_token).then((token) => {
        const altered = JSON.stringify({ ...answer, id_token: token });
        response.setHeader('content-length', Buffer.byteLength(altered));
        end(altered);
      });
      return response;
    };
  }
  return service.requestHandler(request, response);
}).listen(config.port, '127.0.0.1', () => console.log('listening'));
