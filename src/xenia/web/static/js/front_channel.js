// Signs out of the apps of a session: loads each one's logout page in a hidden frame, waits for all of them but no
// longer than data-front-channel seconds, then goes on. Without scripts the page holds the frames itself.
const list = document.querySelector('[data-front-channel]');

function load(entry) {
  return new Promise((done) => {
    const frame = document.createElement('iframe');
    frame.hidden = true;
    frame.title = entry.textContent.trim();
    frame.setAttribute('sandbox', 'allow-scripts allow-same-origin');
    frame.referrerPolicy = 'no-referrer';
    frame.addEventListener('load', () => done(entry));
    frame.src = entry.dataset.frame;
    entry.append(frame);
  });
}

if (list) {
  const silent = new Set(list.querySelectorAll('[data-frame]'));
  const loaded = [...silent].map((entry) => load(entry).then(() => {
    silent.delete(entry);
    entry.querySelector('[data-outcome]').textContent = `\u00b7 ${list.dataset.done}`;
  }));
  const late = new Promise((done) => { setTimeout(done, Number(list.dataset.frontChannel) * 1000); });
  Promise.race([Promise.all(loaded), late]).then(() => {
    for (const entry of silent) entry.querySelector('[data-outcome]').textContent = `\u00b7 ${list.dataset.silent}`;
    if (list.dataset.next) window.location.replace(list.dataset.next);
  });
}
