import type { ListenerNeeds } from '../../src/http/listener/http-server.ts';

/** Options for a listener without proxies; its log and metrics are dropped. */
export const UNOBSERVED: ListenerNeeds = {
  log: { at: () => undefined },
  metrics: { countParserError: () => undefined, countRefusedConnection: () => undefined },
  trustedProxies: [],
};
