// Decodes a pasted token, or the one in the address after #token=, without sending it anywhere.
import { draw } from './claims.js';
import { decode } from './jwt.js';
import { check } from './token_checks.js';

const data = JSON.parse(document.getElementById('tester-data').textContent);
const form = document.getElementById('decode');
const field = form.elements.token;

async function show() {
  const token = decode(field.value);
  const problem = document.getElementById('decode-problem');
  problem.textContent = token ? '' : 'This is no JSON Web Token: it has not three readable parts.';
  field.toggleAttribute('aria-invalid', !token);
  document.getElementById('tokens').replaceChildren(...(token ? [draw('Token', token, await check(token, {}, data.now), data)] : []));
}

form.addEventListener('submit', (event) => { event.preventDefault(); show(); });
const given = new URLSearchParams(location.hash.slice(1)).get('token');
if (given) {
  field.value = given;
  // The address bar and the history are no places for tokens.
  history.replaceState(null, '', location.pathname);
  show();
}
