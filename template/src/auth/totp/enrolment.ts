import type { z } from 'zod';
import type { Principal, Profile } from '../../access/principal.ts';
import { encryptionKeys } from '../../config/chosen.ts';
import { createFieldEncryption } from '../../crypto/field-encryption.ts';
import { inOneUnit } from '../../database/unit-of-work.ts';
import type { RequestContext } from '../../http/request-context.ts';
import type { Services } from '../../services.ts';
import { createTokenRotation } from '../chosen-rotation.ts';
import { createOutbox } from '../outbox.ts';
import { createPasswordProof } from '../password-proof.ts';
import { createSessions } from '../session-store.ts';
import { invalidCredentials } from '../sign-in.ts';
import { createCodeThrottle } from './code-throttle.ts';
import { createRecoveryCodes, createSecret, hashRecoveryCode, invalidCode, stepOf, textOf, uriOf } from './codes.ts';
import { secretField } from './proof.ts';
import { alreadyEnrolled, ENROLMENT_MS, notEnrolled } from './rules.ts';
import type { enrolment, recoveryCodes } from './rules.ts';
import { createFactors, isConfirmed } from './store.ts';

/** Enrols an authenticator app in two steps: the second one proves that the app has the secret. */
export function createEnrolment(services: Services) {
  const { clock, config, database } = services;
  const factors = createFactors(database);
  const sessions = createSessions(database);
  const encryption = createFieldEncryption(encryptionKeys(config));
  const rotation = createTokenRotation(database);
  const prove = createPasswordProof(services);
  const throttle = createCodeThrottle(services);
  const outbox = createOutbox(services);

  async function begin(password: string, principal: Principal, context: RequestContext): Promise<z.input<typeof enrolment>> {
    const { userId } = principal;
    const proven = await prove(password, principal, context);
    const [secret, now] = [createSecret(), clock()];
    await inOneUnit(database, async (unit) => {
      // Password and account may have changed during the hash.
      const owner = await factors.lockOwner(unit, userId);
      if (owner?.disabled_at !== null || owner.password_hash !== proven.password_hash) throw invalidCredentials();
      if (isConfirmed(await factors.find(unit, userId))) throw alreadyEnrolled();
      const encrypted = encryption.encrypt(secret, secretField(userId));
      await factors.begin(unit, { user_id: userId, secret: encrypted, created_at: now, confirmed_at: null, last_step: 0 });
    });
    return { secret: textOf(secret), uri: uriOf(secret, proven.email) };
  }

  async function confirm(
    code: string,
    owner: Principal & Pick<Profile, 'email'>,
    context: RequestContext,
  ): Promise<z.input<typeof recoveryCodes>> {
    const { userId, sessionId, email } = owner;
    const codes = createRecoveryCodes();
    // The caller knows the secret, so this hides nothing: it only bounds the work.
    await throttle.begin(owner, context);
    const sendNewToken = await inOneUnit(database, async (unit) => {
      const account = await factors.lockOwner(unit, userId);
      const [factor, now] = [await factors.find(unit, userId), clock()];
      const isOpen = factor?.confirmed_at === null && factor.created_at > now - ENROLMENT_MS;
      if (account?.disabled_at !== null || !isOpen) throw notEnrolled();
      const step = stepOf(code, encryption.decrypt(factor.secret, secretField(userId)), now);
      if (step === undefined || !(await factors.confirm(unit, factor, { now, step }))) throw invalidCode();
      const hashes = codes.map((recoveryCode) => hashRecoveryCode(userId, recoveryCode));
      await factors.replaceRecoveryCodes(unit, userId, hashes);
      // They were opened with the password alone, perhaps by somebody else.
      await sessions.endAll(unit, { userId, now, except: sessionId });
      await outbox.notify(unit, { kind: 'second-factor-added', email });
      // The session can do more from now on.
      return rotation.atOwnChange(unit, sessionId);
    });
    sendNewToken(context);
    await throttle.succeeded(owner, context);
    context.audit('authn_factor_change', { change: 'added' });
    return { recoveryCodes: codes };
  }

  return { begin, confirm };
}
