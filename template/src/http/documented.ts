import { z } from 'zod';

/**
 * JSON Schema for schemas with transforms or checks that zod cannot express in JSON Schema. It replaces what zod derives,
 * so it must not allow more than the schema accepts.
 */
export const DOCUMENTED = z.registry<Readonly<Record<string, unknown>>>();
