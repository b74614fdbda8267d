// One-time code fields: takes blanks and dashes out of what is typed or pasted; counts down to the next possible code.
for (const field of document.querySelectorAll('[data-otp]')) {
  const length = Number(field.dataset.otpLength ?? 0);
  field.addEventListener('input', () => {
    const clean = field.value.replace(/[\s\-\u2010-\u2015]/g, '');
    if (clean !== field.value) field.value = clean;
    // Sends by itself only once: after a refusal the person decides when to send again.
    if (length && clean.length === length && !field.dataset.sent && !field.hasAttribute('aria-invalid')) {
      field.dataset.sent = 'yes';
      field.form.requestSubmit();
    }
  });
}

for (const line of document.querySelectorAll('[data-countdown]')) {
  const button = line.closest('form')?.querySelector('[data-waits]');
  const end = Date.now() + Number(line.dataset.countdown) * 1000;
  if (!button) continue;
  const refuse = (event) => event.preventDefault();
  button.setAttribute('aria-disabled', 'true');
  button.addEventListener('click', refuse);
  // A second-by-second text would be read out each time; only its end is announced.
  line.removeAttribute('role');
  const timer = setInterval(() => {
    const left = Math.ceil((end - Date.now()) / 1000);
    if (left > 0) {
      line.textContent = line.dataset.waiting.replace('{time}', `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`);
      return;
    }
    clearInterval(timer);
    line.setAttribute('role', 'status');
    line.textContent = line.dataset.ready;
    button.removeAttribute('aria-disabled');
    button.removeEventListener('click', refuse);
  }, 250);
}
