import assert from 'node:assert/strict';

/** A large size is so many times the one before. */
const STEP = 4;
/** Linear work takes about 4 times as long for 4 times the text, quadratic work 16 times. The border lies between. */
const MOST = 9;
/** Milliseconds. Below, the clock and the scheduler say more than the work does; and so little stops nobody. */
const MEASURABLE = 0.25;
const ROUNDS = 12;

/** An expression that tries every way to divide a text takes twice as long for each letter: 64 of them never end. */
const SMALL = [16, 20, 24, 28];

/** The sizes at which growth is looked at: small ones, then up to the largest, each four times the one before. */
export function sizesUpTo(largest: number): number[] {
  const sizes: number[] = [];
  for (let size = largest; size > 32; size = Math.floor(size / STEP)) sizes.unshift(size);
  return [...SMALL, ...sizes];
}

/**
 * Fails when work grows faster than its input. Compares times of one process with each other, never with a clock on the
 * wall: a slow or busy machine slows both sides, and of many runs the quickest counts.
 *
 * @param make prepares the work for an input of the given size
 */
export function assertGrowsLinearly(name: string, sizes: readonly number[], make: (size: number) => () => unknown): void {
  let small: (() => unknown) | undefined;
  for (const size of sizes) {
    const large = make(size);
    const ratio = small ? growth(small, large) : 0;
    assert.ok(ratio <= MOST, `${name}, ${size} units: the larger text took ${ratio.toFixed(1)} times as long`);
    small = large;
  }
}

/** How many times as long the large work takes; measured again while the answer is alarming. */
function growth(small: () => unknown, large: () => unknown): number {
  let quickestSmall = Infinity;
  let quickestLarge = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    quickestLarge = Math.min(quickestLarge, quickest(large));
    if (quickestLarge < MEASURABLE) return 0;
    quickestSmall = Math.min(quickestSmall, quickest(small));
    // A small work that was interrupted each time would hide growth, so it gets more than one round as well.
    if (round > 0 && quickestLarge <= MOST * quickestSmall) break;
  }
  return quickestLarge / quickestSmall;
}

function quickest(work: () => unknown): number {
  const times = Array.from({ length: 3 }, () => {
    const begun = performance.now();
    work();
    return performance.now() - begun;
  });
  return Math.min(...times);
}
