import { address, choice, contact, hosts, integer, mailbox, origin, origins, proxies, url } from './parsers.ts';

/**
 * Settings of every project. Each line is one setting; `Config` has it under its name in camel case. The database and
 * the authentication strategy add their own settings.
 */
export const baseSettings = {
  // No default: without NODE_ENV Express runs in development mode and sends stack traces to clients.
  NODE_ENV: choice('development', 'test', 'production'),
  HOST: address().default('127.0.0.1'),
  PORT: integer(0, 65_535).default(3000),
  MANAGEMENT_HOST: address().default('127.0.0.1'),
  MANAGEMENT_PORT: integer(0, 65_535).default(9464),
  PUBLIC_URL: origin(),
  ALLOWED_HOSTS: hosts().default([]),
  TRUSTED_PROXIES: proxies().default([]),
  CORS_ORIGINS: origins().default([]),
  SMTP_URL: url('smtp://… or smtps://…', 'smtp:', 'smtps:').optional(),
  MAIL_FROM: mailbox(),
  SECURITY_CONTACT: contact(),
  LOG_LEVEL: choice('debug', 'info', 'warn', 'error', 'silent').default('info'),
  RATE_LIMIT_MAX: integer(1, 1_000_000_000).default(300),
  RATE_LIMIT_WINDOW_SECONDS: integer(1, 86_400).default(60),
  USER_RATE_LIMIT_MAX: integer(1, 1_000_000_000).default(120),
  LOGIN_LIMIT_MAX: integer(1, 1_000_000_000).default(10),
  BCRYPT_COST: integer(4, 16).default(12),
};
