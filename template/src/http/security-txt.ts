import type { RequestHandler } from 'express';
import type { Config } from '../config/index.ts';

const PATH = '/.well-known/security.txt';
const HALF_A_YEAR_MS = 180 * 86_400_000;

interface SecurityTxtNeeds {
  readonly clock: () => number;
  readonly config: Pick<Config, 'publicUrl' | 'securityContact'>;
}

/** Says where to report vulnerabilities. Source: RFC 9116. */
export function securityTxt({ clock, config }: SecurityTxtNeeds): [string, RequestHandler][] {
  const { publicUrl, securityContact } = config;
  const contact = securityContact.startsWith('https://') ? securityContact : `mailto:${securityContact}`;
  return [
    [
      PATH,
      (_request, response) => {
        const lines = [
          `Contact: ${contact}`,
          // Calculated for each request: a fixed date would pass some day, and the file would not be valid any more.
          `Expires: ${new Date(clock() + HALF_A_YEAR_MS).toISOString()}`,
          'Preferred-Languages: en',
          `Canonical: ${publicUrl}${PATH}`,
        ];
        response.type('text/plain; charset=utf-8').send(`${lines.join('\r\n')}\r\n`);
      },
    ],
    [
      '/security.txt',
      (_request, response) => {
        response.status(301).location(PATH).end();
      },
    ],
  ];
}
