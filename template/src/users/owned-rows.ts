import { SESSION_ROWS } from '../auth/session-store.ts';
import type { Owned } from '../database/portions.ts';
import type { Feature } from '../feature.ts';

/** All tables whose rows are deleted with an account. */
export const ownedByUser = (features: readonly Pick<Feature, 'ownedByUser'>[]): readonly Owned[] => [
  ...OWNED_BY_USER,
  ...features.flatMap((feature) => feature.ownedByUser),
];

/** Tables of the template. A feature lists its own in its `feature.ts`. */
const OWNED_BY_USER: readonly Owned[] = [
  {
    table: 'sessions',
    key: 'id',
    owner: 'user_id',
    largestRow: 2000,
    children: SESSION_ROWS,
  },
  { table: 'one_time_tokens', key: 'token_hash', owner: 'user_id', largestRow: 500 },
];
