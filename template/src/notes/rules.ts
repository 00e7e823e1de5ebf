import { Problem, unauthenticated } from '../http/problem.ts';

/**
 * Notes that one owner may have. A note is at most 30,600 bytes (10,200 characters of three bytes), so an account holds
 * 31 MB at most; without a quota it could add 5 GB a day.
 */
export const NOTES_PER_OWNER = 1000;

/** Why a note is not created. The account may have been closed since the request was let in. */
export type Refusal = 'account-closed' | 'quota-reached';

const tooManyNotes = () =>
  new Problem({ status: 409, code: 'too-many-notes', title: `You have ${NOTES_PER_OWNER} notes, and cannot have more. Delete one first.` });

export const problemOf = (refusal: Refusal): Problem => (refusal === 'quota-reached' ? tooManyNotes() : unauthenticated('invalid-token'));
