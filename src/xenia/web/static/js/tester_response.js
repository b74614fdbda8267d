// The answer of a test: decodes its tokens and checks them in this browser.
import { draw } from './claims.js';
import { decode } from './jwt.js';
import { redeem } from './tester_redeem.js';
import { check } from './token_checks.js';

const data = JSON.parse(document.getElementById('tester-data').textContent);
const place = document.getElementById('tokens');
const json = async (url) => (await fetch(url, { headers: { Accept: 'application/json' } })).json();

async function issuer() {
  const { expected, keys } = data;
  if (!expected.metadata) return { issuer: expected.issuer, keys };
  const found = await json(expected.metadata);
  return { issuer: found.issuer, keys: (await json(found.jwks_uri)).keys };
}

async function show(one, from) {
  const token = decode(one.value);
  if (!token) return;
  // An access token is for its API to judge: only signature and time are looked at here.
  const { audience, nonce, code, accessToken } = data.expected;
  const wanted = one.name === 'id_token' ? { ...from, audience, nonce, ...(one.front ? { code, accessToken } : {}) } : { keys: from.keys };
  place.append(draw(one.label, token, await check(token, wanted, data.now), data));
}

// A code in the address bar would be redeemed again by a reload, and kept by the history.
if (location.search) history.replaceState(null, '', location.pathname);
const redeemed = data.redeem ? await redeem(data).catch(() => []) : [];
const from = await issuer().catch(() => ({}));
for (const one of [...data.tokens, ...redeemed]) await show(one, from);
place.dataset.ready = 'yes';
