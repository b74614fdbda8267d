// Moves the rows of a list marked data-reorder: by its own Move buttons ([data-move] up, down, top, bottom) without asking the server,
// and by dragging [data-drag]. Without scripts the buttons post the form and the server answers with the new order.
const rows = (list) => [...list.querySelectorAll(':scope > [data-row]')];

function tell(list, row) {
  const order = rows(list).map((one) => one.dataset.row).join(' ');
  const form = list.closest('form');
  list.dataset.first ??= order;
  form.dataset.moved = order === list.dataset.first ? '' : 'yes';
  const line = form.querySelector('[data-reorder-status]');
  if (line) line.textContent = `${row.dataset.name}: place ${rows(list).indexOf(row) + 1} of ${rows(list).length}`;
  row.dispatchEvent(new Event('input', { bubbles: true }));
}

function move(list, row, way) {
  const all = rows(list);
  const place = all.indexOf(row);
  const target = { up: place - 1, down: place + 1, top: 0, bottom: all.length - 1 }[way];
  if (target !== place && target >= 0 && target < all.length) all[target][target < place ? 'before' : 'after'](row);
  tell(list, row);
}

// The document listens, not the handle: an element that moves within the page loses a captured pointer.
function drag(list, handle, event) {
  const row = handle.closest('[data-row]');
  const ending = new AbortController();
  event.preventDefault();
  row.classList.add('is-dragged');
  const over = (moved) => {
    const other = rows(list).find((one) => {
      const box = one.getBoundingClientRect();
      return one !== row && moved.clientY > box.top && moved.clientY < box.bottom;
    });
    if (!other) return;
    const box = other.getBoundingClientRect();
    other[moved.clientY < box.top + box.height / 2 ? 'before' : 'after'](row);
  };
  const end = () => {
    ending.abort();
    row.classList.remove('is-dragged');
    tell(list, row);
  };
  document.addEventListener('pointermove', over, { signal: ending.signal });
  for (const name of ['pointerup', 'pointercancel']) document.addEventListener(name, end, { signal: ending.signal });
}

for (const list of document.querySelectorAll('[data-reorder]')) {
  list.dataset.first = rows(list).map((one) => one.dataset.row).join(' ');
  list.addEventListener('click', (event) => {
    const button = event.target.closest('[data-move]');
    if (!button) return;
    event.preventDefault();
    move(list, button.closest('[data-row]'), button.dataset.move);
    button.focus();
  });
  list.addEventListener('pointerdown', (event) => {
    const handle = event.target.closest('[data-drag]');
    if (handle && !event.button) drag(list, handle, event);
  });
}
