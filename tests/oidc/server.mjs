// The certified OpenID Provider `oidc-provider` with a few users, for tests of logins.
//
// Usage: node server.mjs REDIRECT_URI...
//
// Listens on a port of 127.0.0.1 that the system chooses, writes `{"issuer": "http://127.0.0.1:PORT"}`
// as one line, and ends when its standard input does, so that it cannot outlive the test that
// started it. The pages of login and consent are the provider's own (`devInteractions`): a name and
// any password, then "continue".
//
// Clients: `web` (secret `web-secret`, client_secret_basic, tokens by RS256) and `native` (no secret,
// PKCE alone, tokens by ES256). Users: see below.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

// Version 8 of the package is its last that runs on Node 18, which Debian 12 has.
//
// It warns of what a test is: keys that vanish, no TLS, pages for development.
console.info = () => {};
console.warn = () => {};
const { Provider } = await import('oidc-provider');

const users = {
  ada: { email: 'ada@example.com', email_verified: true, name: 'Ada', picture: 'https://example.com/ada.png' },
  grace: { email: 'grace@example.com', email_verified: true, name: 'Grace' },
  eve: { email: 'ada@example.com', email_verified: false, name: 'Eve' },
  nobody: {},
};

const key = (type, options, use) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }),
  kid: randomBytes(8).toString('hex'),
  use,
});

const redirect_uris = process.argv.slice(2);
if (redirect_uris.length === 0) {
  console.error('usage: node server.mjs REDIRECT_URI...');
  process.exit(2);
}

const configuration = {
  clients: [
    {
      client_id: 'web',
      client_secret: 'web-secret',
      redirect_uris,
      id_token_signed_response_alg: 'RS256',
    },
    {
      client_id: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris,
      id_token_signed_response_alg: 'ES256',
    },
  ],
  jwks: {
    keys: [
      key('rsa', { modulusLength: 2048 }, 'sig'),
      key('ec', { namedCurve: 'P-256' }, 'sig'),
    ],
  },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['name', 'picture'],
  },
  // The default, written down because tests rely on it: e-mail and name are told by the userinfo
  // endpoint alone.
  conformIdTokenClaims: true,
  features: { devInteractions: { enabled: true } },
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256'] },
  findAccount: async (_ctx, id) =>
    Object.hasOwn(users, id)
      ? { accountId: id, claims: async () => ({ sub: id, ...users[id] }) }
      : undefined,
};

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration);
  provider.on('server_error', (_ctx, error) => console.error(error));
  server.on('request', provider.callback());
  process.stdout.write(`${JSON.stringify({ issuer })}\n`);
});

process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
