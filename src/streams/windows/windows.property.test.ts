import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkAsync } from '../../../test/property.ts'
import { VirtualClock } from '../../testing/index.ts'
import { manifestOf } from '../checkpoint/checkpoint-records.ts'
import { isBalanced } from '../epochs/accounting.ts'
import { Engine } from '../in-memory/engine.ts'
import type { CommitOutcome } from '../in-memory/memory-kafka.ts'
import { CheckpointTables } from '../tables/checkpoint-tables.ts'
import type { Aggregate, Aggregation, WindowResult } from '../topology/aggregation.ts'
import { field } from '../topology/field.ts'
import type { Aggregated } from '../topology/ways-on.ts'
import type { MergeKey } from '../topology/merged-step.ts'
import { topology } from '../topology/topology.ts'
import { areSessions, areSliding, hopping, session, sliding, tumbling, type Windows } from '../topology/windows.ts'
import { naiveSessions, naiveSliding, naiveWindows, type TimedRecord } from './fixtures/naive-windows.ts'
import { readResultFacts } from './window-results.ts'
import { recordsOf } from './window-row.ts'
import { windowTable } from './window-rows.ts'

function program(windows: Windows, aggregate: Aggregate, results: Aggregation['results'], goesOn: boolean) {
  const windowed = topology('windowed')
    .source<TimedRecord>('records', { timestamp: field('at') })
    .groupBy('by-key', field('key'))
    .window(windows, { results })
  const aggregates: Record<Aggregate, () => Aggregated<WindowResult<unknown>>> = {
    count: () => windowed.count(),
    sum: () => windowed.sum(field('amount')),
    min: () => windowed.min(field('amount')),
    max: () => windowed.max(field('amount')),
    collect: () => windowed.collect(field('amount')),
    reduce: () => {
      return windowed.reduce(
        (text, { amount }) => `${text}${amount};`,
        '',
        (left, right) => left + right,
      )
    },
  }
  const aggregated = aggregates[aggregate]()
  if (!goesOn) return aggregated.sink('results')
  return aggregated
    .filter('without-b', (_, key) => isKept(key))
    .flatMap('copies', (result, key) => copiesOf({ ...result, key }))
    .branch('apart', (_, key) => sinkOf(key), { ofA: {}, ofOthers: { compression: 'gzip' } })
}

/** What functions after the windows do, where there are some. */
const isKept = (key: MergeKey) => key !== 'b'
const copiesOf = <Result extends { readonly key: MergeKey }>(result: Result) =>
  result.key === '' ? [result, { ...result, copy: 1 }] : [result]
const sinkOf = (key: MergeKey) => (key === 'a' ? 'ofA' : 'ofOthers')

const noWindows = { rows: 0, taken: 0, results: 0, leftOut: 0, leftOutRecords: 0 }

const timeWindows = fc
  .record({ advanceMs: fc.integer({ min: 1, max: 12 }), hops: fc.integer({ min: 1, max: 4 }), graceMs: fc.nat(15) })
  .map(({ advanceMs, hops, graceMs }) =>
    hops === 1
      ? tumbling({ sizeMs: advanceMs, graceMs })
      : hopping({ sizeMs: advanceMs * hops - 1, advanceMs, graceMs }),
  )
  .filter(({ sizeMs, advanceMs }) => advanceMs <= sizeMs)

const sessions = fc
  .record({ gapMs: fc.integer({ min: 1, max: 12 }), graceMs: fc.nat(15) })
  .map((options) => session(options))

const slidingWindows = fc
  .record({ timeDifferenceMs: fc.nat(20), graceMs: fc.oneof(fc.nat(3), fc.nat(15)) })
  .map((options) => sliding(options))

/** Times go on, and jump back now and then. */
const record = fc.record({
  key: fc.constantFrom('a', 'a', 'a', 'b', 'Ærø', ''),
  step: fc.oneof({ weight: 5, arbitrary: fc.nat(6) }, fc.integer({ min: -20, max: 0 })),
  amount: fc.integer({ min: -5, max: 5 }),
})
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('give' as const), records: fc.array(record, { maxLength: 12 }) }),
  },
  fc.record({
    kind: fc.constant('commit' as const),
    outcome: fc.constantFrom<CommitOutcome>('aborted', 'answer lost', 'committed'),
  }),
  fc.record({ kind: fc.constant('wait' as const) }),
  fc.record({ kind: fc.constant('restart' as const) }),
)
/** Operators that have crashed may do so again. */
const settleMs = 60_000
const drawnAggregates: readonly Aggregate[] = ['count', 'sum', 'min', 'max', 'reduce', 'collect']

