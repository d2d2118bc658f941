import { parentBytes, randomAt, randomDigits, sampledAt } from '../../kernel/index.ts'

/**
 * Which traces are followed: of those that are recorded where they come from (the flag `sampled`) a share, by their ids.
 * So all services that choose by these rules and the same ratio choose the same traces, and one with a larger ratio
 * chooses those as well.
 *
 * Cost: a look at the flag, and at a digit or two.
 *
 * @see OpenTelemetry, TraceState: Probability Sampling: a trace is chosen where the last 56 bits of its id are not below
 * the share that is left out.
 */
export class TraceSampling {
  /** The least random part that is chosen, as the digits in bytes. */
  readonly leastRandom: Uint8Array

  /** @param ratio - Above 0, and 1 at most. */
  constructor(ratio: number) {
    const range = 2 ** (4 * randomDigits)
    // The largest number below the range that a double can be.
    const least = Math.min(range - 8, Math.round((1 - ratio) * range))
    this.leastRandom = Buffer.from(least.toString(16).padStart(randomDigits, '0'))
  }

  /** Whether the trace of a `traceparent` is chosen, whose form is not looked at. */
  isChosen(bytes: Uint8Array, start: number, length: number): boolean {
    if (length < parentBytes || !isOdd(bytes[start + sampledAt]!)) return false
    const { leastRandom } = this
    const random = start + randomAt
    for (let at = 0; at < randomDigits; at++) {
      // Digits come before letters, which are small ones, in ASCII as in numbers.
      const difference = bytes[random + at]! - leastRandom[at]!
      if (difference !== 0) return difference > 0
    }
    return true
  }
}

/** Whether a hexadecimal digit is an odd number. */
function isOdd(digit: number): boolean {
  return (digit < 0x3a ? digit & 1 : 1 - (digit & 1)) === 1
}
