import type { Kysely, Transaction } from 'kysely';
import { LOCKS_ROWS } from '../database/dialect.ts';
import type { OneTimeTokenRow, Schema } from '../database/schema.ts';
import { Problem } from '../http/problem.ts';
import { createOpaqueToken, hashOpaqueToken } from './opaque-token.ts';

type Purpose = OneTimeTokenRow['purpose'];

const MINUTE_MS = 60_000;

/** How long a mailed token works, in milliseconds. The messages say the same. */
const lifetime = (purpose: Purpose) => (purpose === 'reset-password' ? 15 : 24 * 60) * MINUTE_MS;

export const invalidOneTimeToken = () =>
  new Problem({ status: 400, code: 'invalid-token', title: 'This token is wrong, used or expired. Ask for a new one.' });

/** Ends every token that was mailed to the user. */
export async function endOneTimeTokens(transaction: Transaction<Schema>, userId: string): Promise<void> {
  await transaction.deleteFrom('one_time_tokens').where('user_id', '=', userId).execute();
}

/** Replaces the user's token for the purpose: the last mail counts, a token in an older one is dead. */
export async function issueOneTimeToken(
  transaction: Transaction<Schema>,
  { userId, purpose, now }: { readonly userId: string; readonly purpose: Purpose; readonly now: number },
): Promise<string> {
  const token = createOpaqueToken();
  // Two requests at the same moment would both find nothing to replace, and two tokens would live.
  await transaction.selectFrom('users').select('id').where('id', '=', userId).$if(LOCKS_ROWS, (query) => query.forUpdate()).execute();
  await transaction.deleteFrom('one_time_tokens').where('user_id', '=', userId).where('purpose', '=', purpose).execute();
  await transaction
    .insertInto('one_time_tokens')
    .values({
      token_hash: hashOpaqueToken(token),
      user_id: userId,
      purpose,
      expires_at: now + lifetime(purpose),
      used_at: null,
    })
    .execute();
  return token;
}

export interface OneTimeTokenUse {
  readonly token: string;
  readonly purpose: Purpose;
  readonly now: number;
}

/**
 * Whose token it is. It is not used up: `consumeOneTimeToken` decides.
 *
 * @throws Problem 400 `invalid-token`
 */
export async function ownerOfOneTimeToken(database: Kysely<Schema>, { token, purpose, now }: OneTimeTokenUse): Promise<{ id: string; email: string }> {
  const owner = await database
    .selectFrom('one_time_tokens')
    .innerJoin('users', 'users.id', 'one_time_tokens.user_id')
    .select(['users.id', 'users.email'])
    .where('token_hash', '=', hashOpaqueToken(token))
    .where('purpose', '=', purpose)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  if (!owner) throw invalidOneTimeToken();
  return owner;
}

/**
 * Uses the token up. One statement decides, so of two requests at the same moment one gets it. The caller has locked
 * the user's row before: whoever locks users and tokens does it in this order.
 *
 * @throws Problem 400 `invalid-token`; the transaction is undone
 */
export async function consumeOneTimeToken(transaction: Transaction<Schema>, { token, purpose, now }: OneTimeTokenUse): Promise<void> {
  const { numUpdatedRows } = await transaction
    .updateTable('one_time_tokens')
    .set({ used_at: now })
    .where('token_hash', '=', hashOpaqueToken(token))
    .where('purpose', '=', purpose)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows !== 1n) throw invalidOneTimeToken();
}
