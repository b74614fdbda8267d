// Loads the modules a page has use for, and says that scripts run. Each module works on its own and none is needed.
const wanted = [
  ['[data-copy], [data-show]', './copy.js'],
  ['[data-otp], [data-countdown]', './otp.js'],
  ['[data-live]', './live.js'],
  ['[data-select-table]', './table.js'],
  ['[data-dialog]', './dialog.js'],
  ['form[data-dirty]', './dirty.js'],
  ['[data-preview]', './preview.js'],
  ['[data-theme-switch]', './theme.js'],
  ['[data-busy]', './busy.js'],
];

function load() {
  for (const [selector, module] of wanted) if (document.querySelector(selector)) import(module);
}

document.documentElement.classList.add('has-js');
load();
document.addEventListener('xenia:updated', load);
