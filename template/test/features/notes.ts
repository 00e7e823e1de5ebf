import { NOTES_PER_OWNER } from '../../src/notes/rules.ts';
import type { FeatureAttacks } from '../support/features.ts';

/** What `test/features.test.ts` and `test/authorization.test.ts` need to attack the routes of src/notes. */
export const attacks: FeatureAttacks = {
  routes: {
    'GET /api/v1/notes': { caller: 'notes:own' },
    'POST /api/v1/notes': { caller: 'notes:own', body: { title: 'A title', body: 'A text' } },
    'GET /api/v1/notes/:id': { caller: 'notes:own' },
    'PATCH /api/v1/notes/:id': { caller: 'notes:own', body: { title: 'Another title' } },
    'DELETE /api/v1/notes/:id': { caller: 'notes:own' },
  },
  objects: { create: 'POST /api/v1/notes', table: 'notes', quota: NOTES_PER_OWNER, overQuota: 'too-many-notes' },
};
