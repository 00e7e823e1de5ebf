/** Limit of all connections, of connections of one address, or of unsent response bytes. */
export type ConnectionLimit = 'total' | 'address' | 'unsent';

/** Metrics of the project. Labels are route patterns and event names only, so that clients cannot add series. */
export interface Metrics {
  observeRequest(method: string, route: string, status: number, seconds: number): void;
  countEvent(event: string): void;
  countParserError(): void;
  /** A connection that a limit of the listener closed. */
  countRefusedConnection(limit: ConnectionLimit): void;
  /** A request that was limited by the count of this process because the store failed. */
  countLimiterFallback(): void;
  /** Text exposition for the management listener; undefined when metrics are off. */
  expose(): Promise<{ contentType: string; body: string } | undefined>;
}
