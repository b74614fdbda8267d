// Redeems the code of a single-page application as such an app does: by fetch, with PKCE and the browser's Origin.
import { el } from './element.js';

const place = document.getElementById('exchange');

function raw(label, text) {
  const pre = el('pre', { tabindex: '0', role: 'region', 'aria-label': label }, text);
  return el('details', { class: 'explain' }, el('summary', {}, label), el('figure', { class: 'code code-wrap' }, pre));
}

async function explain(answer, about) {
  const query = new URLSearchParams({ ...about, error: answer.error, description: answer.error_description ?? '' });
  const words = await (await fetch(`/tester/explain?${query}`)).text();
  const parsed = new DOMParser().parseFromString(words, 'text/html');
  const text = el('p', { class: 'wrap' }, answer.error_description ?? answer.error);
  const body = el('div', { class: 'notice-body' }, ...parsed.body.childNodes, text);
  place.prepend(el('div', { class: 'notice notice-bad' }, el('span', { 'aria-hidden': 'true' }, '✗'), body));
}

// The tokens that came, each with its label. A refusal is explained on the page.
export async function redeem(data) {
  const { endpoint, body } = data.redeem;
  const response = await fetch(endpoint, { method: 'POST', body: new URLSearchParams(body), credentials: 'omit' });
  const answer = await response.json();
  if (answer.error_description?.includes('AADSTS9002326')) {
    // Not registered as a single-page application: this server redeems it, without a browser's Origin.
    document.getElementById('redeem-here').submit();
    return [];
  }
  place.replaceChildren(raw(`Raw answer of the Token Endpoint (status ${response.status})`, JSON.stringify(answer, null, 2)));
  if (answer.error) await explain(answer, data.explain);
  if (answer.refresh_token) {
    const next = document.getElementById('refresh');
    next.querySelector('[name=refreshtoken]').value = answer.refresh_token;
    next.hidden = false;
  }
  const kinds = [['id_token', 'ID token'], ['access_token', 'Access token']].filter(([name]) => answer[name]);
  return kinds.map(([name, label]) => ({ name, label: `${label} from the Token Endpoint`, value: answer[name], front: false }));
}
