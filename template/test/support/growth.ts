import assert from 'node:assert/strict';

/** Each large size is this many times the one before. */
const STEP = 4;
/** For 4 times the text linear work takes about 4 times as long, quadratic work 16 times. The bound is between them. */
const MOST = 9;
/** In milliseconds. Shorter times are mostly noise, and so short a work does not block other requests. */
const MEASURABLE = 0.25;
const ROUNDS = 12;

/** A regular expression with exponential backtracking takes twice as long for each letter: with 64 it would never end. */
const SMALL = [16, 20, 24, 28];

/** The sizes to compare: the small ones, then up to the largest, each four times the one before. */
export function sizesUpTo(largest: number): number[] {
  const sizes: number[] = [];
  for (let size = largest; size > 32; size = Math.floor(size / STEP)) sizes.unshift(size);
  return [...SMALL, ...sizes];
}

/**
 * Fails when the time of work grows faster than its input. Only times of the same process are compared, so that a slow or
 * busy machine affects both sides, and of several runs the quickest counts.
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

/** How many times as long the large work takes; measured again while the ratio is too high. */
function growth(small: () => unknown, large: () => unknown): number {
  let quickestSmall = Infinity;
  let quickestLarge = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    quickestLarge = Math.min(quickestLarge, quickest(large));
    if (quickestLarge < MEASURABLE) return 0;
    quickestSmall = Math.min(quickestSmall, quickest(small));
    // If the small work was interrupted in each run, the ratio would be too low: measure it in a second round too.
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
