/** Routes of the second factor and who may call them. Written a second time on purpose, as in `authorization.test.ts`. */
export const FACTOR_ROUTES = {
  'POST /api/v1/auth/login/totp': 'anyone',
  'GET /api/v1/me/second-factor': 'signed-in',
  'POST /api/v1/me/second-factor': 'signed-in',
  'POST /api/v1/me/second-factor/confirm': 'signed-in',
  'POST /api/v1/me/second-factor/recovery-codes': 'signed-in',
  'POST /api/v1/me/second-factor/removal': 'signed-in',
  'DELETE /api/v1/users/:id/second-factor': 'users:write',
} as const;
