import { SECURITY_HEADERS } from '../middleware/security-headers.ts';

/** Response to a request that Node.js could not parse. It has fixed texts and repeats no part of the request. */
export function parserAnswer(code: string | undefined): string {
  const [status, phrase, name, title] = PARSER_ERRORS.get(code ?? '') ?? NOT_HTTP;
  const body = JSON.stringify({ type: 'about:blank', title, status, code: name });
  const headers = new Map([
    ...SECURITY_HEADERS,
    ['Content-Type', 'application/problem+json; charset=utf-8'],
    ['Content-Length', String(Buffer.byteLength(body))],
    ['Connection', 'close'],
  ]);
  const lines = [...headers].map(([header, value]) => `${header}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${phrase}\r\n${lines.join('')}\r\n${body}`;
}

type ParserError = readonly [status: number, phrase: string, code: string, title: string];

const NOT_HTTP: ParserError = [400, 'Bad Request', 'malformed-request', 'This is not a valid HTTP request.'];

const PARSER_ERRORS: ReadonlyMap<string, ParserError> = new Map([
  ['HPE_HEADER_OVERFLOW', [431, 'Request Header Fields Too Large', 'headers-too-large', 'The headers are too large.']],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'Request Timeout', 'request-timeout', 'The request was sent too slowly.']],
]);
