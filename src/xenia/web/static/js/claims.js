// Draws a decoded token: its checks, header and claims with their meanings. Looks like the kit's findings and claims.
import { el } from './element.js';
import { inWords } from './token_checks.js';

const WORDS = { ok: 'Good', info: 'Note', bad: 'Problem' };
const SIGNS = { ok: '✓', info: 'i', bad: '✗' };

function findings(items) {
  return el('ul', { class: 'findings' }, ...items.map((item) => el('li', { class: `finding finding-${item.kind}` },
    el('span', { class: 'icon', 'aria-hidden': 'true' }, SIGNS[item.kind]),
    el('div', {}, el('span', { class: 'visually-hidden' }, `${WORDS[item.kind]}: `), item.text, el('p', { class: 'help' }, item.detail)))));
}

function value(name, content, data) {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  const cell = el('td', { role: 'cell', 'data-label': 'Value', class: 'mono wrap' }, text);
  if (data.times.includes(name) && Math.abs(content) < 1e11) {
    const at = `${new Date(content * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC, ${inWords(content - data.now)}`;
    cell.append(' ', el('span', { class: 'claim-note' }, at));
  }
  return cell;
}

function table(caption, values, data) {
  const head = ['Claim', 'Value', 'Meaning'].map((label) => el('th', { role: 'columnheader', scope: 'col' }, label));
  const rows = Object.entries(values).map(([name, content]) => el('tr', { role: 'row' },
    el('th', { role: 'rowheader', scope: 'row', class: 'mono' }, name), value(name, content, data),
    el('td', { role: 'cell', 'data-label': 'Meaning' }, data.meanings[name] ?? '')));
  return el('div', { class: 'table-frame' }, el('table', { class: 'table claims', role: 'table' }, el('caption', {}, caption),
    el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ...head)), el('tbody', { role: 'rowgroup' }, ...rows)));
}

export function draw(label, token, checks, data) {
  return el('section', { class: 'stack' }, el('h2', {}, label),
    el('h3', {}, 'Checks'), findings(checks), table(`Header of the ${label}`, token.header, data), table(`Claims of the ${label}`, token.claims, data));
}
