import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../core/clock.ts'
import { stateAt } from '../fixtures/program-state.ts'
import { recordOf, rowsOf } from '../fixtures/rows.ts'
import { rememberingTable } from '../fixtures/table.ts'
import { TableSweep } from './table-sweep.ts'

describe('a sweep of the table', () => {
  it('gives the memory of forgotten keys back once there are many of them', () => {
    const table = rememberingTable()
    const state = stateAt(1, table)
    const sweep = new TableSweep(undefined, state, systemClock, { expiredMs: 0 })
    for (let key = 0; key < 10_000; key += 1_000) {
      const keys = Array.from({ length: 1_000 }, (_, i) => key + i)
      table.apply(rowsOf(keys.flatMap((each) => [recordOf('A', each), recordOf('B', each)])), state.accounting.current)
      table.beginEpoch()
      table.commitEpoch()
    }
    const unsweptAfter = (forgottenCount: number) => {
      table.completed.forget(0, forgottenCount)
      sweep.run(Infinity)
      return table.unsweptCount
    }

    assert.deepEqual([8_191, 8_192, 10_000].map(unsweptAfter), [8_191, 0, 1_808])
    assert.equal(table.rememberedCount, 1_808)
  })
})
