import { isIPv4 } from 'node:net';

const SINGLE_LABEL = /^[a-z][a-z0-9_-]*$/i;

/**
 * Whether traffic to the host stays on this machine or in its private container network: a loopback address or a
 * single-label name, such as `localhost` or a service of the compose file. All other hosts need TLS.
 */
export function isPrivateHost(hostname: string): boolean {
  return isLoopback(hostname) || SINGLE_LABEL.test(hostname);
}

const isLoopback = (hostname: string) => hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'));
