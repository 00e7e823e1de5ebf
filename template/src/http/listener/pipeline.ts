import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

interface Line {
  readonly waiting: [IncomingMessage, ServerResponse][];
  closing: boolean;
}

/**
 * Works on one request of a connection at a time. Node.js hands over all requests that one packet brings at once:
 * two thousand of them would be at work before the first is answered, and other connections would wait for all.
 * Source: RFC 9112 section 9.3.2.
 *
 * @param maxWaiting requests that may wait on one connection; with one more it is closed after their answers
 */
export function oneAtATime(handler: RequestListener, maxWaiting: number): RequestListener {
  const lines = new WeakMap<Socket, Line>();

  function work(line: Line, request: IncomingMessage, response: ServerResponse): void {
    response.once('close', () => {
      const next = line.waiting.shift();
      // After the last answer, and after `Connection: close`, what else was sent is not looked at.
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
