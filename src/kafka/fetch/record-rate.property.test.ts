import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { VirtualClock } from '../../testing/index.ts'
import { RecordRate } from './record-rate.ts'

/** Somebody comes by, and reads a batch if that is allowed. */
interface Visit {
  readonly afterMs: number
  readonly records: number
}

const visit: fc.Arbitrary<Visit> = fc.record({
  afterMs: fc.oneof(fc.constant(0), fc.nat(50), fc.nat(3_000)),
  records: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 50 }) }, fc.integer({ min: 1, max: 20_000 })),
})
const rates = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 1_000_000 }))

describe('a rate of records', () => {
  it('lets in no more in any time than is allowed in it and a second more, but for the last batch', () => {
    check(
      fc.property(rates, fc.array(visit, { maxLength: 60, size: 'max' }), (recordsPerSecondMax, visits) => {
        const clock = new StillClock()
        const rate = new RecordRate(clock, recordsPerSecondMax)
        const reads: { readonly atMs: number; readonly records: number }[] = []
        for (const { afterMs, records } of visits) {
          clock.ms += afterMs
          if (rate.openInMs > 0) continue
          reads.push({ atMs: clock.ms, records })
          rate.read(records, records * 100)
          for (let first = 0, sum = 0; first < reads.length; first++, sum = 0) {
            for (const read of reads.slice(first, -1)) sum += read.records
            const seconds = (clock.ms - reads[first]!.atMs) / 1_000
            assert.ok(sum <= recordsPerSecondMax * (seconds + 1) + 1e-6, `${sum} records in ${seconds} s`)
          }
        }
      }),
      200,
    )
  })

  it('is open after exactly the time that it says, so that a debt is paid off by waiting and by nothing else', () => {
    check(
      fc.property(rates, fc.array(visit, { maxLength: 30 }), (recordsPerSecondMax, visits) => {
        const clock = new StillClock()
        const rate = new RecordRate(clock, recordsPerSecondMax)
        for (const { records } of visits) {
          const waitMs = rate.openInMs
          if (waitMs > 0) {
            clock.ms += waitMs - 1
            assert.ok(rate.openInMs > 0, 'it is not open before')
            clock.ms += 1
            assert.equal(rate.openInMs, 0)
          }
          rate.read(records, 0)
        }
        // What it has let in took the time that it takes, less the second that was there at first.
        const before = visits.slice(0, -1).reduce((sum, { records }) => sum + records, 0)
        assert.ok(clock.ms >= (before / recordsPerSecondMax - 1) * 1_000 - 1e-6)
      }),
      200,
    )
  })
})

describe('the likely bytes of what may be read', () => {
  it('follow the mean of what was read, and are 0 before anything was, and in debt', async () => {
    const clock = new VirtualClock()
    const rate = new RecordRate(clock, 1_000)
    assert.equal(rate.likelyBytes, 0)

    rate.read(400, 40_000)
    assert.equal(rate.likelyBytes, 60_000)

    rate.read(600, 160_000)
    assert.equal(rate.likelyBytes, 0)
    await clock.advance(500)
    assert.equal(rate.likelyBytes, 100_000)
    rate.read(2_000, 0)
    assert.equal(rate.likelyBytes, 0)
  })
})

/** Time that is set. */
class StillClock {
  ms = 0

  monotonicMs(): number {
    return this.ms
  }
}
