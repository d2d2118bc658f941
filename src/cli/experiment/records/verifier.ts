import { type Aborted, forEachRecord } from './batch-reader.ts'
import { type Experiment, readCustomer, valueBytesMax, writeCustomerId, writeMerged } from './experiment.ts'

/** What became of the experiment; it succeeded when `missing`, `duplicates` and `mismatched` are all 0. */
export interface Verification {
  /** Customers with at least one merged record. */
  readonly distinct: number
  /** Customers without one. */
  readonly missing: number
  /** Merged records beyond the first of their customer. */
  readonly duplicates: number
  /** Merged records of no customer, or with a value that differs from the parts in the source by as much as a byte. */
  readonly mismatched: number
}

export interface Verifier {
  /**
   * Takes record batches of one partition of the sink, as fetched.
   *
   * @param aborted - The aborted transactions that the response lists for them; their records are passed over.
   *
   * @throws ExperimentError `EXPERIMENT_BATCH_INVALID` when a batch cannot be read.
   */
  batches(bytes: Uint8Array, aborted?: readonly Aborted[]): void
  /** What holds of everything taken so far. */
  result(): Verification
}

/**
 * Checks the merged records of an experiment against the parts made again from its seed, byte for byte. It shares no
 * code with what it checks.
 *
 * @param seen - By customer: becomes 1 with the first merged record.
 */
export function createVerifier({ customers, seed }: Experiment, seen = new Uint8Array(customers)): Verifier {
  const expected = new Uint8Array(valueBytesMax)
  let distinct = 0
  let duplicates = 0
  let mismatched = 0

  function check(bytes: Uint8Array, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    const customer = readCustomer(bytes, keyStart, keyEnd)
    if (customer < 0 || customer >= customers || !hasKeyOf(customer, bytes, keyStart, keyEnd)) {
      mismatched++
      return
    }
    if (seen[customer] === 0) distinct++
    else duplicates++
    seen[customer] = 1
    const expectedEnd = writeMerged(expected, 0, seed, customer)
    if (!equals(expected, expectedEnd, bytes, valueStart, valueEnd)) mismatched++
  }

  function hasKeyOf(customer: number, bytes: Uint8Array, keyStart: number, keyEnd: number): boolean {
    return equals(expected, writeCustomerId(expected, 0, seed, customer), bytes, keyStart, keyEnd)
  }

  return {
    batches(bytes, aborted = []) {
      forEachRecord(bytes, aborted, (keyStart, keyEnd, valueStart, valueEnd) => {
        check(bytes, keyStart, keyEnd, valueStart, valueEnd)
      })
    },
    result: () => ({ distinct, missing: customers - distinct, duplicates, mismatched }),
  }
}

/** Whether `bytes` from `start` to `end` are the first `length` of `expected`. */
function equals(expected: Uint8Array, length: number, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== length) return false
  for (let i = 0; i < length; i++) if (bytes[start + i] !== expected[i]) return false
  return true
}
