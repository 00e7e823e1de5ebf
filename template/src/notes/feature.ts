import type { Feature } from '../feature.ts';
import { migrations } from './migrations.ts';
import { noteRoutes } from './routes.ts';

export const notes: Feature = {
  routes: noteRoutes,
  migrations,
  ownedByUser: [{ table: 'notes', key: 'id', owner: 'owner_id', largestRow: 32_000 }],
};
