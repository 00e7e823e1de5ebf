/** All connections together, those of one address, or answers that nobody fetches. */
export type ConnectionLimit = 'total' | 'address' | 'unsent';

/** What the project counts. Labels are route patterns and event names only: a client cannot add a series. */
export interface Metrics {
  observeRequest(method: string, route: string, status: number, seconds: number): void;
  countEvent(event: string): void;
  countParserError(): void;
  /** A connection that a limit of the listener ended. */
  countRefusedConnection(limit: ConnectionLimit): void;
  /** A request that was limited without the store of the limits. */
  countLimiterFallback(): void;
  /** Text exposition for the management listener; undefined when metrics are off. */
  expose(): Promise<{ contentType: string; body: string } | undefined>;
}
