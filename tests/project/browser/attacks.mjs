/**
 * Attacks a project with cookies from pages in Chromium, and prints a line of JSON for each attack.
 *
 * node attacks.mjs PLAYWRIGHT CHROMIUM ORIGIN, with `{"victim", "attacker", "only"}` on standard input: two accounts with
 * `email` and `password`, and names of attacks (empty: all). A line is `{"attack", "succeeded", "seen"}`; `seen` are the
 * statuses of the responses of the project that the attack has caused.
 */
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';

const [playwright, executablePath, origin] = process.argv.slice(2);
const { chromium } = createRequire(`${playwright}/`)('playwright-core');
const { victim, attacker, only } = JSON.parse(await text(process.stdin));
const COOKIE = '__Host-my-api_sid';
/** With and without the defence. */
const COOKIES = [COOKIE, COOKIE.replace('__Host-', '')];
/** The same server for programs that do not resolve `.localhost` themselves. */
const DIRECT = origin.replace('app.site.localhost', '127.0.0.1');

const pages = new Map();
const site = createServer((request, response) => {
  response.setHeader('Content-Type', 'text/html').end(pages.get(request.url) ?? '');
});
await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
// Chromium resolves them to this machine. Of the same site as the project, and of another one.
const at = (host) => `http://${host}:${site.address().port}`;
const SIBLING = at('sibling.site.localhost');
const FOREIGN = at('foreign.localhost');

/** A page that posts a form at once; fields are those of the form. */
const form = (path, fields = '', type = 'text/plain') =>
  `<form method="post" enctype="${type}" action="${origin}${path}">${fields}</form><script>document.forms[0].submit()</script>`;

/** A form field that is sent as JSON: as `name=value`, so the password contains a `=`. */
function jsonField({ email, password }) {
  const [name, value] = JSON.stringify({ email, password }).split('=');
  return `<input type="hidden" name='${name}' value='${value}'>`;
}

/** A page that sends a request at once and keeps what it could read in `window.read`. */
const fetching = (path, options) =>
  `<script>fetch('${origin}${path}', ${JSON.stringify({ credentials: 'include', ...options })})` +
  `.then((response) => response.text()).then((read) => { window.read = read || 'nothing'; }, () => { window.read = ''; })</script>`;

/** The browser of the victim. */
class Browser {
  constructor(context) {
    this.context = context;
    this.seen = [];
    this.urls = new Map();
    this.received = new Map();
    const note = (url, status) => {
      if (this.watching && url.startsWith(`${origin}/`)) this.seen.push(status);
    };
    const answered = new WeakSet();
    context.on('response', (response) => {
      answered.add(response.request());
      note(response.url(), response.status());
    });
    // Responses that the browser keeps from the page, for example because of Cross-Origin-Resource-Policy.
    context.on('requestfailed', (request) => {
      if (!answered.has(request)) note(request.url(), request.url());
    });
  }

  async signIn({ email, password }) {
    this.own ??= await this.context.newPage();
    await this.own.goto(`${origin}/example`);
    await this.own.fill('[name=email]', email);
    await this.own.fill('[name=password]', password);
    await this.own.click('text=Sign in');
    await this.own.waitForFunction((name) => document.getElementById('result').textContent.includes(name), email);
  }

  /** The address of the account that the project knows its page by; undefined when it is signed out. */
  async account() {
    this.watching = false;
    this.own ??= await this.context.newPage();
    await this.own.goto(`${origin}/example`);
    return this.own.evaluate(async () => (await (await fetch('/api/v1/me')).json()).email);
  }

  /** Opens a page of an attacker and waits until `until` responses of the project have come. */
  async visit(host, content, until = 1) {
    const path = `/${pages.size}`;
    pages.set(path, content);
    const page = await this.context.newPage();
    await this.listen(page);
    this.watching = true;
    // A page whose form gets 204 is never loaded.
    await page.goto(host + path, { waitUntil: 'commit' });
    for (let tries = 0; this.statuses().filter(Number.isInteger).length < until && tries < 100; tries += 1) await page.waitForTimeout(50);
    return page;
  }

