/** When so many characters follow the same rule, the whole is a pattern: `123456789012345`. */
const ENOUGH = 5;

/** Share of neighbouring keys from which a password is a walk over the keyboard. Words and chance stay below a half. */
const WALK = 2 / 3;

/** Rows of the keyboard from the top, with and without Shift; keys at one place stand below each other. */
const ROWS = [['1234567890', '!@#$%^&*()'], ['qwertyuiop'], ['asdfghjkl;'], ['zxcvbnm,./']];

const KEYS = new Map(
  ROWS.flatMap((layers, row) => layers.flatMap((keys) => Array.from(keys, (key, column) => [key, { row, column }] as const))),
);

/**
 * Whether one rule makes the whole password: a repetition (`abc123abc123abc`), a run (`111222333444555`,
 * `12345678987654321`), runs between each other (`1a2b3c4d5e6f7g8h`) or a walk over the keyboard (`1qazxsw23edcvfr4`).
 *
 * @param letters in lower case, at most 72: the time grows with the square of their number
 */
export function isPattern(letters: string): boolean {
  const codes = Array.from(letters, (letter) => letter.codePointAt(0) ?? 0);
  return isGentle(codes) || isRegular(codes) || isKeyboardWalk(Array.from(letters));
}

/** Each character is the one before it or next to it in the alphabet. */
const isGentle = (codes: readonly number[]) => steps(codes, 1).every((step) => Math.abs(step) <= 1);

/** At some distance all characters differ by the same: by nothing in a repetition, by one in most runs. */
function isRegular(codes: readonly number[]): boolean {
  for (let distance = 1; distance <= Math.max(codes.length / 2, codes.length - ENOUGH); distance += 1) {
    const [first, ...others] = steps(codes, distance);
    if (others.every((step) => step === first)) return true;
  }
  return false;
}

const steps = (codes: readonly number[], distance: number) =>
  codes.slice(distance).map((code, index) => code - (codes.at(index) ?? 0));

function isKeyboardWalk(letters: readonly string[]): boolean {
  const pairs = letters.slice(1).map((letter, index) => areNeighbours(letters.at(index) ?? '', letter));
  return pairs.filter(Boolean).length >= WALK * pairs.length;
}

function areNeighbours(one: string, other: string): boolean {
  const [from, to] = [KEYS.get(one), KEYS.get(other)];
  return from !== undefined && to !== undefined && Math.abs(from.row - to.row) <= 1 && Math.abs(from.column - to.column) <= 1;
}
