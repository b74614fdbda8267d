// Opens the question behind a link marked data-dialog in a dialog. The link's page holds the same question in [data-dialog-content],
// so without scripts, on a failed fetch, or with a modifier key, the link simply opens that page.
async function open(link) {
  const answer = await fetch(link.href, { headers: { Accept: 'text/html' } });
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const content = page.querySelector('[data-dialog-content]');
  if (!answer.ok || !content) throw new Error('no question there');
  const dialog = document.createElement('dialog');
  const title = content.querySelector('h1, h2');
  if (title) {
    title.id ||= 'dialog-title';
    title.tabIndex = -1;
    title.autofocus = true;
    dialog.setAttribute('aria-labelledby', title.id);
  }
  dialog.append(document.adoptNode(content));
  dialog.addEventListener('click', (event) => {
    if (!event.target.closest('[data-dialog-close]')) return;
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener('close', () => { dialog.remove(); link.focus(); });
  document.body.append(dialog);
  dialog.showModal();
  document.dispatchEvent(new CustomEvent('xenia:updated', { detail: dialog }));
}

document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-dialog]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  open(link).catch(() => { location.href = link.href; });
});
