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
