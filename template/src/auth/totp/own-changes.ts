import type { z } from 'zod';
import type { Principal } from '../../access/principal.ts';
import type { UnitOfWork } from '../../database/unit-of-work.ts';
import type { RequestContext } from '../../http/request-context.ts';
import type { Services } from '../../services.ts';
import { createOutbox } from '../outbox.ts';
import { createPasswordProof } from '../password-proof.ts';
import { invalidCredentials } from '../sign-in.ts';
import { hashRecoveryCode } from './codes.ts';
import { createPendingSignIns } from './pending-store.ts';
import { createCodeProof } from './proof.ts';
import type { passwordAndCode } from './rules.ts';
import { createFactors } from './store.ts';

type Proofs = z.output<typeof passwordAndCode>;

/** Changes of an enrolled factor. Each needs the password and a fresh code, and its owner gets a mail. */
export function createOwnChanges(services: Services) {
  const { database } = services;
  const factors = createFactors(database);
  const pendings = createPendingSignIns(database);
  const provePassword = createPasswordProof(services);
  const proveCode = createCodeProof(services);
  const outbox = createOutbox(services);

  async function change(
    { password, code }: Proofs,
    principal: Principal,
    context: RequestContext,
    work: (unit: UnitOfWork, email: string) => Promise<void>,
  ): Promise<void> {
    const { userId } = principal;
    const { email, password_hash } = await provePassword(password, principal, context);
    await proveCode({ userId, email, code, context }, async (unit, spend) => {
      const owner = await factors.lockOwner(unit, userId);
      if (owner?.disabled_at !== null || owner.password_hash !== password_hash) throw invalidCredentials();
      await spend();
      await work(unit, email);
    });
  }

  return {
    replaceRecoveryCodes: async (
      proofs: Proofs,
      principal: Principal,
      context: RequestContext,
      codes: readonly string[],
    ): Promise<void> => {
      const { userId } = principal;
      const hashes = codes.map((code) => hashRecoveryCode(userId, code));
      await change(proofs, principal, context, async (unit, email) => {
        await factors.replaceRecoveryCodes(unit, userId, hashes);
        await outbox.notify(unit, { kind: 'recovery-codes-replaced', email });
      });
      context.audit('authn_factor_change', { change: 'recovery-codes' });
    },

    remove: async (proofs: Proofs, principal: Principal, context: RequestContext): Promise<void> => {
      const { userId } = principal;
      await change(proofs, principal, context, async (unit, email) => {
        await factors.remove(unit, userId);
        await pendings.endAll(unit, userId);
        await outbox.notify(unit, { kind: 'second-factor-removed', email });
      });
      context.audit('authn_factor_change', { change: 'removed' });
    },
  };
}
