/** Security events and their levels. Source: OWASP Logging Vocabulary Cheat Sheet; ASVS 5.0 V16.3. */
export const SECURITY_EVENTS = {
  authn_login_success: 'info',
  authn_login_fail: 'warn',
  authn_login_fail_max: 'warn',
  authn_password_change: 'info',
  authn_password_change_fail: 'warn',
  authn_token_revoked: 'info',
  authn_token_reuse: 'error',
  authn_token_invalid: 'warn',
  authz_fail: 'warn',
  authz_change: 'warn',
  authz_admin: 'info',
  excess_rate_limit_exceeded: 'warn',
  excess_sessions_exceeded: 'info',
  input_validation_fail: 'warn',
  malicious_extraneous: 'warn',
  malicious_host: 'warn',
  malicious_cors: 'warn',
  user_created: 'info',
  user_updated: 'info',
  user_deleted: 'info',
  sys_startup: 'info',
  sys_shutdown: 'info',
  sys_crash: 'fatal',
} as const;

export type SecurityEvent = keyof typeof SECURITY_EVENTS;
