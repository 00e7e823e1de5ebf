import { get } from 'node:http';
import { loadConfig } from '../config/index.ts';

/** Exits with 0 if the server is ready, otherwise with 1. For HEALTHCHECK in a container, which has no curl. */
function healthcheck(): void {
  const { managementHost, managementPort } = loadConfig();
  const host = managementHost === '0.0.0.0' || managementHost === '::' ? 'localhost' : managementHost;
  const request = get({ host, port: managementPort, path: '/readyz', timeout: 3000 }, (response) => {
    response.resume();
    process.exitCode = response.statusCode === 200 ? 0 : 1;
  });
  request.on('timeout', () => request.destroy());
  request.on('error', () => {
    process.exitCode = 1;
  });
}

if (import.meta.main) healthcheck();
