import { overloaded } from '../../http/problem.ts';
import type { Counter, CounterOptions } from '../../rate-limit/counter.ts';
import type { Services } from '../../services.ts';

const RETRY_AFTER_SECONDS = 5;

/** A counter that fails closed: when its store fails, it throws Problem 503, because guesses would be unlimited. */
export function closingCounter({ counter, log }: Services, options: CounterOptions): Counter {
  const counts = counter(options);
  const refuse = (error: unknown): never => {
    log.error('rate_limit_error', { error });
    throw overloaded(RETRY_AFTER_SECONDS);
  };
  return {
    increment: (key) => counts.increment(key).catch(refuse),
    peek: (key) => counts.peek(key).catch(refuse),
    reset: (key) => counts.reset(key).catch(refuse),
  };
}
