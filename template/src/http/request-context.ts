import type { Request, RequestHandler, Response } from 'express';
import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import type { Caller, Principal } from '../access/principal.ts';
import type { SecurityEvent } from '../observability/security-events.ts';
import { logSecurityEvent } from '../observability/security-log.ts';
import type { SecurityLog } from '../observability/security-log.ts';
import { plainAddress } from '../network/client-address.ts';

/** What is known about a request before the caller is authenticated. */
export interface RequestContext {
  /** UUID made by the server; sent as `X-Request-Id` and in every problem, and written to every log line. */
  readonly id: string;
  /** Address of the client: of the connection or from a trusted proxy, never from the client itself. */
  readonly ip: string;
  readonly userAgent: string;
  /** The `Cookie` header. */
  readonly cookies: string | undefined;
  /** Aborts when the client has disconnected. */
  readonly gone: AbortSignal;
  /** Reports a security event with this request's id, address and principal. */
  audit(event: SecurityEvent, detail?: Readonly<Record<string, string | number | boolean>>): void;
  /** Sets a header of the response. */
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
  /** Pattern of the matched route: with ids in the path, every request would add a new metric series. */
  route = 'unmatched';
  /** False for repeated refusals: they are only counted, so that a flood cannot fill the disk with log lines. */
  logged = true;
  caller: Caller | undefined;
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

  get principal(): Principal | undefined {
    return this.caller?.principal;
  }

  get ip(): string {
    return (this.#ip ??= clientAddress(this.#request));
  }

  get userAgent(): string {
    return this.#request.headers['user-agent'] ?? '';
  }

  get cookies(): string | undefined {
    return this.#request.headers.cookie;
  }

  get gone(): AbortSignal {
    const closed = new AbortController();
    if (this.#response.closed) closed.abort();
    else
      this.#response.once('close', () => {
        closed.abort();
      });
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
  // A proxy may pass on text that is not an address. The limits would count each such text as a new client.
  return plainAddress(isIP(ip) > 0 ? ip : (socket.remoteAddress ?? ''));
}

type StatefulRequest = Request & { state?: RequestState };

/** Gives the request its id. An id from the client is ignored: it could be the id of another request in the log. */
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
