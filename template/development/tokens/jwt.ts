import { z } from 'zod';

const tokens = z.object({ accessToken: z.string() });

/** More headers of the sign-in. */
export const signInHeaders = (_config: object): Record<string, string> => ({});

/** The access token in the response to a sign-in. */
export const tokenIn = async (response: Response): Promise<string> => tokens.parse(await response.json()).accessToken;
