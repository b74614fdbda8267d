// Presses a preview button while the person types. The button sends the form to a frame (formtarget, data-preview="frame") or its answer
// goes into a region of this page (data-preview="#id"). Without scripts the button is pressed by hand.
const PAUSE = 500;

function toFrame(button) {
  const old = document.querySelector(`iframe[name="${CSS.escape(button.formTarget)}"]`);
  if (!old) return;
  // A fresh frame replaces its empty first page: the Back button does not walk through every preview.
  const fresh = old.cloneNode();
  fresh.removeAttribute('src');
  old.replaceWith(fresh);
  button.form.requestSubmit(button);
}

let running;
async function toRegion(button, region) {
  running?.abort();
  running = new AbortController();
  const body = new URLSearchParams(new FormData(button.form, button));
  try {
    const answer = await fetch(button.formAction, { method: 'POST', body, signal: running.signal, redirect: 'error' });
    if (!answer.ok) return;
    const parsed = new DOMParser().parseFromString(await answer.text(), 'text/html');
    region.replaceChildren(...(parsed.querySelector('main') ?? parsed.body).childNodes);
    document.dispatchEvent(new CustomEvent('xenia:updated', { detail: region }));
  } catch (problem) {
    if (problem.name !== 'AbortError') region.dataset.stale = 'yes';
  }
}

function wire(button) {
  const region = button.dataset.preview.startsWith('#') ? document.querySelector(button.dataset.preview) : null;
  let timer;
  let current = button;
  if (!region) {
    // Several buttons may fill one frame: what was asked for last is what follows the typing.
    const others = document.querySelectorAll(`button[formtarget="${CSS.escape(button.formTarget)}"]`);
    const mark = () => others.forEach((one) => one.setAttribute('aria-pressed', String(one === current)));
    others.forEach((one) => one.addEventListener('click', () => { current = one; mark(); }));
    mark();
    // Switches of the preview stand beside it, outside the form.
    document.querySelectorAll(`:is(input, select)[form="${CSS.escape(button.form.id)}"]`).forEach((one) => one.addEventListener('change', () => toFrame(current)));
  }
  button.form.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => (region ? toRegion(button, region) : toFrame(current)), PAUSE);
  });
  if (region) button.addEventListener('click', (event) => { event.preventDefault(); toRegion(button, region); });
}

document.querySelectorAll('button[data-preview]').forEach(wire);
