import { forbidden, notFound, Problem } from '../http/problem.ts';

/** Actions that cannot be undone need a sign-in within this time. Source: ASVS 5.0 V7.5.1. */
export const RECENT_MS = 5 * 60_000;

/** Why a user is not changed. */
export type Refusal = 'not-admin' | 'not-found';

/** At least one administrator must remain. */
export const isLastAdmin = (admins: readonly string[], userId: string) => admins.length === 1 && admins.includes(userId);

export const problemOf = (refusal: Refusal): Problem => (refusal === 'not-admin' ? forbidden() : notFound());

export const lastAdmin = () =>
  new Problem({ status: 409, code: 'last-admin', title: 'This is the last administrator. Appoint another one first.' });

export const yourself = () =>
  new Problem({ status: 409, code: 'cannot-change-yourself', title: 'Another administrator has to do this for you.' });

export const reauthenticationRequired = () =>
  new Problem({ status: 403, code: 'reauthentication-required', title: 'Sign in again, then repeat this within five minutes.' });
