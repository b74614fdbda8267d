// An authenticator app in the page. Keys never leave the browser, and are kept for the tab only when asked.
import { STEP, codeOf, read } from './totp.js';

const STORE = 'xenia-authenticator';
const form = document.getElementById('authenticator');
const place = document.getElementById('accounts');
const accounts = JSON.parse(sessionStorage.getItem(STORE) ?? '[]');

function keep() {
  const kept = accounts.filter((one) => one.kept);
  if (kept.length) sessionStorage.setItem(STORE, JSON.stringify(kept)); else sessionStorage.removeItem(STORE);
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function add(account) {
  const id = `code-${place.childElementCount}-${Math.trunc(performance.now())}`;
  const card = element('section', '', { class: 'card' });
  const code = element('strong', '', { class: 'secret mono', id });
  const left = element('p', '', { class: 'help' });
  const remove = element('button', 'Remove', { class: 'button button-quiet', type: 'button', 'aria-label': `Remove ${account.label}` });
  const copy = element('button', 'Copy', { class: 'button button-quiet copy', type: 'button', 'data-copy': id, 'aria-label': `Copy code of ${account.label}` });
  const row = element('p', '', { class: 'row' });
  row.append(code, copy, remove);
  card.append(element('h2', account.label, { class: 'card-title' }), row, left);
  place.append(card);
  let shown = -1;
  async function tick() {
    const now = Date.now() / 1000;
    const step = Math.floor(now / STEP);
    left.textContent = `${STEP - Math.floor(now % STEP)} seconds left`;
    if (step !== shown) { shown = step; code.textContent = await codeOf(account.key, step); }
  }
  const timer = setInterval(tick, 500);
  tick();
  remove.addEventListener('click', () => { clearInterval(timer); card.remove(); accounts.splice(accounts.indexOf(account), 1); keep(); form.elements.key.focus(); });
  document.dispatchEvent(new CustomEvent('xenia:updated', { detail: card }));
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const given = read(form.elements.key.value);
  document.getElementById('key-problem').textContent = given ? '' : 'This is no key. Copy the letters and digits (A to Z, 2 to 7) shown below the QR picture.';
  form.elements.key.toggleAttribute('aria-invalid', !given);
  if (!given) return;
  const account = { key: given.key, label: form.elements.label.value.trim() || given.label || `Account ${accounts.length + 1}`, kept: form.elements.keep.checked };
  accounts.push(account);
  keep();
  add(account);
  form.reset();
});
accounts.forEach(add);
