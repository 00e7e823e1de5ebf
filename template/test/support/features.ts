import { existsSync, readdirSync } from 'node:fs';
import type { Permission } from '../../src/access/policy.ts';
import type { Access } from '../../src/access/rules.ts';
import type { Schema } from '../../src/database/schema.ts';
import type { Feature } from '../../src/feature.ts';
import type { AnyRoute } from '../../src/http/route.ts';

/** Everybody, every signed-in caller, or the callers whose role holds the permission. */
export type Caller = 'anyone' | 'signed-in' | Permission;

export interface RouteAttack {
  /** Who may call it. Written a second time on purpose: a change of access must be made in two places. */
  readonly caller: Caller;
  /** Whether the permission belongs to administrators only: other users must get 403. Default: false. */
  readonly adminOnly?: true;
  /** A valid body, without fields that have defaults. Default: none. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** Why other users may call it with the id of an object. Default: they must get 404. */
  readonly dangerouslyShared?: string;
}

/** The objects that an account creates and that only this account may use. */
export interface OwnedObjects {
  /** The route that creates one. */
  readonly create: string;
  readonly table: keyof Schema;
  /** How many an account may have, at least eleven, and the code of the 409 for one more. */
  readonly quota: number;
  readonly overQuota: string;
}

/** `test/features/NAME.ts` exports this as `attacks`, for the feature in `src/NAME`. */
export interface FeatureAttacks {
  /** All routes of the feature, by method and path. */
  readonly routes: Readonly<Record<string, RouteAttack>>;
  /** Required if a route has an id in its path, unless all of them are `adminOnly` or `dangerouslyShared`. */
  readonly objects?: OwnedObjects;
}

export interface FoundFeature {
  /** Its folder in `src`. */
  readonly name: string;
  /** What its `feature.ts` exports. */
  readonly feature: Feature;
  /** What its file in `test/features` exports; undefined if there is no such file. */
  readonly attacks: FeatureAttacks | undefined;
}

const SOURCES = new URL('../../src/', import.meta.url);

/** Every folder of `src` that has a `feature.ts`, listed in `src/features.ts` or not. */
export const FEATURES: readonly FoundFeature[] = await Promise.all(
  readdirSync(SOURCES)
    .filter((name) => existsSync(new URL(`${name}/feature.ts`, SOURCES)))
    .map(async (name) => {
      const [feature] = Object.values((await import(new URL(`${name}/feature.ts`, SOURCES).href)) as Record<string, Feature>);
      if (!feature) throw new Error(`src/${name}/feature.ts exports no feature.`);
      return { name, feature, attacks: await attacksOf(name) };
    }),
);

async function attacksOf(name: string): Promise<FeatureAttacks | undefined> {
  const file = new URL(`../features/${name}.ts`, import.meta.url);
  return existsSync(file) ? ((await import(file.href)) as { attacks: FeatureAttacks }).attacks : undefined;
}

/** The name of a route in access tables, for example `GET /api/v1/notes/:id`. */
export const operationOf = ({ method, path }: Pick<AnyRoute, 'method' | 'path'>): string => `${method.toUpperCase()} ${path}`;

/** Who may call the route, as it declares. */
export function declaredCaller(access: Access): Caller {
  if (access.kind === 'permission') return access.permission;
  return access.kind === 'public' ? 'anyone' : 'signed-in';
}

/** The method of an operation such as `GET /api/v1/notes/:id`. */
export const methodOf = (operation: string): string => operation.slice(0, operation.indexOf(' '));

/** The path of an operation, with an id in the place of its parameters. */
export const pathOf = (operation: string, id = ''): string => operation.slice(operation.indexOf(' ') + 1).replaceAll(/:\w+/g, id);

/** Sorts operations so that what deletes an object comes after what uses it. */
export const deletionLast = ([first]: readonly [string, unknown], [second]: readonly [string, unknown]): number =>
  Number(methodOf(first) === 'DELETE') - Number(methodOf(second) === 'DELETE');
