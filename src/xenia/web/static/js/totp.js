// The arithmetic of authenticator apps (RFC 6238: HMAC-SHA-1, 6 digits, 30 seconds).
export const STEP = 30;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

// Key and label of what was pasted: a key in any spacing, or an otpauth:// address; null for neither.
export function read(text) {
  const given = text.trim();
  const uri = /^otpauth:/i.test(given) ? new URL(given) : null;
  const key = (uri ? uri.searchParams.get('secret') ?? '' : given).replace(/[\s=-]/g, '').toUpperCase();
  const label = uri ? decodeURIComponent(uri.pathname.split('/').pop()) : '';
  return key.length >= 16 && [...key].every((one) => LETTERS.includes(one)) ? { key, label } : null;
}

function bytes(key) {
  const bits = [...key].map((one) => LETTERS.indexOf(one).toString(2).padStart(5, '0')).join('');
  return Uint8Array.from(bits.match(/.{8}/g), (byte) => parseInt(byte, 2));
}

export async function codeOf(key, step) {
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(step));
  const hmac = await crypto.subtle.importKey('raw', bytes(key), { name: 'HMAC', hash: 'SHA-1' }, false, ['sign']);
  const digest = new DataView(await crypto.subtle.sign('HMAC', hmac, counter));
  const offset = digest.getUint8(19) & 15;
  return String((digest.getUint32(offset) & 0x7fffffff) % 1e6).padStart(6, '0');
}
