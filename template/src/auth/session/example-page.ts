import type { DeveloperPage } from '../../http/developer-page.ts';
import { PROJECT_NAME } from '../../project.ts';

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${PROJECT_NAME}: sign in</title>
<h1>${PROJECT_NAME}</h1>
<form id="login">
  <p><label>E-mail <input name="email" type="email" autocomplete="username" required></label></p>
  <p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
  <p><button>Sign in</button> <button id="logout" type="button">Sign out</button></p>
</form>
<pre id="result"></pre>
<p>An example for your own pages: <a href="/example.js">its script</a>. In production this page does not exist.</p>
<script src="/example.js" defer></script>
</html>
`;

const SCRIPT = `const api = '/api/v1';
const form = document.getElementById('login');
const result = document.getElementById('result');

// The browser adds the cookie and the header Sec-Fetch-Site by itself.
async function send(method, path, body) {
  const options = body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
  const response = await fetch(api + path, { method, ...options });
  const text = await response.text();
  return response.status + ' ' + text;
}

async function showAccount() {
  result.textContent = await send('GET', '/me');
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { email, password } = form.elements;
  const answer = await send('POST', '/auth/login', { email: email.value, password: password.value });
  password.value = '';
  if (answer.startsWith('200')) await showAccount();
  else result.textContent = answer;
});

document.getElementById('logout').addEventListener('click', async () => {
  await send('POST', '/auth/logout');
  await showAccount();
});

showAccount();
`;

/** A page that signs in and out with fetch, and its script in a file of its own, because inline scripts are not allowed. */
export const examplePages = (): readonly DeveloperPage[] => [
  { path: '/example', type: 'text/html', text: PAGE },
  { path: '/example.js', type: 'text/javascript', text: SCRIPT },
];
