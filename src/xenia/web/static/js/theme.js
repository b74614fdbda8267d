// Theme switch. The choice is a cookie, so that the server prints the right theme at once on every later page.
const YEAR = 31536000;

for (const choice of document.querySelectorAll('[data-theme-switch]')) {
  choice.addEventListener('change', () => {
    const theme = choice.value;
    const age = theme === 'system' ? 0 : YEAR;
    const secure = location.protocol === 'https:' ? '; Secure' : '';
    document.cookie = `xenia_theme=${theme}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
    document.documentElement.dataset.theme = theme;
    const meta = document.querySelector('meta[name="color-scheme"]');
    if (meta) meta.content = theme === 'system' ? 'light dark' : theme;
  });
}
