// One write per turn of the event loop: a system call for each line would cost more than most requests.
let batch = '';
let listening = false;
let lost = 0;
/** How many of the lost lines the log itself has told about. */
let reported = 0;

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
  const known = lost;
  process.stdout.write(known > reported ? report(known - reported) + text : text, (error) => {
    if (error) lose(text);
    else reported = Math.max(reported, known);
  });
}

/** Lines that standard output did not take since the start of the process. */
export const lostLines = (): number => lost;

/** A full disk or a dead reader of the log is an `error` event; without a listener it would end the process. */
function listen(): void {
  if (listening) return;
  listening = true;
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
}

/** The service goes on without a log: ending it would let whoever fills the disk stop the service. */
function lose(text: string): void {
  const isFirst = lost === reported;
  lost += text.split('\n').length - 1;
  if (isFirst) process.stderr.write(`${JSON.stringify({ ...head(), event: 'log_unwritable' })}\n`);
}

/** Begins with a line break: a full disk may have taken the first half of a line. */
const report = (lines: number): string => `\n${JSON.stringify({ ...head(), event: 'log_lines_lost', lines })}\n`;

const head = () => ({ time: new Date().toISOString(), level: 'error' });
