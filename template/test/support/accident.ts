/** Loaded into a server with `--import`: on SIGUSR2 it causes an uncaught error or an unhandled rejection. */
process.on('SIGUSR2', () => {
  setImmediate(() => {
    if (import.meta.url.endsWith('?throw')) throw new Error('accident');
    void Promise.reject(new Error('accident'));
  });
});
