// Checks of a decoded token, each with its result and reason.
import { leftHalf, signatureProblem } from './jwt.js';

export function inWords(seconds) {
  const size = Math.abs(seconds);
  const [, unit] = [[172800, 'day'], [7200, 'hour'], [60, 'minute'], [0, 'second']].find(([from]) => size >= from);
  const count = Math.floor(size / { day: 86400, hour: 3600, minute: 60, second: 1 }[unit]);
  if (!count) return 'now';
  const words = `${count} ${unit}${count === 1 ? '' : 's'}`;
  return seconds > 0 ? `in ${words}` : `${words} ago`;
}

const equal = (text, found, wanted, words) => (found === wanted
  ? { kind: 'ok', text, detail: `Equals ${words}.` }
  : { kind: 'bad', text, detail: `Is ${found}, but ${words} is ${wanted}.` });

function time({ exp, nbf }, now) {
  if (typeof exp !== 'number') return { kind: 'bad', text: 'Time', detail: 'There is no readable exp: it would never end.' };
  if (exp <= now) return { kind: 'bad', text: 'Time', detail: `It ended ${inWords(exp - now)}. Sign in again for a new one.` };
  if (nbf > now + 300) return { kind: 'bad', text: 'Time', detail: `It begins ${inWords(nbf - now)}. One of the two clocks is off.` };
  return { kind: 'ok', text: 'Time', detail: `Valid; it ends ${inWords(exp - now)}.` };
}

// Each check with its result and reason (OpenID Connect Core 1.0, section 3.1.3.7).
export async function check(token, expected, now) {
  const { claims } = token;
  const found = [];
  if (expected.keys) {
    const problem = await signatureProblem(token, expected.keys).catch(() => 'The signature can not be read.');
    found.push({ kind: problem ? 'bad' : 'ok', text: 'Signature', detail: problem || 'A key of the issuer signed it (checked by this browser).' });
  } else found.push({ kind: 'info', text: 'Signature', detail: 'Not checked: the keys of the issuer are not known here.' });
  if (expected.issuer) found.push(equal('Issuer', claims.iss, expected.issuer.replace('{tenantid}', claims.tid), "what the issuer's metadata says"));
  if (expected.audience) found.push(equal('Audience', claims.aud, expected.audience, 'the Client ID of the request'));
  if (expected.nonce) found.push(equal('Nonce', claims.nonce, expected.nonce, 'the nonce of the request'));
  found.push(time(claims, now));
  for (const [name, other, words] of [['c_hash', expected.code, 'the code'], ['at_hash', expected.accessToken, 'the access token']]) {
    if (other && claims[name]) found.push(equal(name, claims[name], await leftHalf(other), `the hash of ${words} that came along`));
  }
  return found;
}
