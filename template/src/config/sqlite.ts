import { setting } from './parsers.ts';

export const databaseSettings = {
  DATABASE_URL: setting('file: and a path, for example file:data/app.sqlite', (text) => (/^file:[^?#\0]+$/.test(text) ? text : undefined)),
};

/** The database as migrations reach it: a file has no accounts. */
export const migrationUrl = ({ databaseUrl }: { readonly databaseUrl: string }): string => databaseUrl;
