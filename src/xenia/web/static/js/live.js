// Keeps a region fresh: data-live is the address of a fragment (?part=…), data-interval its period in milliseconds.
// Ends when the fragment contains [data-live-stop]; rests while the page is hidden; slows down when the server is away.
function same(region, fragment) {
  return region.dataset.liveText === fragment;
}

function fill(region, fragment) {
  region.dataset.liveText = fragment;
  const parsed = new DOMParser().parseFromString(fragment, 'text/html');
  const open = [...region.querySelectorAll('details[open][id]')].map((one) => one.id);
  region.replaceChildren(...parsed.body.childNodes);
  for (const id of open) region.querySelector(`#${CSS.escape(id)}`)?.setAttribute('open', '');
  document.dispatchEvent(new CustomEvent('xenia:updated', { detail: region }));
}

function busyInside(region) {
  const active = document.activeElement;
  return active !== region && region.contains(active) && active.matches('input, select, textarea, button, a, summary');
}

function keep(region) {
  if (region.dataset.liveOn) return;
  region.dataset.liveOn = 'yes';
  const period = Number(region.dataset.interval ?? 2000);
  let wait = period;
  async function turn() {
    if (!document.hidden) {
      try {
        const answer = await fetch(region.dataset.live, { headers: { Accept: 'text/html' }, redirect: 'error' });
        if (!answer.ok) throw new Error(String(answer.status));
        const fragment = await answer.text();
        wait = period;
        if (!same(region, fragment) && !busyInside(region)) fill(region, fragment);
      } catch {
        wait = Math.min(wait * 2, 30000);
      }
    }
    if (!region.querySelector('[data-live-stop]') && region.isConnected) setTimeout(turn, wait);
  }
  setTimeout(turn, wait);
}

const start = () => document.querySelectorAll('[data-live]').forEach(keep);
start();
document.addEventListener('xenia:updated', start);