describe('a program with windows', () => {
  it('publishes what going through all windows gives, however epochs are cut, aborted and begun anew', async () => {
    await checkAsync(
      fc.asyncProperty(
        fc.oneof(timeWindows, sessions, { weight: 2, arbitrary: slidingWindows }),
        fc.constantFrom(...drawnAggregates),
        fc.constantFrom('closed' as const, 'changes' as const),
        fc.array(step, { maxLength: 12 }),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        async (drawn, aggregate, either, steps, epochRows, goesOn) => {
          const when = areSessions(drawn) ? 'closed' : either
          const time = new VirtualClock()
          const settings = { transactionTimeoutMs: 1_000, epochBytes: 1_024 * epochRows, epochIdleMs: 0 }
          let engine = await Engine.start(program(drawn, aggregate, when, goesOn), time, settings)
          const given: TimedRecord[] = []
          let atMs = 30
          for (const each of steps) {
            if (each.kind === 'give') {
              const records = each.records.map(({ key, step: by, amount }) => {
                atMs = Math.max(0, atMs + by)
                return { key, at: atMs, amount }
              })
              given.push(...records)
              engine.kafka.give(
                0,
                records.map((value) => JSON.stringify(value)),
              )
            } else if (each.kind === 'commit') engine.kafka.outcomes.push(each.outcome)
            else if (each.kind === 'wait') await time.advance(settleMs)
            else {
              await time.until(engine[Symbol.asyncDispose]())
              engine = await Engine.resume(engine, program(drawn, aggregate, when, goesOn), time, settings)
            }
          }
          engine.kafka.outcomes.splice(0)
          await time.advance(settleMs)
          await time.until(engine.drain())

          const { results, late, taken } = naiveResults(drawn, when, aggregate, given)
          const shown = goesOn ? results.filter(({ key }) => isKept(key)) : results
          const topicOf = (key: string) => (goesOn ? sinkOf(key) : 'results')
          const written = engine.kafka.written.map((record) => `${engine.topicOf(record)} ${record.value}`)
          const expected = shown.flatMap((result) => {
            const made = goesOn ? copiesOf(result) : [result]
            return made.map((each) => `${topicOf(result.key)} ${JSON.stringify(each)}`)
          })
          // Windows that are over at once leave in their own order; changes follow their records.
          if (when === 'changes' && !goesOn && !areSliding(drawn)) assert.deepEqual(written, expected)
          else assert.deepEqual(written.toSorted(), expected.toSorted())
          const [account] = engine.accounts
          assert.ok(isBalanced(account!))
          assert.deepEqual([account!.late, account!.aggregated], [late, given.length - late])
          const { rows, ...totals } = manifestOf(engine.kafka.checkpoint)?.windows ?? noWindows
          const leftOut = results.length - shown.length
          assert.deepEqual([totals.taken, totals.results, totals.leftOut ?? 0], [taken, shown.length, leftOut])
          const open = [...CheckpointTables.of(engine.kafka.checkpoint).rowsOf(windowTable)]
          const firsts = engine.kafka.written.filter(({ headers }) => headers['millrace.output'] !== '1/2')
          const inResults = firsts.map(({ headers }) => {
            return readResultFacts(Buffer.from(headers['millrace.aggregated']!))!.records
          })
          assert.equal(open.length, rows)
          if (when === 'changes') assert.equal(inResults.length + leftOut, taken)
          else {
            const inOpen = open.map(([, value]) => recordsOf(value))
            assert.equal(sum([...inResults, ...inOpen, totals.leftOutRecords ?? 0]), taken)
          }
          await time.until(engine[Symbol.asyncDispose]())
        },
      ),
      120,
    )
  })
})

function naiveResults(
  windows: Windows,
  when: Aggregation['results'],
  aggregate: Aggregate,
  records: readonly TimedRecord[],
) {
  if (areSessions(windows)) return naiveSessions(windows, aggregate, records)
  if (areSliding(windows)) return naiveSliding(windows, when, aggregate, records)
  return naiveWindows(windows, when, aggregate, records)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
