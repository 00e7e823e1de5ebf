import { notFound } from '../http/problem.ts';
import { can, route } from '../http/route.ts';
import type { AnyRoute } from '../http/route.ts';
import { pageQuery, toPage } from '../http/pagination.ts';
import type { Services } from '../services.ts';
import { tooManyNotes } from './rules.ts';
import { createNotes } from './store.ts';
import { newNote, note, noteChange, noteId, notePage, toNote } from './schema.ts';

const access = can('notes:own');

/** Notes of the caller. */
export function noteRoutes({ database, clock }: Services): readonly AnyRoute[] {
  const notes = createNotes(database, clock);

  return [
    route({
      method: 'get',
      path: '/api/v1/notes',
      summary: 'Your notes, newest first',
      access,
      query: pageQuery,
      status: 200,
      response: notePage,
      handle: async ({ principal, query }) => toPage(await notes.pageOfOwner(principal, query), query.limit, toNote),
    }),
    route({
      method: 'post',
      path: '/api/v1/notes',
      summary: 'Write a note',
      access,
      body: newNote,
      bodyLimit: 65_536,
      conflicts: ['too-many-notes'],
      status: 201,
      response: note,
      handle: async ({ principal, body, context }) => {
        const created = await notes.create(principal, body);
        if (!created) throw tooManyNotes();
        context.setHeader('Location', `/api/v1/notes/${created.id}`);
        return toNote(created);
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/notes/:id',
      summary: 'One of your notes',
      access,
      params: noteId,
      status: 200,
      response: note,
      handle: async ({ principal, params }) => toNote((await notes.find(principal, params.id)) ?? absent()),
    }),
    route({
      method: 'patch',
      path: '/api/v1/notes/:id',
      summary: 'Change the title or the body of a note',
      access,
      params: noteId,
      body: noteChange,
      bodyLimit: 65_536,
      status: 200,
      response: note,
      handle: async ({ principal, params, body }) => toNote((await notes.change(principal, params.id, body)) ?? absent()),
    }),
    route({
      method: 'delete',
      path: '/api/v1/notes/:id',
      summary: 'Delete a note',
      access,
      params: noteId,
      status: 204,
      handle: async ({ principal, params }) => {
        if (!(await notes.remove(principal, params.id))) absent();
        return undefined;
      },
    }),
  ];
}

function absent(): never {
  throw notFound();
}
