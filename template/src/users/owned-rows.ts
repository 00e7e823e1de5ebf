import type { Owned } from '../database/portions.ts';

/** Tables whose rows are deleted with an account. Add a line for a new resource: a test fails without it. */
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
