// One write per turn of the event loop: a system call for each line would take longer than most requests.
let batch = '';
let listening = false;
let lost = 0;
/** How many of the lost lines the log has reported. */
let reported = 0;

/** Adds a line to the batch of this turn of the event loop. */
export function writeLine(line: string): void {
  if (batch === '') setImmediate(flushLog);
  batch += line;
}

/** Writes the batch. Call it before the process exits. */
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

/** Lines that could not be written to standard output since the start of the process. */
export const lostLines = (): number => lost;

/** A full disk or a dead reader causes an `error` event, which would end the process without a listener. */
function listen(): void {
  if (listening) return;
  listening = true;
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
}

/** The service continues without a log: otherwise anyone who fills the disk could stop the service. */
function lose(text: string): void {
  const isFirst = lost === reported;
  lost += text.split('\n').length - 1;
  if (isFirst) process.stderr.write(`${JSON.stringify({ ...head(), event: 'log_unwritable' })}\n`);
}

/** Starts with a line break, because only half of the last line may have been written. */
const report = (lines: number): string => `\n${JSON.stringify({ ...head(), event: 'log_lines_lost', lines })}\n`;

const head = () => ({ time: new Date().toISOString(), level: 'error' });
