import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

interface Line {
  readonly waiting: [IncomingMessage, ServerResponse][];
  closing: boolean;
}

/**
 * Handles one request of a connection at a time. Node.js emits all requests of one packet at once: two thousand of them
 * would run before the first gets its response, and other connections would wait for all of them.
 * Source: RFC 9112 section 9.3.2.
 *
 * @param maxWaiting requests that may wait on one connection; with one more, it is closed after their responses
 */
export function oneAtATime(handler: RequestListener, maxWaiting: number): RequestListener {
  const lines = new WeakMap<Socket, Line>();

  function work(line: Line, request: IncomingMessage, response: ServerResponse): void {
    response.once('close', () => {
      const next = line.waiting.shift();
      // After `Connection: close` the socket is not writable: requests that still wait are dropped.
      if (next !== undefined && request.socket.writable) work(line, ...next);
      else if (next === undefined && !line.closing) lines.delete(request.socket);
    });
    handler(request, response);
  }

  return (request, response) => {
    const line = lines.get(request.socket);
    if (line === undefined) {
      const first = { waiting: [], closing: false };
      lines.set(request.socket, first);
      work(first, request, response);
    } else if (line.waiting.length < maxWaiting && !line.closing) {
      line.waiting.push([request, response]);
    } else {
      line.closing = true;
      line.waiting.at(-1)?.[1].setHeader('Connection', 'close');
    }
  };
}
