// An answer in the fragment never reaches the server by itself. It is posted once, as form_post would do it.
const answer = new URLSearchParams(location.hash.slice(1));

if (['code', 'id_token', 'access_token', 'error'].some((name) => answer.has(name))) {
  // The address bar and the history are no places for tokens.
  history.replaceState(null, '', location.pathname);
  const post = document.createElement('form');
  post.method = 'post';
  post.action = location.pathname;
  for (const [name, value] of [...answer, ['received_by', 'fragment']]) {
    const input = document.createElement('input');
    Object.assign(input, { type: 'hidden', name, value });
    post.append(input);
  }
  document.body.append(post);
  // An answer may hold a parameter called submit, which would hide the method.
  HTMLFormElement.prototype.submit.call(post);
}
