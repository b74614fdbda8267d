// Warns before a form marked data-dirty is left with changes that were not saved, and shows their number in [data-dirty-count].
// Fields inside [data-aside] choose something and store nothing. data-dirty="2": the page came with so many already. data-moved: its rows stand in another order than they came (reorder.js).
for (const form of document.querySelectorAll('form[data-dirty]')) {
  const before = () => Number(form.dataset.dirty) + (form.dataset.moved === 'yes' ? 1 : 0);
  const changed = () => before() + [...form.elements].filter((field) => {
    if (field.closest('[data-aside]')) return false;
    if (field.type === 'checkbox' || field.type === 'radio') return field.checked !== field.defaultChecked;
    if (field instanceof HTMLSelectElement) return [...field.options].some((one) => one.selected !== one.defaultSelected);
    return 'defaultValue' in field && field.type !== 'hidden' && field.value !== field.defaultValue;
  }).length;
  const line = form.querySelector('[data-dirty-count]');
  let leaving = false;
  form.addEventListener('input', () => {
    const number = changed();
    if (line) line.textContent = number ? `Unsaved changes: ${number}` : '';
  });
  // A preview button sends the form to a frame: the page stays, and so does the warning.
  form.addEventListener('submit', (event) => { leaving = !event.submitter?.hasAttribute('formtarget'); });
  addEventListener('beforeunload', (event) => {
    if (!leaving && changed()) event.preventDefault();
  });
}
