import { z } from 'zod';

/**
 * What the OpenAPI document says of a schema that transforms or checks in ways JSON Schema cannot see. It replaces what
 * zod derives, so it must promise no more than the schema accepts.
 */
export const DOCUMENTED = z.registry<Readonly<Record<string, unknown>>>();
