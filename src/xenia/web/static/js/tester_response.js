// The answer of a test: decodes and checks its tokens here, and redeems the code of a single-page application as such an app does.
import { draw, el } from './claims.js';
import { decode } from './jwt.js';
import { check } from './token_checks.js';

const data = JSON.parse(document.getElementById('tester-data').textContent);
const place = document.getElementById('tokens');
const exchange = document.getElementById('exchange');
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

function raw(label, text) {
  const pre = el('pre', { tabindex: '0', role: 'region', 'aria-label': label }, text);
  return el('details', { class: 'explain' }, el('summary', {}, label), el('figure', { class: 'code' }, pre));
}

async function explain(answer) {
  const query = new URLSearchParams({ ...data.explain, error: answer.error, description: answer.error_description ?? '' });
  const words = await (await fetch(`/tester/explain?${query}`)).text();
  const parsed = new DOMParser().parseFromString(words, 'text/html');
  const body = el('div', { class: 'notice-body' }, ...parsed.body.childNodes, el('p', { class: 'wrap' }, answer.error_description ?? answer.error));
  exchange.replaceChildren(el('div', { class: 'notice notice-bad' }, el('span', { 'aria-hidden': 'true' }, '✗'), body));
}

async function redeem() {
  const { endpoint, body } = data.redeem;
  const response = await fetch(endpoint, { method: 'POST', body: new URLSearchParams(body), credentials: 'omit' });
  const answer = await response.json();
  // Not registered as a single-page application: this server redeems it, without a browser's Origin.
  if (answer.error_description?.includes('AADSTS9002326')) return document.getElementById('redeem-here').submit();
  exchange.replaceChildren(raw(`Raw answer of the Token Endpoint (status ${response.status})`, JSON.stringify(answer, null, 2)));
  if (answer.error) return explain(answer);
  for (const [name, label] of [['id_token', 'ID token'], ['access_token', 'Access token']]) {
    if (answer[name]) data.tokens.push({ name, label: `${label} from the Token Endpoint`, value: answer[name], front: false });
  }
}

async function main() {
  if (data.redeem) await redeem().catch(() => {});
  const from = await issuer().catch(() => ({}));
  for (const one of data.tokens) await show(one, from);
  place.dataset.ready = 'yes';
}
main();
