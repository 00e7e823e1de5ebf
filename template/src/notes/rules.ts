import { Problem } from '../http/problem.ts';

/**
 * Maximum number of notes of one owner. A note has at most 30,600 bytes (10,200 characters of three bytes), so the notes
 * of an account have at most 31 MB. Without a quota an account could add 5 GB a day.
 */
export const NOTES_PER_OWNER = 1000;

export const tooManyNotes = () =>
  new Problem({ status: 409, code: 'too-many-notes', title: `You cannot have more than ${NOTES_PER_OWNER} notes. Delete one first.` });
