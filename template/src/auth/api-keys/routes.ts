import { z } from 'zod';
import { holds } from '../../access/policy.ts';
import { hashOpaqueToken } from '../../crypto/opaque-token.ts';
import { inOneUnit } from '../../database/unit-of-work.ts';
import { forbidden, notFound } from '../../http/problem.ts';
import { authenticated, route } from '../../http/route.ts';
import type { AnyRoute } from '../../http/route.ts';
import type { Services } from '../../services.ts';
import { createAccounts } from '../account-store.ts';
import { createOutbox } from '../outbox.ts';
import { invalidCredentials } from '../sign-in.ts';
import type { ApiKeyRow } from './apikeys.ts';
import { createKey, textOf } from './key.ts';
import { createPasswordProof } from '../password-proof.ts';
import type { ProvenAccount } from '../password-proof.ts';
import { expiryOf, key, keyId, KEYS_PER_OWNER, newKey, tooManyKeys, toKey } from './rules.ts';
import { createApiKeys } from './store.ts';

/** The keys of the caller. A key cannot call these routes: they need no permission (see `isOpenToKey`). */
export function keyRoutes(services: Services): readonly AnyRoute[] {
  const { database, clock } = services;
  const keys = createApiKeys(database);
  const prove = createPasswordProof(services);
  const store = createStorage(services);

  const create = route({
    method: 'post',
    path: '/api/v1/me/api-keys',
    summary: 'Create an API key for a program; the response shows it, and nothing shows it again',
    access: authenticated,
    body: newKey,
    problems: [401, 403],
    conflicts: ['too-many-api-keys'],
    status: 201,
    response: key.extend({ key: z.string() }),
    handle: async ({ principal, body, context }) => {
      const scopes = [...new Set(body.scopes)].toSorted();
      if (!scopes.every((scope) => holds(principal.role, scope))) throw forbidden();
      const account = await prove(body.password, principal, context);
      const [created, now] = [createKey(), clock()];
      const row: ApiKeyRow = {
        id: created.id,
        user_id: principal.userId,
        name: body.name,
        scopes: scopes.join(' '),
        secret_hash: hashOpaqueToken(created.secret),
        created_at: now,
        expires_at: expiryOf(now, body.expiresInDays),
        last_used_at: null,
      };
      if (!(await store(row, account))) throw tooManyKeys();
      context.audit('authn_token_created', { keyId: row.id, scopes: row.scopes });
      context.setHeader('Location', `/api/v1/me/api-keys/${row.id}`);
      return { ...toKey(row), key: textOf(created) };
    },
  });

  const list = route({
    method: 'get',
    path: '/api/v1/me/api-keys',
    summary: 'Your API keys, newest first, with their last use',
    access: authenticated,
    status: 200,
    response: z.strictObject({ items: z.array(key).max(KEYS_PER_OWNER) }),
    handle: async ({ principal }) => ({
      items: (await keys.listOwn(principal, { limit: KEYS_PER_OWNER, now: clock() })).map(toKey),
    }),
  });

  const end = route({
    method: 'delete',
    path: '/api/v1/me/api-keys/:id',
    summary: 'End one of your API keys; it gets 401 at once',
    access: authenticated,
    params: keyId,
    status: 204,
    handle: async ({ principal, params, context }) => {
      if (!(await keys.endOwn(principal, params.id))) throw notFound();
      context.audit('authn_token_revoked', { keyId: params.id });
      return undefined;
    },
  });

  return [create, list, end];
}

/** @returns a function that stores a key and promises a mail to its owner, or returns false over the quota */
function createStorage(services: Services): (row: ApiKeyRow, proven: ProvenAccount) => Promise<boolean> {
  const { database } = services;
  const accounts = createAccounts(database);
  const keys = createApiKeys(database);
  const outbox = createOutbox(services);

  return (row, { email, password_hash }) =>
    inOneUnit(database, async (unit) => {
      // Without the lock, parallel requests would all be within the quota. Password and account may have changed during the hash.
      const account = await accounts.lockByEmail(unit, email);
      if (account?.disabled_at !== null || account.password_hash !== password_hash) throw invalidCredentials();
      if (!(await keys.add(unit, row, KEYS_PER_OWNER))) return false;
      await outbox.notify(unit, { kind: 'api-key-created', email });
      return true;
    });
}
