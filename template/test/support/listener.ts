import type { ListenerNeeds } from '../../src/http/listener/http-server.ts';

/** A listener without proxies whose log and counts the test does not look at. */
export const UNOBSERVED: ListenerNeeds = {
  log: { at: () => undefined },
  metrics: { countParserError: () => undefined, countRefusedConnection: () => undefined },
  trustedProxies: [],
};
