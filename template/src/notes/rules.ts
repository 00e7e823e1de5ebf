import { Problem, unauthenticated } from '../http/problem.ts';

/**
 * Maximum number of notes of one owner. A note has at most 30,600 bytes (10,200 characters of three bytes), so the notes
 * of an account have at most 31 MB. Without a quota an account could add 5 GB a day.
 */
export const NOTES_PER_OWNER = 1000;

/** Why a note is not created. The account may have been closed during the request. */
export type Refusal = 'account-closed' | 'quota-reached';

const tooManyNotes = () =>
  new Problem({ status: 409, code: 'too-many-notes', title: `You cannot have more than ${NOTES_PER_OWNER} notes. Delete one first.` });

export const problemOf = (refusal: Refusal): Problem => (refusal === 'quota-reached' ? tooManyNotes() : unauthenticated('invalid-token'));
