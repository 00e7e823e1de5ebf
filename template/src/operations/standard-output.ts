/** A batch of log lines that standard output did not take. */
interface Loss {
  lines: number;
  since: string;
}

// One write per turn of the event loop: a system call for each line would cost more than most requests.
let batch = '';
let listening = false;
let loss: Loss | undefined;
let lost = 0;

/** Writes a line, with all others of this turn of the event loop. */
export function writeLine(line: string): void {
  if (batch === '') setImmediate(flushLog);
  batch += line;
}

/** Writes what is still batched. To be called before the process exits. */
export function flushLog(): void {
  const text = batch;
  batch = '';
  if (text === '') return;
  listen();
  const before = loss;
  process.stdout.write(before === undefined ? text : report(before) + text, (error) => {
    if (error) count(text);
    else if (loss === before) loss = undefined;
  });
}

/** Lines lost since the start of the process. */
export const lostLines = (): number => lost;

/** A full disk or a dead reader of the log is an `error` event; without a listener it would end the process. */
function listen(): void {
  if (listening) return;
  listening = true;
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
}

/** The service goes on without a log: ending it would let whoever fills the disk stop the service. */
function count(text: string): void {
  const lines = text.split('\n').length - 1;
  lost += lines;
  if (loss === undefined) {
    loss = { lines, since: new Date().toISOString() };
    process.stderr.write(`${JSON.stringify({ time: loss.since, level: 'error', event: 'log_unwritable' })}\n`);
  } else {
    loss = { ...loss, lines: loss.lines + lines };
  }
}

/** Begins with a line break: a full disk may have taken the first half of a line. */
function report({ lines, since }: Loss): string {
  return `\n${JSON.stringify({ time: new Date().toISOString(), level: 'error', event: 'log_lines_lost', lines, since })}\n`;
}
