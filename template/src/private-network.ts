const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|\[::1\])$/;
const SINGLE_LABEL = /^[a-z][a-z0-9_-]*$/i;

/**
 * Whether traffic to the host stays on this machine or in its private container network: a loopback address or a name
 * of one label, such as `localhost` or a service of the compose file. All other hosts must prove themselves with TLS.
 */
export function isPrivateHost(hostname: string): boolean {
  return LOOPBACK.test(hostname) || SINGLE_LABEL.test(hostname);
}
