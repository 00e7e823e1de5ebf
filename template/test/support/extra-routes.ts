import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { createApp } from '../../src/app.ts';
import type { AnyRoute } from '../../src/http/route.ts';
import { createFeatures } from '../../src/routes.ts';
import type { TestServer } from './server.ts';
import type { Answer } from './problems.ts';

/**
 * Starts the real application with additional routes that misbehave.
 *
 * @returns a function that requests a path
 */
export async function startWithRoutes(
  t: TestContext,
  { services }: Pick<TestServer, 'services'>,
  routes: readonly AnyRoute[],
): Promise<(path: string, init?: RequestInit) => Promise<Answer>> {
  const features = createFeatures(services);
  const listener = http.createServer(createApp(services, { ...features, routes: [...features.routes, ...routes] }));
  await new Promise<void>((resolve) => {
    listener.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    listener.close();
    listener.closeAllConnections();
  });
  const { port } = listener.address() as AddressInfo;
  return async (path, init) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, init);
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
}