  /** Statuses of the responses; an address for one that has not come. */
  statuses() {
    const ids = [...this.received.keys()];
    return this.seen.map((one) => this.received.get(ids.find((id) => this.urls.get(id) === one)) ?? one);
  }

  /** Keeps the status of each response that reaches the browser, also of those that it does not give to the page. */
  async listen(page) {
    const network = await this.context.newCDPSession(page);
    network.on('Network.requestWillBeSent', ({ requestId, request }) => this.urls.set(requestId, request.url));
    network.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode }) => this.received.set(requestId, statusCode));
    await network.send('Network.enable');
  }

  async wasSignedOut() {
    return (await this.account()) !== victim.email;
  }

  /** What a page could read of a response; empty when the browser refused. */
  async reads(host, path) {
    const page = await this.visit(host, fetching(path, {}));
    await page.waitForFunction(() => window.read !== undefined);
    return page.evaluate(() => window.read);
  }
}

const LOGOUT = '/api/v1/auth/logout';
const LOGIN = '/api/v1/auth/login';

/** Each gets the browser of a victim who has signed in, and returns whether the attack succeeded. */
const ATTACKS = {
  'a form of another site signs out': async (browser) => {
    await browser.visit(FOREIGN, form(LOGOUT));
    return browser.wasSignedOut();
  },
  'a form of a sibling host signs out': async (browser) => {
    await browser.visit(SIBLING, form(LOGOUT));
    return browser.wasSignedOut();
  },
  'a script of another site signs out': async (browser) => {
    await browser.visit(FOREIGN, fetching(LOGOUT, { method: 'POST', mode: 'no-cors' }));
    return browser.wasSignedOut();
  },
  'a script of a sibling host signs out': async (browser) => {
    await browser.visit(SIBLING, fetching(LOGOUT, { method: 'POST', mode: 'no-cors' }));
    return browser.wasSignedOut();
  },
  'a form of another site signs in as the attacker': async (browser) => {
    await browser.visit(FOREIGN, form(LOGIN, jsonField(attacker)));
    return browser.wasSignedOut();
  },
  'a script of a sibling host signs in as the attacker': async (browser) => {
    await browser.visit(SIBLING, fetching(LOGIN, { method: 'POST', mode: 'no-cors', body: JSON.stringify(attacker) }));
    return browser.wasSignedOut();
  },
  'a script of another site reads the account': async (browser) => (await browser.reads(FOREIGN, '/api/v1/me')).includes(victim.email),
  'a script of a sibling host reads the account': async (browser) => (await browser.reads(SIBLING, '/api/v1/me')).includes(victim.email),
  'a link of another site opens with the session': async (browser) => {
    const page = await browser.visit(FOREIGN, `<a href="${origin}/api/v1/me">look</a>`, 0);
    const [response] = await Promise.all([page.waitForResponse((one) => one.url().endsWith('/api/v1/me')), page.click('a')]);
    return response.status() === 200;
  },
  'a sibling host shows the page in a frame': async (browser) => {
    const page = await browser.visit(SIBLING, `<iframe src="${origin}/example"></iframe>`);
    const [frame] = page.frames().filter((one) => one !== page.mainFrame());
    await frame.waitForLoadState('load');
    return (await frame.content().catch(() => '')).includes('Sign in');
  },
  'a script of the own page finds a token': async (browser) => {
    const before = (await browser.context.cookies(origin)).find(({ name }) => name.endsWith('_sid'));
    browser.watching = true;
    const found = await browser.own.evaluate(async ({ email, password }) => {
      const answer = await fetch('/api/v1/auth/login', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ email, password }),
      });
      const stores = [document.cookie, JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })];
      const readable = JSON.stringify(await window.cookieStore.getAll());
      return [...stores, readable, await answer.text(), JSON.stringify([...answer.headers])].join('\n');
    }, victim);
    const after = (await browser.context.cookies(origin)).find(({ name }) => name.endsWith('_sid'));
    if (!before || !after || before.value === after.value) throw new Error('the sign-in brought no new cookie');
    return found.includes(after.value) || found.includes(before.value);
  },
  'a sibling host plants a session of the attacker': async (browser) => {
    // With a session of the attacker, the victim would write notes into the account of the attacker.
    const token = await tokenOf(attacker);
    await plant(browser, token);
    return browser.wasSignedOut();
  },
  'a session that was planted before the sign-in is signed in afterwards': async (browser, fresh) => {
    const other = await fresh();
    const token = 'planted'.padEnd(43, '0');
    const url = `${origin.replace('http:', 'https:')}/`;
    await other.context.addCookies(COOKIES.map((name) => ({ name, value: token, url, secure: true })));
    other.watching = true;
    await other.signIn(victim);
    return isOpen(token);
  },
  'somebody who uses the browser after the sign-out is signed in': async (browser) => {
    const [{ value }] = (await browser.context.cookies(origin)).filter(({ name }) => name.endsWith('_sid'));
    browser.watching = true;
    await browser.own.evaluate(() => localStorage.setItem('draft', 'private'));
    await browser.own.click('text=Sign out');
    await browser.own.waitForFunction(() => document.getElementById('result').textContent.startsWith('401'));
    const left = await browser.context.cookies(origin);
    const draft = await browser.own.evaluate(() => localStorage.getItem('draft'));
    return left.length > 0 || draft !== null || (await isOpen(value));
  },
};

