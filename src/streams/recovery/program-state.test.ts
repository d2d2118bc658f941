import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OutputBuilder } from '../../kernel/index.ts'
import { accountsOf } from '../epochs/accounting.ts'
import { stateAt } from '../fixtures/program-state.ts'
import { recordOf, rowsOf } from '../fixtures/rows.ts'
import { rememberingTable } from '../fixtures/table.ts'
import { closeEpoch, type ProgramState } from './program-state.ts'

/** Consumes `count` offsets, some of whose parts the table has taken in, closes the epoch, and begins its commit. */
function closeWith(state: ProgramState, count: number, pending = 0): void {
  state.accounting.current.nextOffsets[0]! += count
  state.accounting.current.filtered[0]! += count - pending
  closeEpoch(state, new OutputBuilder({ sink: 2, partitionCount: 1, batchBytes: 1 << 16, onFilled() {} }), 0)
  state.epochs.beginCommit()
}

const committedAccounts = ({ accounting, pending }: ProgramState) =>
  accountsOf(accounting.committed(), pending.committedCounts)

describe('the state of a program', () => {
  it('goes forward by the epoch whose answer was lost, where the broker has it', () => {
    const state = stateAt(7)
    closeWith(state, 10)
    state.epochs.settleAt(8)
    assert.deepEqual([state.epochs.committed, ...state.accounting.committedOffsets], [8, 10])
  })

  it('goes back by that epoch where the broker does not have it, and may close it again', () => {
    const state = stateAt(7)
    closeWith(state, 10)
    state.epochs.settleAt(7)
    assert.deepEqual([state.epochs.committed, ...state.accounting.committedOffsets], [7, 0])
    closeWith(state, 4)
    state.epochs.commit()
    assert.deepEqual([state.epochs.committed, ...state.accounting.committedOffsets], [8, 4])
  })

  it('ends where the broker is at any other epoch', () => {
    for (const durable of [6, 9]) {
      const state = stateAt(7)
      closeWith(state, 10)
      assert.throws(() => state.epochs.settleAt(durable), { code: 'CHECKPOINT_FOREIGN' })
    }
    assert.throws(() => stateAt(7).epochs.settleAt(8), { code: 'CHECKPOINT_FOREIGN' })
  })

  it('closes no epoch in which an offset has no class, or two', () => {
    const rows = () => rowsOf([recordOf('A', 1), recordOf('A', 2)])
    const closeAfter = (pending: number) => {
      const table = rememberingTable()
      const state = stateAt(7, table)
      table.apply(rows(), state.accounting.current)
      closeWith(state, 2, pending)
    }

    closeAfter(2)
    assert.throws(() => closeAfter(1), /each offset of an epoch has one class: of 2 in partition 0, 1 have one/)
    assert.throws(() => closeAfter(3), /each offset of an epoch has one class: of 2 in partition 0, -1 have one/)
  })

  it('closes no epoch with a pending offset that it has not consumed', () => {
    const table = rememberingTable()
    const state = stateAt(7, table)
    table.apply(rowsOf([recordOf('A', 1), recordOf('A', 2)]), state.accounting.current)
    state.accounting.current.filtered[0]! -= 2

    assert.throws(() => closeWith(state, 1, 0), /no part is pending that was not consumed, in partition 0/)
  })

  it('says what the last epoch left where the table has failed in itself', () => {
    const table = rememberingTable()
    const state = stateAt(7, table)
    const rows = rowsOf([recordOf('A', 1), recordOf('A', 2)])
    table.apply(rows, state.accounting.current)
    closeWith(state, 2, 2)
    state.epochs.commit()
    table.apply(rowsOf([recordOf('B', 1)]), state.accounting.current)
    // What was completed in an open epoch must not be swept away.
    table.completed.forget(0, 1)
    while (!table.sweep(-Infinity, 1_000, state.accounting.current)) {}
    assert.throws(() => table.rollback(), { code: 'TABLE_BROKEN' })

    state.epochs.abandon()

    assert.deepEqual(
      committedAccounts(state).map(({ consumed, pending }) => [consumed, pending]),
      [[2, 2]],
    )
  })

  it('takes in partitions also while an epoch is on its way: they are in the next one, whether that one commits or not', () => {
    for (const durable of [7, 8]) {
      const state = stateAt(7)
      closeWith(state, 10)
      state.epochs.grow([10, 5, 0])
      assert.equal(state.pending.sets.length, 3)
      state.epochs.settleAt(durable)
      const first = durable === 8 ? 10 : 0
      assert.deepEqual([...state.accounting.committedOffsets], [first, 0, 0])

      const { nextOffsets, filtered } = state.accounting.current
      nextOffsets[1]! += 5
      filtered[1]! += 5
      closeWith(state, 4)
      state.epochs.commit()

      const accounts = committedAccounts(state)
      assert.deepEqual(
        accounts.map(({ consumed, filtered: count }) => [consumed, count]),
        [first + 4, 5, 0].map((count) => [count, count]),
      )
      assert.deepEqual(state.restoration.firstOffsets, [first + 4, 5, 0])
    }
  })
})
