import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OutputBuilder } from '../../kernel/index.ts'
import type { EpochState } from './epoch-state.ts'
import { stateAt } from '../fixtures/epoch-state.ts'
import { recordOf, rowsOf } from '../fixtures/rows.ts'
import { rememberingTable } from '../fixtures/table.ts'

/** Consumes `count` offsets and closes the epoch. */
function closeWith(state: EpochState, count: number): void {
  state.accounting.current.nextOffsets[0]! += count
  state.accounting.current.filtered[0]! += count
  state.close(new OutputBuilder({ sink: 2, partitionCount: 1, batchBytes: 1 << 16, onFilled() {} }), 0)
}

describe('EpochState', () => {
  it('goes forward by the epoch whose end was not heard of, where the broker has it', () => {
    const state = stateAt(7)
    closeWith(state, 10)
    state.settleAt(8)
    assert.deepEqual([state.epoch, ...state.accounting.committedOffsets], [8, 10])
  })

  it('goes back by it where the broker has not, and may close it again', () => {
    const state = stateAt(7)
    closeWith(state, 10)
    state.settleAt(7)
    assert.deepEqual([state.epoch, ...state.accounting.committedOffsets], [7, 0])
    closeWith(state, 4)
    state.commit()
    assert.deepEqual([state.epoch, ...state.accounting.committedOffsets], [8, 4])
  })

  it('ends where the broker is at any other epoch', () => {
    for (const durable of [6, 9]) {
      const state = stateAt(7)
      closeWith(state, 10)
      assert.throws(() => state.settleAt(durable), { code: 'CHECKPOINT_FOREIGN' })
    }
    assert.throws(() => stateAt(7).settleAt(8), { code: 'CHECKPOINT_FOREIGN' })
  })

  it('says what the last epoch left where the table has failed in itself', () => {
    const table = rememberingTable()
    const state = stateAt(7, table)
    const rows = rowsOf([recordOf('A', 1), recordOf('A', 2)])
    table.apply(rows, state.accounting.current)
    closeWith(state, 2)
    state.commit()
    table.apply(rowsOf([recordOf('B', 1)]), state.accounting.current)
    // What was completed in an open epoch must not be swept away.
    table.forgottenCount = 1
    while (!table.sweep(-Infinity, 1_000, state.accounting.current)) {}
    assert.throws(() => table.rollback(), { code: 'TABLE_BROKEN' })

    state.rollback()

    assert.deepEqual(
      state.committedAccounts().map(({ consumed, pending }) => [consumed, pending]),
      [[2, 2]],
    )
  })

  it('takes in partitions also while an epoch is on its way: they are in the next one, whether that one commits or not', () => {
    for (const durable of [7, 8]) {
      const state = stateAt(7)
      closeWith(state, 10)
      state.grow([10, 5, 0])
      assert.equal(state.partitionCount, 3)
      state.settleAt(durable)
      const first = durable === 8 ? 10 : 0
      assert.deepEqual([...state.accounting.committedOffsets], [first, 0, 0])

      const { nextOffsets, filtered } = state.accounting.current
      nextOffsets[1]! += 5
      filtered[1]! += 5
      closeWith(state, 4)
      state.commit()

      const accounts = state.committedAccounts()
      assert.deepEqual(
        accounts.map(({ consumed, filtered: count }) => [consumed, count]),
        [first + 4, 5, 0].map((count) => [count, count]),
      )
      assert.deepEqual(state.firstOffsets, [first + 4, 5, 0])
    }
  })
})
