// Requests kept in this browser by name. Secrets, passwords and tokens stay out of it.
import { el } from './element.js';

export const SECRETS = ['clientsecret', 'password', 'refreshtoken', 'assertion', 'devicecode'];
const KEY = 'xenia-tester-requests';
const form = document.getElementById('tester');
const library = document.getElementById('library');
const list = library.querySelector('ul');
const field = library.querySelector('input');
const status = library.querySelector('[role=status]');

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return kept && typeof kept === 'object' && !Array.isArray(kept) ? kept : {};
  } catch {
    return {};
  }
}

function write(kept, said) {
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
    status.textContent = said;
  } catch {
    status.textContent = 'This browser keeps nothing for this page. Use Generate Link instead.';
  }
  draw();
}

function query() {
  const values = new URLSearchParams(new FormData(form));
  for (const name of ['form_token', 'requestaction', ...SECRETS]) values.delete(name);
  values.set('usepkce', String(form.elements.usepkce.checked));
  return values.toString();
}

function draw() {
  const names = Object.keys(read()).sort();
  list.replaceChildren(...names.map((name) => {
    const open = el('a', { href: `/tester/?${new URLSearchParams(read()[name])}` }, name);
    const drop = el('button', { type: 'button', class: 'button button-quiet', 'aria-label': `Delete ${name}` }, 'Delete');
    drop.addEventListener('click', () => {
      const { [name]: _, ...rest } = read();
      write(rest, `${name} was deleted.`);
      field.focus();
    });
    return el('li', { class: 'row' }, open, drop);
  }));
}

library.querySelector('form').addEventListener('submit', (event) => {
  event.preventDefault();
  const name = field.value.trim();
  if (!name) return;
  write({ ...read(), [name]: query() }, `${name} is kept in this browser.`);
  field.value = '';
});
library.hidden = false;
draw();
