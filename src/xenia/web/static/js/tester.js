// The tester's form: endpoints follow the tenant while it is typed, what is known is checked.
import './tester_fragment.js';
import { SECRETS } from './tester_library.js';

const form = document.getElementById('tester');
const fields = form.elements;
const ready = document.getElementById('readiness');
const scopes = JSON.parse(form.dataset.scopes);

function arrange() {
  const type = fields.importtype.value;
  for (const part of form.querySelectorAll('[data-for]')) part.hidden = part.dataset.for !== type;
  for (const part of form.querySelectorAll('[data-kinds]')) {
    part.hidden = !part.dataset.kinds.split(' ').includes(fields.requesttype.value);
  }
}

function endpoints() {
  if (fields.importtype.value !== 'AzureAD') return;
  const tenant = encodeURIComponent(fields.tenant.value.trim());
  for (const [name, end] of [['authorizationendpoint', 'authorize'], ['tokenendpoint', 'token'], ['devicecodeendpoint', 'devicecode']]) {
    fields[name].value = tenant ? `${form.dataset.base}/${tenant}/oauth2/v2.0/${end}` : '';
  }
}

let timer;
let running;
async function look() {
  running?.abort();
  running = new AbortController();
  const values = new URLSearchParams(new FormData(form));
  for (const name of ['form_token', 'requestaction', ...SECRETS]) values.delete(name);
  values.set('usepkce', String(fields.usepkce.checked));
  values.set('part', 'readiness');
  try {
    const answer = await fetch(`${location.pathname}?${values}`, { signal: running.signal, redirect: 'error' });
    if (!answer.ok) return;
    const parsed = new DOMParser().parseFromString(await answer.text(), 'text/html');
    ready.replaceChildren(...parsed.body.childNodes);
  } catch (problem) {
    if (problem.name !== 'AbortError') ready.dataset.stale = 'yes';
  }
}

form.addEventListener('input', (event) => {
  if (event.target === fields.clientid) fields.clientid.value = fields.clientid.value.replace(/[\s"'{}<>\u200b]/g, '');
  if (event.target === fields.requesttype) {
    const scope = scopes[fields.requesttype.value] ?? '';
    fields.scope.value = scope === 'openid' ? 'openid profile' : scope;
    if (fields.requesttype.value === 'AuthorizationCode') fields.responsetype.value = 'code';
  }
  if (event.target === fields.responsetype || event.target === fields.requesttype) {
    fields.usepkce.checked = fields.responsetype.value.split(' ').includes('code');
  }
  arrange();
  if ([fields.tenant, fields.importtype].includes(event.target)) endpoints();
  clearTimeout(timer);
  timer = setTimeout(look, 300);
});

arrange();
