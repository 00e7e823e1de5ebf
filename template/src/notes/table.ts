export interface NoteRow {
  id: string;
  owner_id: string;
  title: string;
  body: string;
  created_at: number;
  updated_at: number;
}

/** Adds the table to the types of all queries. */
declare module '../database/schema.ts' {
  interface Schema {
    notes: NoteRow;
  }
}
