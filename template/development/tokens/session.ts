/** More headers of the sign-in: a program has to name the origin, which a browser does by itself. */
export const signInHeaders = ({ publicUrl }: { readonly publicUrl: string }): Record<string, string> => ({ Origin: publicUrl });

/** The cookie in the response to a sign-in, as the header `Cookie` needs it. */
export function tokenIn(response: Response): Promise<string> {
  const [cookie = ''] = (response.headers.getSetCookie()[0] ?? '').split(';');
  return Promise.resolve(cookie);
}
