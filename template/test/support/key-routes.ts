/** Routes of API keys and who may call them. Written a second time on purpose, as in `authorization.test.ts`. */
export const KEY_ROUTES = {
  'POST /api/v1/me/api-keys': 'signed-in',
  'GET /api/v1/me/api-keys': 'signed-in',
  'DELETE /api/v1/me/api-keys/:id': 'signed-in',
} as const;
