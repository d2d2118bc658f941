import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import type { EventTimes } from '../checkpoint/manifest.ts'
import { closingEpoch } from '../fixtures/closing-epoch.ts'
import { EventClock } from './event-clock.ts'
import { RoutedTimes, type SourceRead } from './routed-times.ts'

const sources = [0, 1, 2, 3]
const latestMs = Infinity
/** The sources end where they are read. */
const asTold = sources.map(() => 7)

/** What a member that routes tells of some source partitions, and what becomes of the epoch in which it is read. */
const step = fc.record({
  read: fc.uniqueArray(
    fc.record({ number: fc.constantFrom(...sources), laterMs: fc.nat(50), isBehind: fc.boolean() }),
    { selector: ({ number }) => number, minLength: 1 },
  ),
  /** Whether the partition of routed parts has more to be read. */
  isBehind: fc.boolean(),
  outcome: fc.constantFrom('none', 'committed', 'rolled back', 'restarted'),
})

/** As of the last epoch that has committed. */
interface Committed {
  readonly times?: EventTimes
  readonly ofSingle?: EventTimes
  /** By source partition. */
  readonly isBehind: readonly boolean[]
}

/** What a clock leaves in the checkpoint as an epoch commits. */
function timesOf(clock: EventClock): EventTimes {
  const epoch = closingEpoch()
  clock.close(epoch)
  clock.commit()
  return JSON.parse(JSON.stringify(epoch.manifest.eventTimes))
}

/** Parts of these sources in partition 0; another partition is of another task. */
function clockOfParts(times?: EventTimes): EventClock {
  return new EventClock([false, false], times, new RoutedTimes([sources, undefined], times?.routed))
}

describe('the time of routed parts', () => {
  it('is that of one process which reads the sources as far as is told, whatever becomes of epochs', () => {
    check(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let clock = clockOfParts()
        let single = new EventClock(sources.map(() => true))
        const highest = sources.map(() => 0)
        const isBehindNow = sources.map(() => true)
        let committed: Committed = { isBehind: [...isBehindNow] }
        const tell = (read: readonly SourceRead[], isBehind: boolean) => {
          clock.tellRead(0, read)
          clock.observe({ partition: 0, timestamp: Float64Array.of(1e6), count: 1 }, latestMs, isBehind)
          clock.confirm(clock.takeTold()!, asTold)
          for (const { number, ms, isBehind: hasMore } of read) {
            single.observe({ partition: number, timestamp: Float64Array.of(ms), count: 1 }, latestMs, hasMore)
            isBehindNow[number] = hasMore
          }
          assert.equal(clock.nowMs(), single.nowMs())
        }
        let since: { read: SourceRead[]; isBehind: boolean }[] = []
        for (const { read, isBehind, outcome } of steps) {
          const told = read.map(({ number, laterMs, isBehind: hasMore }) => {
            highest[number]! += laterMs
            return { number, ms: highest[number]!, isBehind: hasMore, nextOffset: 7 }
          })
          since.push({ read: told, isBehind })
          tell(told, isBehind)
          if (outcome === 'none') continue
          if (outcome === 'committed') {
            committed = { times: timesOf(clock), ofSingle: timesOf(single), isBehind: [...isBehindNow] }
            since = []
            continue
          }
          // All that was not committed is read once more.
          if (outcome === 'rolled back') clock.rollback()
          else clock = clockOfParts(committed.times)
          single = new EventClock(committed.isBehind, committed.ofSingle)
          for (const again of since) tell(again.read, again.isBehind)
        }
      }),
      500,
    )
  })

  it('stands until each source partition is told of, and one with nothing to read holds it no longer', () => {
    const clock = clockOfParts()
    const tell = (number: number, ms: number, isBehind: boolean) => {
      clock.tellRead(0, [{ number, ms, isBehind, nextOffset: 7 }])
      clock.observe({ partition: 0, timestamp: new Float64Array(), count: 0 }, latestMs, false)
      clock.confirm(clock.takeTold()!, asTold)
      return clock.nowMs()
    }

    assert.equal(tell(0, 500, false), -Infinity)
    assert.equal(tell(1, -Infinity, false), -Infinity)
    assert.equal(tell(2, 100, true), -Infinity)
    assert.equal(tell(3, 900, false), 100)
    assert.equal(tell(2, 200, true), 200)
    assert.equal(tell(2, 300, false), 900)
  })

  it('stands while a source partition has records that nobody has routed, by what was asked after it was told', () => {
    const clock = clockOfParts()
    const readTo = (ms: number, nextOffset: number) =>
      sources.map((number) => ({ number, ms, isBehind: false, nextOffset }))
    clock.tellRead(0, readTo(100, 7))
    const before = clock.takeTold()!
    clock.tellRead(0, [{ number: 0, ms: 5_000, isBehind: false, nextOffset: 9 }])

    clock.confirm(before, [9, 7, 7, 7])
    const asTheyWere = clock.nowMs()
    const told = clock.takeTold()!
    clock.confirm(told, [9, 8, 7, 7])
    const oneIsLate = clock.nowMs()
    clock.tellRead(0, [{ number: 1, ms: 300, isBehind: false, nextOffset: 8 }])
    clock.confirm(clock.takeTold()!, [9, 8, 7, 7])

    assert.deepEqual([asTheyWere, oneIsLate, clock.nowMs(), clock.takeTold()], [100, 100, 5_000, undefined])
    // Who goes on from the checkpoint asks first.
    const next = clockOfParts(timesOf(clock))
    next.tellRead(0, [{ number: 0, ms: 9_000, isBehind: false, nextOffset: 11 }])
    next.confirm(next.takeTold()!, [11, 8, 8, 7])
    assert.equal(next.nowMs(), 5_000)
    next.tellRead(0, [{ number: 2, ms: 400, isBehind: false, nextOffset: 8 }])
    next.confirm(next.takeTold()!, [11, 8, 8, 7])
    assert.equal(next.nowMs(), 9_000)
  })
})
