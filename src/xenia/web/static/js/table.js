// Select-all box and "n selected" for tables with check boxes; the bar with bulk buttons appears with the first selection.
function wire(table) {
  const all = table.querySelector('[data-select-all]');
  const boxes = () => [...table.querySelectorAll('tbody .cell-select input')];
  const bar = (table.closest('form') ?? document).querySelector('[data-selection-bar]');
  const count = bar?.querySelector('[data-selection-count]');
  function tell() {
    const chosen = boxes().filter((box) => box.checked).length;
    all.checked = chosen > 0 && chosen === boxes().length;
    all.indeterminate = chosen > 0 && !all.checked;
    if (bar) bar.hidden = chosen === 0;
    if (count) count.textContent = chosen ? `${chosen} selected` : '';
  }
  all.addEventListener('change', () => {
    boxes().forEach((box) => { box.checked = all.checked; });
    tell();
  });
  table.addEventListener('change', (event) => { if (event.target !== all) tell(); });
  addEventListener('pageshow', tell);
  tell();
}

document.querySelectorAll('[data-select-table]').forEach(wire);
