/** If this many characters follow one rule, the password is a pattern: `123456789012345`. */
const ENOUGH = 5;

/** With at least this share of neighbouring keys a password is a keyboard walk. Words and random text have less than half. */
const WALK = 2 / 3;

/** Rows of the keyboard from the top, without and with Shift; the same index is the same column. */
const ROWS = [['1234567890', '!@#$%^&*()'], ['qwertyuiop'], ['asdfghjkl;'], ['zxcvbnm,./']];

const KEYS = new Map(
  ROWS.flatMap((layers, row) => layers.flatMap((keys) => Array.from(keys, (key, column) => [key, { row, column }] as const))),
);

/**
 * Whether the whole password follows one rule: a repetition (`abc123abc123abc`), a sequence (`111222333444555`,
 * `12345678987654321`), alternating sequences (`1a2b3c4d5e6f7g8h`) or a keyboard walk (`1qazxsw23edcvfr4`).
 *
 * @param letters in lower case, at most 72, because the time grows with the square of their number
 */
export function isPattern(letters: string): boolean {
  const codes = Array.from(letters, (letter) => letter.codePointAt(0) ?? 0);
  return isGentle(codes) || isRegular(codes) || isKeyboardWalk(Array.from(letters));
}

/** Each character is equal to the one before it or next to it in the alphabet. */
const isGentle = (codes: readonly number[]) => steps(codes, 1).every((step) => Math.abs(step) <= 1);

/** All characters at some fixed distance differ by the same number: by zero in a repetition, by one in most sequences. */
function isRegular(codes: readonly number[]): boolean {
  for (let distance = 1; distance <= Math.max(codes.length / 2, codes.length - ENOUGH); distance += 1) {
    const [first, ...others] = steps(codes, distance);
    if (others.every((step) => step === first)) return true;
  }
  return false;
}

const steps = (codes: readonly number[], distance: number) => codes.slice(distance).map((code, index) => code - (codes.at(index) ?? 0));

function isKeyboardWalk(letters: readonly string[]): boolean {
  const pairs = letters.slice(1).map((letter, index) => areNeighbours(letters.at(index) ?? '', letter));
  return pairs.filter(Boolean).length >= WALK * pairs.length;
}

function areNeighbours(one: string, other: string): boolean {
  const [from, to] = [KEYS.get(one), KEYS.get(other)];
  return from !== undefined && to !== undefined && Math.abs(from.row - to.row) <= 1 && Math.abs(from.column - to.column) <= 1;
}
