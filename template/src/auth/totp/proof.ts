import { encryptionKeys } from '../../config/chosen.ts';
import { createFieldEncryption } from '../../crypto/field-encryption.ts';
import type { Field } from '../../crypto/field-encryption.ts';
import { inOneUnit } from '../../database/unit-of-work.ts';
import type { UnitOfWork } from '../../database/unit-of-work.ts';
import { Problem } from '../../http/problem.ts';
import type { RequestContext } from '../../http/request-context.ts';
import type { Services } from '../../services.ts';
import { createCodeThrottle } from './code-throttle.ts';
import type { CodeOwner } from './code-throttle.ts';
import { hashRecoveryCode, invalidCode, stepOf } from './codes.ts';
import { createFactors, isConfirmed } from './store.ts';

const OF_THE_APP = /^\d{6}$/;

/** Where the secret of a user is stored. Copied to another user it cannot be decrypted. */
export const secretField = (userId: string): Field => ({ table: 'totp_factors', column: 'secret', row: userId });

export interface Claim extends CodeOwner {
  /** Of the app, or a recovery code. */
  readonly code: string;
  readonly context: RequestContext;
}

/**
 * Uses a code up in the unit with the work that it allows, so that it works once and only if the work is stored.
 *
 * @param work calls `spend` when it has locked the account; `spend` throws Problem 401 `invalid-code`
 */
export type CodeProof = <T>(claim: Claim, work: (unit: UnitOfWork, spend: () => Promise<void>) => Promise<T>) => Promise<T>;

/** @returns a function that rejects with Problem 401 `invalid-code` or 429 */
export function createCodeProof(services: Services): CodeProof {
  const { clock, config, database } = services;
  const factors = createFactors(database);
  const encryption = createFieldEncryption(encryptionKeys(config));
  const throttle = createCodeThrottle(services);

  async function isSpent(unit: UnitOfWork, { userId, code }: Claim): Promise<boolean> {
    const factor = await factors.find(unit, userId);
    if (!isConfirmed(factor)) return false;
    if (!OF_THE_APP.test(code)) return factors.spendRecoveryCode(unit, userId, hashRecoveryCode(userId, code));
    const step = stepOf(code, encryption.decrypt(factor.secret, secretField(userId)), clock());
    return step !== undefined && factors.spendStep(unit, factor, step);
  }

  return async (claim, work) => {
    const mayPass = await throttle.begin(claim, claim.context);
    try {
      const result = await inOneUnit(database, (unit) =>
        work(unit, async () => {
          // The work is the same beyond the limit, so that its time does not show that the limit is reached.
          const spent = await isSpent(unit, claim);
          if (!spent || !mayPass) throw invalidCode();
        }),
      );
      await throttle.succeeded(claim, claim.context);
      return result;
    } catch (error) {
      if (error instanceof Problem && error.details.code === 'invalid-code') {
        claim.context.audit('authn_login_fail', { userId: claim.userId });
        await throttle.failed(claim.context);
      }
      throw error;
    }
  };
}
