/** How long to wait before knocking again: doubling, bounded, and never in step with others. */

const FIRST_MS = 400;
const LONGEST_MS = 20_000;

/**
 * @param tries - Tries that have failed in a row, from 1.
 * @param random - 0 ≤ x < 1.
 * @returns Milliseconds. The whole span is random (“full jitter”), so that a thousand clients that
 *   lost one server do not come back at one moment; half a step is the least after the first try.
 */
export function backoffMs(tries: number, random: () => number): number {
  const step = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(tries - 1, 10));
  const least = tries <= 1 ? 0 : step / 2;
  return Math.round(least + random() * (step - least));
}
