/** What the project counts. Labels are route patterns and event names only: a client cannot add a series. */
export interface Metrics {
  observeRequest(method: string, route: string, status: number, seconds: number): void;
  countEvent(event: string): void;
  countParserError(): void;
  /** Text exposition for the management listener; undefined when metrics are off. */
  expose(): Promise<{ contentType: string; body: string } | undefined>;
}
