import type { Owned } from '../database/portions.ts';

/** What goes with an account. A new resource is one line here: `test/account-deletion.test.ts` fails without it. */
export const OWNED_BY_USER: readonly Owned[] = [
  {
    table: 'sessions',
    key: 'id',
    owner: 'user_id',
    largestRow: 2000,
    children: [{ table: 'refresh_tokens', key: 'token_hash', owner: 'session_id', largestRow: 500 }],
  },
  { table: 'one_time_tokens', key: 'token_hash', owner: 'user_id', largestRow: 500 },
  { table: 'notes', key: 'id', owner: 'owner_id', largestRow: 32_000 },
];
