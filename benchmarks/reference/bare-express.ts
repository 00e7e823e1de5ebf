// The least an Express server can do: the ceiling for GET /healthz.
import express from 'express';

const app = express();
app.get('/healthz', (_request, response) => {
  response.json({ status: 'ok' });
});
const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify(server.address())}\n`);
});
