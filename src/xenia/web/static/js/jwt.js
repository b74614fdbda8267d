// Reads and checks JSON Web Tokens in the browser. Tokens never leave the page.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (one) => one.charCodeAt(0));
const parse = (part) => JSON.parse(new TextDecoder().decode(bytes(part)));

export function decode(token) {
  const parts = token.trim().split('.');
  if (parts.length !== 3) return null;
  try {
    const [header, claims] = [parse(parts[0]), parse(parts[1])];
    return header && claims && typeof claims === 'object' ? { header, claims, parts } : null;
  } catch {
    return null;
  }
}

// Why the signature does not hold, or nothing when it does.
export async function signatureProblem({ header, parts }, keys) {
  const key = keys.find((one) => one.kid === header.kid);
  if (!key) return 'No key of the issuer has the kid of this token.';
  if (header.alg !== 'RS256' || key.kty !== 'RSA') return `Signed by ${header.alg}; this page checks RS256.`;
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const imported = await crypto.subtle.importKey('jwk', { kty: 'RSA', n: key.n, e: key.e }, algorithm, false, ['verify']);
  const signed = new TextEncoder().encode(`${parts[0]}.${parts[1]}`);
  const right = await crypto.subtle.verify(algorithm.name, imported, bytes(parts[2]), signed);
  return right ? '' : 'The signature does not fit: the token was altered.';
}

// c_hash and at_hash of RS256 tokens (OpenID Connect Core 1.0, section 3.3.2.11).
export async function leftHalf(text) {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  const half = String.fromCharCode(...new Uint8Array(digest).slice(0, 16));
  return btoa(half).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}
