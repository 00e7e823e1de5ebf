import { ipKeyGenerator } from 'express-rate-limit';
import { BlockList, isIPv6 } from 'node:net';

/** The key under which an address is counted. A provider gives one customer a whole IPv6 /56, so a /56 has one key. */
export const addressKey = (ip: string): string => ipKeyGenerator(ip, 56);

/** A dual-stack socket shows IPv4 addresses as ::ffff:192.0.2.1; without this, one client would have two addresses. */
export const plainAddress = (ip: string): string => ip.replace(/^::ffff:(?=[\d.]+$)/i, '');

/**
 * @param proxies addresses and networks of TRUSTED_PROXIES
 * @returns a function that tells whether the remote address of a socket is one of them
 */
export function trustedPeers(proxies: readonly string[]): (address: string | undefined) => boolean {
  const list = new BlockList();
  for (const proxy of proxies) {
    const [ip = '', bits] = plainAddress(proxy).split('/');
    if (bits === undefined) list.addAddress(ip, familyOf(ip));
    else list.addSubnet(ip, Number(bits), familyOf(ip));
  }
  return (address = '') => list.check(plainAddress(address), familyOf(address));
}

const familyOf = (ip: string): 'ipv4' | 'ipv6' => (isIPv6(plainAddress(ip)) ? 'ipv6' : 'ipv4');

/** The network of an address (/24 or /48): enough for users to recognise a session, too little to track them. */
export function ipPrefix(address: string): string {
  const plain = plainAddress(address);
  if (plain.includes('.')) return plain.replace(/\.\d+$/, '.0/24');
  const [head = ''] = plain.split('::', 1);
  const groups = head.split(':').slice(0, 3);
  return `${groups.join(':')}::/48`;
}
