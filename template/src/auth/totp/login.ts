import { z } from 'zod';
import { createOpaqueToken, hashOpaqueToken } from '../../crypto/opaque-token.ts';
import { inOneUnit } from '../../database/unit-of-work.ts';
import type { UnitOfWork } from '../../database/unit-of-work.ts';
import { unauthenticated } from '../../http/problem.ts';
import type { RequestContext } from '../../http/request-context.ts';
import { dangerouslyPublic, route } from '../../http/route.ts';
import type { AnyRoute } from '../../http/route.ts';
import type { Services } from '../../services.ts';
import { createAccounts } from '../account-store.ts';
import type { SessionOpening } from '../session-opening.ts';
import { createPasswordCheck, createSessionOpening, credentials, keepPassword } from '../sign-in.ts';
import type { CheckedPassword, Completion } from '../sign-in.ts';
import { createPendingSignIns } from './pending-store.ts';
import { createCodeProof } from './proof.ts';
import { finish, pending, PENDING_MS, PENDING_TRIES, proofOf } from './rules.ts';
import { createFactors, isConfirmed } from './store.ts';
import type { FactorOwner } from './store.ts';

/** Thrown when the unit is stored, so that the strategy opens no session. */
class CodeNeeded extends Error {
  readonly pendingToken: string;

  constructor(pendingToken: string) {
    super('a code is needed');
    this.pendingToken = pendingToken;
  }
}

/** The login in one or two steps, for any strategy: an account with a second factor gets a session for its code only. */
export function loginRoutes<R extends z.ZodType>(services: Services, opening: SessionOpening<R>): readonly AnyRoute[] {
  const withPassword = createPasswordStep(services);
  const withCode = createCodeStep(services);
  const session: z.ZodType = opening.response;

  const login = route({
    method: 'post',
    path: '/api/v1/auth/login',
    summary: `${opening.summary}; with a second factor, for a token that only finishes this login`,
    access: dangerouslyPublic('the password is the proof'),
    body: credentials,
    problems: opening.problems,
    status: 200,
    response: z.union([session, pending]),
    handle: ({ body, context }) =>
      opening
        .open(context, (complete) => withPassword(body, context, complete))
        .catch((error: unknown): unknown => {
          if (error instanceof CodeNeeded) return { pendingToken: error.pendingToken, expiresIn: PENDING_MS / 1000 };
          throw error;
        }),
  });

  const finishLogin = route({
    method: 'post',
    path: '/api/v1/auth/login/totp',
    summary: 'Finish a login with a code of the authenticator app, or with a recovery code',
    access: dangerouslyPublic('the token of the first step and the code are the proof'),
    body: finish,
    problems: opening.problems,
    status: 200,
    response: session,
    handle: ({ body, context }) => opening.open(context, (complete) => withCode(body, context, complete)),
  });

  return [login, finishLogin];
}

function createPasswordStep(services: Services) {
  const { database, clock } = services;
  const accounts = createAccounts(database);
  const factors = createFactors(database);
  const pendings = createPendingSignIns(database);
  const check = createPasswordCheck(services);
  const openSession = createSessionOpening(services);

  async function hold(unit: UnitOfWork, { userId, newHash }: CheckedPassword): Promise<string> {
    const token = createOpaqueToken();
    const row = { token_hash: hashOpaqueToken(token), user_id: userId, password_proof: proofOf(newHash) };
    await pendings.add(unit, { ...row, tries: 0, expires_at: clock() + PENDING_MS });
    return token;
  }

  return async <T>(claimed: z.output<typeof credentials>, context: RequestContext, complete: Completion<T>): Promise<T> => {
    const checked = await check(claimed, context);
    const outcome = await inOneUnit(database, async (unit) => {
      await keepPassword(accounts, unit, checked);
      const factor = await factors.find(unit, checked.userId);
      if (isConfirmed(factor)) return { pendingToken: await hold(unit, checked) };
      return { opened: await openSession(unit, checked.userId, context, complete) };
    });
    await checked.succeeded();
    if ('pendingToken' in outcome) throw new CodeNeeded(outcome.pendingToken);
    context.audit('authn_login_success', { userId: checked.userId });
    return outcome.opened;
  };
}

function createCodeStep(services: Services) {
  const { database, clock } = services;
  const accounts = createAccounts(database);
  const factors = createFactors(database);
  const pendings = createPendingSignIns(database);
  const prove = createCodeProof(services);
  const openSession = createSessionOpening(services);

  return async <T>({ pendingToken, code }: z.output<typeof finish>, context: RequestContext, complete: Completion<T>): Promise<T> => {
    const hash = hashOpaqueToken(pendingToken);
    const waiting = await pendings.countTry(hash, { most: PENDING_TRIES, now: clock() });
    if (!waiting) throw unauthenticated('invalid-token');
    const userId = waiting.user_id;
    const { email } = await accounts.readPassword(userId);
    const result = await prove({ userId, email, code, context }, async (unit, spend) => {
      const owner = await factors.lockOwner(unit, userId);
      if (!canSignIn(owner, waiting.password_proof) || !(await pendings.use(unit, hash))) throw unauthenticated('invalid-token');
      await spend();
      return openSession(unit, userId, context, complete);
    });
    context.audit('authn_login_success', { userId });
    return result;
  };
}

/** Password and account may have changed since the first step. */
function canSignIn(owner: FactorOwner | undefined, proof: string): boolean {
  if (!owner?.password_hash || owner.disabled_at !== null || owner.email_verified_at === null) return false;
  return proofOf(owner.password_hash) === proof;
}
