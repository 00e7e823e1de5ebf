import { isIP } from 'node:net';
import { z } from 'zod';

/**
 * Parses the text of a setting. If the text is invalid, the rule is printed, but never the text.
 *
 * @param rule completes "NAME must be …"
 * @param parse returns undefined for an invalid text
 */
export const setting = <T>(rule: string, parse: (text: string) => T | undefined) =>
  z.string({ error: rule }).transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: rule });
    return z.NEVER;
  });

export const choice = <const T extends string>(...values: readonly T[]) =>
  setting(`one of ${values.join(', ')}`, (text) => values.find((value) => value === text));

/** A whole number in digits only: `Number` alone would read '' as 0 and '1e9' as a billion. */
export const integer = (min: number, max: number) =>
  setting(`a whole number from ${min} to ${max}`, (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : -1;
    return value >= min && value <= max ? value : undefined;
  });

export const address = () => setting('an IP address to listen on', (text) => (isIP(text) > 0 ? text : undefined));

export const origin = () => setting('an origin such as https://api.example.com, without path or trailing slash', parseOrigin);

/** Comma-separated. */
export const list = <T>(rule: string, parse: (item: string) => T | undefined) =>
  setting(`a comma-separated list of ${rule}`, (text): readonly T[] | undefined => {
    const items = text.split(',').map((item) => parse(item.trim()));
    return items.every((item) => item !== undefined) ? items : undefined;
  });

export const hosts = () =>
  list('host names without port', (item) =>
    /^(?:[a-z0-9][a-z0-9.-]{0,252}|\[[0-9a-f:.]{2,45}\])$/i.test(item) ? item.toLowerCase() : undefined,
  );

export const origins = () => list('exact origins such as https://app.example.com (never *)', parseOrigin);

/** A trusted proxy decides the client's address, so names, hop counts and very large networks are refused. */
export const proxies = () =>
  list('exact IP addresses or networks such as 10.0.0.0/24 (never true, * or a number of hops)', (item) => {
    const [ip = '', bits, ...rest] = item.split('/');
    const version = isIP(ip);
    if (version === 0 || rest.length > 0) return undefined;
    if (bits === undefined) return item;
    const [least, most] = version === 4 ? [8, 32] : [16, 128];
    return /^\d{1,3}$/.test(bits) && Number(bits) >= least && Number(bits) <= most ? item : undefined;
  });

/** Where people report vulnerabilities; RFC 9116 allows these forms. */
export const contact = () =>
  setting('an e-mail address or an https URL', (text) =>
    /^(?:[\w.+-]{1,64}@[a-z0-9.-]{1,190}|https:\/\/[\w.~/-]{1,190})$/i.test(text) ? text : undefined,
  );

/** A mailbox: `name@example.com` or `Name <name@example.com>`. A line break in it could add headers to mails. */
export const mailbox = () =>
  setting('an address such as no-reply@example.com or My API <no-reply@example.com>', (text) =>
    /^(?:[\w.+-]{1,64}@[a-z0-9.-]{1,190}|[\w .-]{1,64} <[\w.+-]{1,64}@[a-z0-9.-]{1,190}>)$/i.test(text) ? text : undefined,
  );

export const url = (rule: string, ...protocols: readonly string[]) =>
  setting(rule, (text) => (protocols.includes(URL.parse(text)?.protocol ?? '') ? text : undefined));

const PLACEHOLDER = /change[-_]?me|change[-_]?this|placeholder|example|secret|password|default/i;

/** Whether the text looks like a placeholder from documentation. */
export const isPlaceholder = (text: string): boolean => PLACEHOLDER.test(text);

/**
 * A random key, decoded. Source: ASVS 5.0 13.2.3, 11.2.3.
 * Signing libraries accept a key of six letters, and anyone who guesses the key can sign in as any user.
 */
export const secret = () =>
  setting('at least 32 random bytes in base64url or hex (npm run setup makes one)', (text): Uint8Array | undefined => {
    if (isPlaceholder(text) || !/^[\w+/-]{43,1024}={0,2}$/.test(text)) return undefined;
    const bytes = Buffer.from(text, /^[0-9a-f]+$/i.test(text) ? 'hex' : 'base64');
    return bytes.length >= 32 && new Set(bytes).size >= 16 ? new Uint8Array(bytes) : undefined;
  });

/**
 * A secret, and the one before the last rotation if it still counts. Both are accepted; only the first makes anything new.
 * Source: ASVS 5.0 V13.3.4.
 */
export type SecretSlots = readonly [present: Uint8Array, ...previous: readonly Uint8Array[]];

export const secretSlots = (present: Uint8Array, previous: Uint8Array | undefined): SecretSlots =>
  previous === undefined ? [present] : [present, previous];

function parseOrigin(text: string): string | undefined {
  const parsed = URL.parse(text);
  // Origins are compared as whole strings: a * would look like a wildcard and match no origin.
  return parsed?.origin === text && /^https?:$/.test(parsed.protocol) && !text.includes('*') ? text : undefined;
}
