import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newPassword, refuseGuessable } from '../src/auth/password-policy.ts';
import { createUser } from './support/accounts.ts';
import { assertProblem } from './support/problems.ts';
import { startServer } from './support/server.ts';

/** From lists of stolen passwords; they match no pattern and no common words. */
const STOLEN = ['Mailcreated5240', 'perasperaadastra', '30secondstomars', 'hjpjxrf23062007', 'MyChemicalRomance', 'lytdybrbdfvgbhf'];

/** Also from such lists. */
const STOLEN_PATTERNS = [
  '12345678987654321',
  '123456789987654321',
  'qazwsxedcrfvtgb',
  '1qazxsw23edcvfr4',
  '1234qwerasdfzxcv',
  '111222333444555',
];

/** Not in the list. */
const PATTERNS = [
  '1a2b3c4d5e6f7g8h',
  '000111222333444555',
  '65432123456543210',
  'mnopqponmllmnnoopq',
  'zaq12wsxcde34rfvbgt5',
  '!QAZ@WSX#EDC$RFV',
  'poi-lkj-mnb-poi-lk',
];

const isRefused = (password: string, email = 'ada@example.com'): boolean => {
  assert.ok(newPassword().safeParse(password).success, `${password} does not get as far as the list`);
  try {
    refuseGuessable(password, email);
    return false;
  } catch {
    return true;
  }
};

describe('common passwords', () => {
  it('a stolen password is refused also in upper case, with separators and with digits for letters', () => {
    for (const password of [...STOLEN, ...STOLEN_PATTERNS]) {
      for (const written of [password, password.toUpperCase(), ` ${password}`, password.replaceAll(/(?<=.)(?=.)/g, '-')]) {
        assert.ok(isRefused(written), written);
      }
    }
    assert.ok(isRefused('MyCh3m1calR0m@nce'));
  });

  it('a pattern of the alphabet, the digits or the keyboard is refused', () => {
    for (const password of PATTERNS) assert.ok(isRefused(password), password);
  });

  it('a password that is on no list and matches no pattern is accepted', () => {
    for (const password of [
      'k7 Vq9 xW2 mZ4!',
      'gravel umbrella lantern',
      'Wer stiehlt schon Brotkrumen?',
      '480215739164028',
      'ключ лежит под ковриком',
    ]) {
      assert.ok(!isRefused(password), password);
    }
  });

  it('changing to a stolen password gets 400', async (t) => {
    const server = await startServer(t);
    const { tokens, password: currentPassword } = await createUser(server);
    for (const newPassword of [...STOLEN, ...STOLEN_PATTERNS]) {
      const body = { currentPassword, newPassword };
      const answer = await server.request('POST', '/api/v1/auth/password/change', { token: tokens.accessToken, body });
      assertProblem(answer, 400, 'password-compromised', [newPassword]);
    }
  });
});
