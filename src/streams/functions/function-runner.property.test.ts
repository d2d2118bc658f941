import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkAsync } from '../../../test/property.ts'
import { VirtualClock } from '../../testing/index.ts'
import { MillraceError } from '../../core/errors.ts'
import { FunctionRunner } from './function-runner.ts'
import { PermanentFailure } from './permanent-failure.ts'
import { TestHost, TestRows } from './fixtures/function-host.ts'

/**
 * How the function behaves on a record: it fails so often, then succeeds or refuses it for good; at once or by a
 * promise.
 */
const record = fc.record({
  concerns: fc.constantFrom(true, true, true, false),
  failures: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: fc.nat(5) }),
  isRefused: fc.constantFrom(false, false, false, true),
  turns: fc.constantFrom(undefined, 0, 1, 3),
})
type Behaviour = typeof record extends fc.Arbitrary<infer Value> ? Value : never

const courses = fc.record({
  stageAttempts: fc.integer({ min: 1, max: 4 }),
  openRowsMax: fc.integer({ min: 1, max: 4 }),
  maxConsecutivePoison: fc.integer({ min: 1, max: 6 }),
  batches: fc.array(
    fc.record({
      partition: fc.nat(2),
      isNewLife: fc.constantFrom(false, false, false, false, true),
      records: fc.array(record, { maxLength: 9 }),
    }),
    { maxLength: 6 },
  ),
})

type Course = typeof courses extends fc.Arbitrary<infer Value> ? Value : never

/**
 * What is seen of a course from outside: per batch the results, the calls, and whether a streak is open; and how it
 * ended.
 */
interface Seen {
  readonly batches: { results: (string | undefined)[]; calls: number[]; isStreakOpen: boolean }[]
  readonly stoppedIn: number | undefined
}

/** One record after the other, each until it is done with. */
function naively({ stageAttempts, maxConsecutivePoison, batches }: Course): Seen {
  const seen: Seen['batches'] = []
  let streak = 0
  for (const [index, { records, isNewLife }] of batches.entries()) {
    if (isNewLife) streak = 0
    const results: (string | undefined)[] = []
    const calls: number[] = []
    for (const { concerns, failures, isRefused, turns } of records) {
      const attempts = turns === undefined ? 1 : stageAttempts
      const isGivenUp = concerns && failures >= attempts
      calls.push(concerns ? Math.min(failures + 1, attempts) : 0)
      results.push(concerns ? (isGivenUp ? 'failed' : isRefused ? 'refused' : 'made') : undefined)
      if (concerns) streak = isGivenUp ? streak + 1 : 0
      if (streak === maxConsecutivePoison) return { batches: seen, stoppedIn: index }
    }
    seen.push({ results, calls, isStreakOpen: streak > 0 })
  }
  return { batches: seen, stoppedIn: undefined }
}

async function really({ batches, openRowsMax, ...options }: Course): Promise<Seen> {
  const clock = new VirtualClock()
  const host = new TestHost(clock, options)
  const runner = new FunctionRunner(host, 'stage-A', openRowsMax)
  const seen: Seen['batches'] = []
  for (const [index, { partition, records, isNewLife }] of batches.entries()) {
    if (isNewLife) host.incarnation++
    const calls = records.map(() => 0)
    const rows = new TestRows(
      { partition, count: records.length },
      (offset) => {
        calls[offset]!++
        const { turns } = records[offset]!
        const attempt = () => attemptOf(records[offset]!, calls[offset]!)
        return turns === undefined ? attempt() : afterTurns(turns, attempt)
      },
      (offset) => records[offset]!.concerns,
    )
    try {
      await clock.until(runner.run(rows, new AbortController().signal))
    } catch (error) {
      assert.ok(MillraceError.is(error) && error.code === 'STAGE_FAILS_ON_EVERYTHING', String(error))
      assert.ok(![...rows.results.values()].some((result) => result instanceof Error), 'none of them was given up')
      return { batches: seen, stoppedIn: index }
    }
    const results = records.map((_, row) => {
      const result = rows.results.get(row)
      return result instanceof Error ? result.message : (result as string | undefined)
    })
    seen.push({ results, calls, isStreakOpen: host.openStreaks.has('stage-A') })
  }
  return { batches: seen, stoppedIn: undefined }
}

function attemptOf({ failures, isRefused }: Behaviour, call: number): string {
  if (call <= failures) throw new Error('failed')
  if (isRefused) throw new PermanentFailure('refused')
  return 'made'
}

async function afterTurns(turns: number, attempt: () => string): Promise<string> {
  for (let turn = 0; turn < turns; turn++) await Promise.resolve()
  return attempt()
}

describe('a function runner', () => {
  it('gives each record on which its promises are rejected its attempts, one on which it throws none, and counts failures in a row, as one record after the other would be', async () => {
    await checkAsync(
      fc.asyncProperty(courses, async (course) => assert.deepEqual(await really(course), naively(course))),
      400,
    )
  })
})
