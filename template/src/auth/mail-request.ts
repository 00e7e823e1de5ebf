import type { OneTimeTokenRow } from '../database/schema.ts';
import type { RequestContext } from '../http/request-context.ts';
import type { Services } from '../services.ts';
import { createMailRequestLimit } from './mail-quota.ts';
import { createOutbox } from './outbox.ts';

/**
 * Mails a token to any address in a request. The response and the work after it must not show whether the address has an
 * account: before the response each address causes the same insert, and nothing that depends on the address.
 * Source: ASVS 5.0 V6.3.8.
 *
 * @returns a function that accepts a mail request. It rejects with Problem 429 when the client sends too many, and with
 *   Problem 503 when too many mails are waiting
 */
export function createMailRequest(
  services: Services,
  purpose: OneTimeTokenRow['purpose'],
): (email: string, context: RequestContext) => Promise<void> {
  const limit = createMailRequestLimit(services, `${purpose}-mail`);
  const outbox = createOutbox(services);
  return async (email, context) => {
    await limit(context);
    await outbox.request({ kind: purpose, email });
  };
}
