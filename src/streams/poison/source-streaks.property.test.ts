import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { resolveOptions } from '../../core/options.ts'
import { VirtualClock } from '../../testing/index.ts'
import { orders } from '../fixtures/orders.ts'
import { partitionsOfSource } from '../fixtures/partitions.ts'
import { recordOf, rowsOf } from '../fixtures/rows.ts'
import { Meters } from '../observe/meters.ts'
import { runOptions } from '../options.ts'
import type { Sources } from '../topics/sources.ts'
import { planTopology } from '../topology/plan.ts'
import { SourceStreaks } from './source-streaks.ts'

const plan = planTopology(orders)
const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** Whether each record of each batch can be used. */
const batches = fc.array(fc.array(fc.boolean(), { maxLength: 12 }), { maxLength: 12 })

describe('SourceStreaks', () => {
  it('finds the longest streak, and whether it is over, however the records fall into batches', () => {
    check(
      fc.property(batches, fc.integer({ min: 1, max: 8 }), (drawn, maxConsecutivePoison) => {
        const { streaks, meters } = start(maxConsecutivePoison)

        for (const usable of drawn) {
          const records = usable.map((isUsable, key) => (isUsable ? recordOf('A', key) : '<xml/>'))
          streaks.note(rowsOf(records), usable.filter((isUsable) => !isUsable).length)
        }

        const text = drawn.flat().map(Number).join('')
        const runs = text.split('1').map(({ length }) => length)
        const longest = Math.max(...runs)
        const expected = { topic: 'source', reason: 'NOT_JSON', records: longest }
        const isOver = runs.at(-1)! < maxConsecutivePoison
        assert.deepEqual(meters.streaks.all, longest < maxConsecutivePoison ? [] : [{ ...expected, isOver }])
      }),
      2_000,
    )
  })
})

function start(maxConsecutivePoison: number) {
  const meters = new Meters()
  const options = resolveOptions(runOptions, { given: { bootstrapServers: '-', maxConsecutivePoison }, env: {} })
  const sources = { partitions: partitionsOfSource() } as unknown as Sources
  const services = { plan, options, logger: silent, clock: new VirtualClock(), meters }
  return { meters, streaks: new SourceStreaks(services, { sources, openStreaks: new Set() }) }
}
