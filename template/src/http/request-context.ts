import type { SecurityEvent } from '../operations/security-events.ts';

/** What is known of a request before anybody is signed in. */
export interface RequestContext {
  /** Made by the server (UUID); in the answer's `X-Request-Id`, every log line and every problem. */
  readonly id: string;
  /** Address of the client as the trusted proxies tell it, never as the client does. */
  readonly ip: string;
  readonly userAgent: string;
  /** Reports a security event with this request's id, address and principal. */
  audit(event: SecurityEvent, detail?: Readonly<Record<string, string | number | boolean>>): void;
  /** Sets a header of the answer. */
  setHeader(name: string, value: string): void;
}
