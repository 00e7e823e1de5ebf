import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SECURITY_EVENTS, type SecurityEvent } from '../src/observability/security-events.ts';
import { createAdmin, createUser, enrol, signIn, type Account } from './support/accounts.ts';
import { startServer, type TestServer } from './support/server.ts';

interface Scene {
  readonly server: TestServer;
  readonly user: Account;
  readonly admin: Account;
}

/** Actions, and the event that each must log: alert rules depend on it. */
const ACTIONS: Record<
  string,
  {
    readonly event: SecurityEvent;
    readonly principal?: 'user' | 'admin';
    readonly settings?: Readonly<Record<string, string>>;
    readonly act: (scene: Scene) => Promise<unknown>;
  }
> = {
  'a sign-in': { event: 'authn_login_success', principal: 'user', act: ({ server, user }) => signIn(server, user) },
  'a wrong password': {
    event: 'authn_login_fail',
    act: ({ server, user }) => server.request('POST', '/api/v1/auth/login', { body: { email: user.email, password: 'not the right one' } }),
  },
  'too many wrong passwords': {
    event: 'authn_login_fail_max',
    settings: { LOGIN_LIMIT_MAX: '1' },
    act: async ({ server, user: { email } }) => {
      for (let attempt = 0; attempt < 2; attempt += 1)
        await server.request('POST', '/api/v1/auth/login', { body: { email, password: 'not the right one' } });
    },
  },
  'an eleventh session': {
    event: 'excess_sessions_exceeded',
    principal: 'user',
    act: async ({ server, user }) => {
      for (let session = 1; session < 11; session += 1) await signIn(server, user);
    },
  },
  'an unknown account': {
    event: 'authn_login_fail',
    act: ({ server }) =>
      server.request('POST', '/api/v1/auth/login', { body: { email: 'nobody@example.com', password: 'not the right one' } }),
  },
  'a forged token': { event: 'authn_token_invalid', act: ({ server }) => server.request('GET', '/api/v1/me', { token: 'a.b.c' }) },
  'a logout': {
    event: 'authn_token_revoked',
    principal: 'user',
    act: async ({ server, user }) => server.request('POST', '/api/v1/auth/logout', { token: (await signIn(server, user)).accessToken }),
  },
  'a user on a route for admins': {
    event: 'authz_fail',
    principal: 'user',
    act: ({ server, user }) => server.request('GET', '/api/v1/users', { token: user.tokens.accessToken }),
  },
  'a request of an admin': {
    event: 'authz_admin',
    principal: 'admin',
    act: ({ server, admin }) => server.request('GET', '/api/v1/users', { token: admin.tokens.accessToken }),
  },
  'a new role': {
    event: 'authz_change',
    principal: 'admin',
    act: ({ server, admin, user }) =>
      server.request('PATCH', `/api/v1/users/${user.id}`, { token: admin.tokens.accessToken, body: { role: 'admin' } }),
  },
  'a wrong current password': {
    event: 'authn_password_change_fail',
    principal: 'user',
    act: ({ server, user }) =>
      server.request('POST', '/api/v1/auth/password/change', {
        token: user.tokens.accessToken,
        body: { currentPassword: 'not the right one', newPassword: 'quite another long phrase' },
      }),
  },
  'a new password': {
    event: 'authn_password_change',
    principal: 'user',
    act: ({ server, user }) =>
      server.request('POST', '/api/v1/auth/password/change', {
        token: user.tokens.accessToken,
        body: { currentPassword: user.password, newPassword: 'quite another long phrase' },
      }),
  },
  'a new account': {
    event: 'user_created',
    act: ({ server }) => enrol(server, { email: 'new@example.com', password: 'quite another long phrase' }),
  },
  'a wrong input': { event: 'input_validation_fail', act: ({ server }) => server.request('POST', '/api/v1/auth/login', { body: {} }) },
  'a key that names the prototype': {
    event: 'malicious_extraneous',
    act: ({ server }) =>
      server.request('POST', '/api/v1/auth/login', { rawBody: '{"__proto__":{}}', headers: { 'content-type': 'application/json' } }),
  },
  'an unknown field': {
    event: 'malicious_extraneous',
    principal: 'user',
    act: ({ server, user }) =>
      server.request('PATCH', '/api/v1/me', { token: user.tokens.accessToken, body: { displayName: 'a', role: 'admin' } }),
  },
  'a foreign host': {
    event: 'malicious_host',
    act: ({ server }) => server.sendBytes('GET / HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n'),
  },
  'a deleted account': {
    event: 'user_deleted',
    principal: 'user',
    act: ({ server, user }) => server.request('DELETE', '/api/v1/me', { token: user.tokens.accessToken }),
  },
};

describe('security events', () => {
  for (const [name, { act, event, principal, settings }] of Object.entries(ACTIONS)) {
    it(`${name} is logged as a security event`, async (t) => {
      const server = await startServer(t, settings);
      const scene = { server, user: await createUser(server), admin: await createAdmin(server) };
      const before = server.logs.length;
      await act(scene);
      const line = server.logs.slice(before).find((entry) => entry.event === event);
      assert.ok(line, `no ${event}: ${JSON.stringify(server.logs.slice(before))}`);
      assert.equal(line.level, SECURITY_EVENTS[event]);
      assert.match(String(line['requestId']), /^[0-9a-f-]{36}$/);
      assert.equal(line['ip'], '127.0.0.1');
      if (principal) assert.equal(line['userId'], scene[principal].id);
      assert.doesNotMatch(JSON.stringify(line), /@example\.com|not the right one|quite another/);
    });
  }
});
