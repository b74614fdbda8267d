// Copy buttons ([data-copy] names an element by id) and Show buttons for masked values ([data-show]).
document.documentElement.classList.add('has-js');

const status = document.createElement('p');
status.className = 'visually-hidden';
status.setAttribute('role', 'status');
document.body.append(status);

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  if (!source) return;
  const words = button.querySelector('[data-copy-text]') ?? button;
  const before = button.dataset.copyBefore ??= words.textContent;
  try {
    await navigator.clipboard.writeText(source.value ?? source.innerText.trim());
    words.textContent = button.dataset.copied;
  } catch {
    // No permission: select the value, so that the person's own copy key works.
    source.select ? source.select() : getSelection().selectAllChildren(source);
    words.textContent = button.dataset.selected;
  }
  status.textContent = `${words.textContent}: ${button.dataset.label}`;
  setTimeout(() => { words.textContent = before; status.textContent = ''; }, 4000);
}

function show(button) {
  const masked = document.getElementById(button.dataset.show).classList.toggle('masked');
  button.textContent = masked ? 'Show' : 'Hide';
  button.setAttribute('aria-pressed', String(!masked));
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-copy], [data-show]');
  if (!button) return;
  if (button.dataset.copy) copy(button); else show(button);
});
