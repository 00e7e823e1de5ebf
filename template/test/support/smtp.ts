import net, { type AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface Delivery {
  /** Addresses in MAIL FROM and RCPT TO. */
  readonly envelope: readonly string[];
  /** Headers and text as they were sent. */
  readonly data: string;
}

export interface MailServer {
  readonly url: string;
  readonly port: number;
  readonly deliveries: Delivery[];
  readonly commands: string[];
  /** While true, mails are refused with 451. Default: false. */
  isDown: boolean;
}

/** Starts a mail server on loopback without TLS, which accepts and stores every mail. */
export async function startMailServer(t: TestContext): Promise<MailServer> {
  const deliveries: Delivery[] = [];
  const commands: string[] = [];
  const mailServer = { url: '', port: 0, deliveries, commands, isDown: false };
  const server = net.createServer((socket) => {
    let pending = '';
    let envelope: string[] = [];
    let reading = false;
    const say = (line: string) => socket.write(`${line}\r\n`);
    const obey = (line: string) => {
      commands.push(line);
      if (mailServer.isDown && line.toUpperCase() === 'DATA') {
        say('451 try later');
        return;
      }
      if (/^(?:MAIL FROM|RCPT TO):/i.test(line)) envelope.push(line);
      reading = line.toUpperCase() === 'DATA';
      say(reading ? '354 go on' : line.toUpperCase() === 'STARTTLS' ? '454 not here' : '250 ok');
    };
    socket.setEncoding('utf8').on('error', () => undefined);
    socket.on('data', (chunk: string) => {
      pending += chunk;
      for (;;) {
        const end = reading ? '\r\n.\r\n' : '\r\n';
        const at = pending.indexOf(end);
        if (at < 0) return;
        const part = pending.slice(0, at);
        pending = pending.slice(at + end.length);
        if (!reading) {
          obey(part);
          continue;
        }
        deliveries.push({ envelope, data: part });
        [reading, envelope] = [false, []];
        say('250 kept');
      }
    });
    say('220 mail.example.com');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return Object.assign(mailServer, { url: `smtp://127.0.0.1:${port}`, port });
}
