import type { Request, RequestHandler, Response } from 'express';
import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import type { Principal } from '../access/principal.ts';
import { plainAddress } from '../network/client-address.ts';
import type { SecurityEvent } from '../observability/security-events.ts';
import { logSecurityEvent } from '../observability/security-log.ts';
import type { SecurityLog } from '../observability/security-log.ts';

/** What is known of a request before anybody is signed in. */
export interface RequestContext {
  /** Made by the server (UUID); in the answer's `X-Request-Id`, every log line and every problem. */
  readonly id: string;
  /** Address of the client as the trusted proxies tell it, never as the client does. */
  readonly ip: string;
  readonly userAgent: string;
  /** Aborts when the connection closes: nobody waits for the answer any more. */
  readonly gone: AbortSignal;
  /** Reports a security event with this request's id, address and principal. */
  audit(event: SecurityEvent, detail?: Readonly<Record<string, string | number | boolean>>): void;
  /** Sets a header of the answer. */
  setHeader(name: string, value: string): void;
}

/** Parsed parts of a request, as its route declares them. */
export interface Input {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** The context with what the steps of the pipeline add to it. */
export class RequestState implements RequestContext {
  readonly id = randomUUID();
  /** Pattern of the matched route: an address with ids in it would make every metric and log line unique. */
  route = 'unmatched';
  /** False for a refusal that the log has already: it is counted only, or a flood would fill the disk. */
  logged = true;
  principal: Principal | undefined;
  input: Input = { params: undefined, query: undefined, body: undefined };
  readonly #request: Request;
  readonly #response: Response;
  readonly #securityLog: SecurityLog;
  #ip: string | undefined;

  constructor(request: Request, response: Response, securityLog: SecurityLog) {
    this.#request = request;
    this.#response = response;
    this.#securityLog = securityLog;
  }

  get ip(): string {
    return (this.#ip ??= clientAddress(this.#request));
  }

  get userAgent(): string {
    return this.#request.headers['user-agent'] ?? '';
  }

  get gone(): AbortSignal {
    const closed = new AbortController();
    if (this.#response.closed) closed.abort();
    else this.#response.once('close', () => { closed.abort(); });
    return closed.signal;
  }

  setHeader(name: string, value: string): void {
    this.#response.setHeader(name, value);
  }

  audit(event: SecurityEvent, detail: Readonly<Record<string, string | number | boolean>> = {}): void {
    const { id: requestId, ip, route, principal } = this;
    const who = principal && { userId: principal.userId, sessionId: principal.sessionId };
    const { method } = this.#request;
    if (!this.logged) this.#securityLog.metrics.countEvent(event);
    else logSecurityEvent(this.#securityLog, event, { requestId, ip, method, route, ...who, ...detail });
  }
}

function clientAddress({ ip = '', socket }: Request): string {
  // A proxy may pass on what is no address: each such text would be a fresh client for the limits.
  return plainAddress(isIP(ip) > 0 ? ip : (socket.remoteAddress ?? ''));
}

type StatefulRequest = Request & { state?: RequestState };

/** Gives the request its identity. An id sent by the client is ignored: it could forge another request's trail. */
export function requestContext(securityLog: SecurityLog): RequestHandler {
  return (request: StatefulRequest, response, next) => {
    request.state = new RequestState(request, response, securityLog);
    response.setHeader('X-Request-Id', request.state.id);
    next();
  };
}

/** The context of a request that passed `requestContext`. */
export function contextOf(request: Request): RequestState {
  const { state } = request as StatefulRequest;
  if (state === undefined) throw new Error('requestContext must be mounted before whatever needs the context');
  return state;
}
