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
