/** Loaded into a server with `--import`: on SIGUSR2 something happens that nobody foresaw. */
process.on('SIGUSR2', () => {
  setImmediate(() => {
    if (import.meta.url.endsWith('?throw')) throw new Error('accident');
    void Promise.reject(new Error('accident'));
  });
});
