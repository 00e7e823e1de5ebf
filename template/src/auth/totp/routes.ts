import { authenticatedBeforeEnrolment, needsSecondFactor } from '../../access/enrolment.ts';
import { authenticated, route } from '../../http/route.ts';
import type { AnyRoute } from '../../http/route.ts';
import type { Services } from '../../services.ts';
import { createRecoveryCodes, RECOVERY_CODES } from './codes.ts';
import { createEnrolment } from './enrolment.ts';
import { createOwnChanges } from './own-changes.ts';
import { codeOnly, enrolment, passwordAndCode, passwordOnly, recoveryCodes, status } from './rules.ts';
import { createFactors } from './store.ts';

const PATH = '/api/v1/me/second-factor';

/** The second factor of the caller. */
export function factorRoutes(services: Services): readonly AnyRoute[] {
  const factors = createFactors(services.database);
  const { begin, confirm } = createEnrolment(services);
  const { remove, replaceRecoveryCodes } = createOwnChanges(services);

  return [
    route({
      method: 'get',
      path: PATH,
      summary: 'Whether you have a second factor, and how many recovery codes are left',
      access: authenticatedBeforeEnrolment,
      status: 200,
      response: status,
      handle: async ({ principal: { userId, role } }) => {
        const factor = await factors.find(services.database, userId);
        const enrolledAt = factor?.confirmed_at ?? null;
        return {
          enrolled: enrolledAt !== null,
          required: needsSecondFactor(role),
          enrolledAt: enrolledAt === null ? null : new Date(enrolledAt).toISOString(),
          recoveryCodesLeft: Math.min(RECOVERY_CODES, await factors.countRecoveryCodes(userId)),
        };
      },
    }),
    route({
      method: 'post',
      path: PATH,
      summary: 'Begin to enrol an authenticator app: the response has its secret, also as the content of a QR code',
      access: authenticatedBeforeEnrolment,
      body: passwordOnly,
      problems: [401],
      conflicts: ['second-factor-exists'],
      status: 200,
      response: enrolment,
      handle: ({ body, principal, context }) => begin(body.password, principal, context),
    }),
    route({
      method: 'post',
      path: `${PATH}/confirm`,
      summary: 'Finish the enrolment with a code of the app; your other sessions end, and the response shows your recovery codes once',
      access: authenticatedBeforeEnrolment,
      body: codeOnly,
      problems: [401],
      conflicts: ['no-second-factor'],
      status: 200,
      response: recoveryCodes,
      handle: ({ body, principal, profile: { email }, context }) => confirm(body.code, { ...principal, email }, context),
    }),
    route({
      method: 'post',
      path: `${PATH}/recovery-codes`,
      summary: 'Get new recovery codes; the old ones stop working',
      access: authenticated,
      body: passwordAndCode,
      problems: [401],
      status: 200,
      response: recoveryCodes,
      handle: async ({ body, principal, context }) => {
        const codes = createRecoveryCodes();
        await replaceRecoveryCodes(body, principal, context, codes);
        return { recoveryCodes: codes };
      },
    }),
    route({
      method: 'post',
      path: `${PATH}/removal`,
      summary: 'Remove your second factor; needs the password and a code',
      access: authenticated,
      body: passwordAndCode,
      problems: [401],
      status: 204,
      handle: async ({ body, principal, context }) => {
        await remove(body, principal, context);
        return undefined;
      },
    }),
  ];
}
