// Loads the modules a page has use for, and says that scripts run. Each module works on its own and none is needed.
// What every page has (theme switch, busy buttons) is below and not in files of its own: each file is a request.
const wanted = [
  ['[data-copy], [data-show]', './copy.js'],
  ['[data-otp], [data-countdown]', './otp.js'],
  ['[data-live]', './live.js'],
  ['[data-select-table]', './table.js'],
  ['[data-dialog]', './dialog.js'],
  ['form[data-dirty]', './dirty.js'],
  ['[data-preview]', './preview.js'],
  ['[data-reorder]', './reorder.js'],
];

function load() {
  for (const [selector, module] of wanted) if (document.querySelector(selector)) import(module);
}

document.documentElement.classList.add('has-js');
load();
document.addEventListener('xenia:updated', load);

// Theme switch. The choice is a cookie, so that the server prints the right theme at once on every later page.
const YEAR = 31536000;

function apply(theme) {
  document.documentElement.dataset.theme = theme;
  const meta = document.querySelector('meta[name="color-scheme"]');
  if (meta) meta.content = theme === 'system' ? 'light dark' : theme;
}

function remember(theme) {
  const age = theme === 'system' ? 0 : YEAR;
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  document.cookie = `xenia_theme=${theme}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
}

// A page from before the choice (Back button, another window) catches up.
function kept() {
  return document.cookie.match(/(?:^|; )xenia_theme=(light|dark)(?:;|$)/)?.[1] ?? 'system';
}

for (const choice of document.querySelectorAll('[data-theme-switch]')) {
  choice.addEventListener('change', () => { remember(choice.value); apply(choice.value); });
  addEventListener('pageshow', () => { choice.value = kept(); apply(kept()); });
  choice.value = kept();
}
apply(kept());

// Says that a slow act is under way, and takes a second press of the same button for the first one.
document.addEventListener('submit', (event) => {
  const button = event.submitter;
  if (!button?.dataset.busy || event.defaultPrevented) return;
  if (button.getAttribute('aria-disabled') === 'true') {
    event.preventDefault();
    return;
  }
  button.setAttribute('aria-disabled', 'true');
  const words = button.textContent;
  const timer = setTimeout(() => { button.textContent = button.dataset.busy; }, 300);
  // Coming back with the Back button shows the kept page: make it ready again.
  addEventListener('pageshow', () => {
    clearTimeout(timer);
    button.removeAttribute('aria-disabled');
    button.textContent = words;
  }, { once: true });
});
