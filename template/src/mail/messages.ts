import type { OneTimeTokenRow } from '../database/schema.ts';
import { message } from './message.ts';
import type { Message } from './message.ts';

type Purpose = OneTimeTokenRow['purpose'];

/** How long a mailed token works, in minutes. */
export const tokenMinutes = (purpose: Purpose) => (purpose === 'reset-password' ? 15 : 24 * 60);

/**
 * The token is in the fragment of the link: browsers do not send that part, so it is in no log and no Referer header.
 * It is also on a line of its own, for projects that have no web page for this link.
 */
export const tokenLink = (url: string, path: Purpose, token: string): string => `${url}/${path}#token=${token}\n\ntoken: ${token}`;

export const verifyEmail = (publicUrl: string, token: string): Message =>
  message(
    'confirm your e-mail address',
    `Somebody, hopefully you, wants to create an account with this address. Choose a password for it within ${tokenMinutes('verify-email') / 60} hours:`,
    tokenLink(publicUrl, 'verify-email', token),
    'If you got this mail more than once, use any one of them. If it was not you, do nothing: no account is created.',
  );

export const accountExists = (publicUrl: string): Message =>
  message(
    'you already have an account',
    `Somebody, hopefully you, tried to create an account with this address at ${publicUrl}. You have one already.`,
    'If you forgot the password, ask for a new one. If it was not you, nothing has changed.',
  );

export const resetPassword = (publicUrl: string, token: string): Message =>
  message(
    'set a new password',
    `Somebody, hopefully you, asked to set a new password. Do it within ${tokenMinutes('reset-password')} minutes:`,
    tokenLink(publicUrl, 'reset-password', token),
    'If you got this mail more than once, use any one of them. If it was not you, do nothing: your password is not changed.',
  );