/** Whether a program that is no browser can use a session. */
async function isOpen(token) {
  const cookies = COOKIES.map((name) => `${name}=${token}`);
  const answers = await Promise.all(cookies.map((cookie) => fetch(`${DIRECT}/api/v1/me`, { headers: { Cookie: cookie } })));
  return answers.some(({ status }) => status === 200);
}

/** A session of an account, opened by a program that is no browser. */
async function tokenOf({ email, password }) {
  const response = await fetch(`${DIRECT}${LOGIN}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Sec-Fetch-Site': 'same-origin' },
    body: JSON.stringify({ email, password }),
  });
  return /_sid=([\w-]+)/.exec(response.headers.get('set-cookie') ?? '')?.[1] ?? '';
}

/** Tries from a sibling host every form of the cookie by which the project could take the token for its own. */
async function plant(browser, token) {
  const names = [COOKIE, ` ${COOKIE}`, `${COOKIE} `, `\u00a0${COOKIE}`, `\u2003${COOKIE}`, COOKIE.toLowerCase(), COOKIE.replace('__Host-', '')];
  const forms = [...names.map((name) => `${name}=${token}`), `=${COOKIE}=${token}`, `${COOKIE}=${token}; ${COOKIE}=${token}`];
  const scopes = ['Domain=site.localhost; Path=/', 'Domain=site.localhost; Path=/api', 'Domain=site.localhost; Path=/; Secure'];
  const cookies = forms.flatMap((one) => scopes.map((scope) => `${one}; ${scope}`));
  const script = `for (const cookie of ${JSON.stringify(cookies)}) document.cookie = cookie; window.isPlanted = true;`;
  const page = await browser.visit(SIBLING, `<script>${script}</script>`, 0);
  await page.waitForFunction(() => window.isPlanted);
  browser.watching = true;
  await browser.own.evaluate(() => fetch('/api/v1/me'));
}

const chrome = await chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', '--disable-gpu'] });
try {
  const fresh = async () => new Browser(await chrome.newContext());
  for (const [attack, run] of Object.entries(ATTACKS)) {
    if (only.length > 0 && !only.includes(attack)) continue;
    const browser = await fresh();
    await browser.signIn(victim);
    if ((await browser.account()) !== victim.email) throw new Error('the victim is not signed in');
    const succeeded = await run(browser, fresh);
    console.log(JSON.stringify({ attack, succeeded, seen: browser.statuses() }));
    await browser.context.close();
  }
} finally {
  await chrome.close();
  site.close();
}
