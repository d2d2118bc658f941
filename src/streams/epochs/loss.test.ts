import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type OutputBatch, OutputBuilder } from '../../kernel/index.ts'
import { Accounting } from './accounting.ts'
import { PendingOffsets } from '../checkpoint/pending-offsets.ts'
import { PromotedParts } from '../retention/promoted-parts.ts'
import { partitionsOfSource } from '../fixtures/partitions.ts'
import { stateAt } from '../fixtures/program-state.ts'
import { rememberingTable } from '../fixtures/table.ts'
import { closeEpoch, type ProgramState } from '../recovery/program-state.ts'
import { lossError, lossOf } from './loss.ts'

const pendingOffsets = [3, 31, 32, 4_095, 4_096, 9_000]

describe('the loss of a source', () => {
  it('is what is pending before the start of its log, and what was not read before it', () => {
    assert.deepEqual(lossOf(unpromoted(pendingAt(pendingOffsets, [])), [10_000, 7], [4_096, 12]), [
      { pendingOffsets: [3, 31, 32, 4_095], unread: 0 },
      { pendingOffsets: [], unread: 5 },
    ])
  })

  it('is not over promoted parts', () => {
    const pending = pendingAt(pendingOffsets, [])
    const records = new Map([3, 31].map((offset) => [`part/0/${offset}`, new Uint8Array()]))
    const promoted = PromotedParts.after(records, pending.sets)

    assert.deepEqual(lossOf({ pending: pending.sets, promoted }, [10_000, 7], [40, 7])![0]!.pendingOffsets, [32])
  })

  it('is nothing where the log begins with what is needed first', () => {
    assert.equal(lossOf(unpromoted(pendingAt(pendingOffsets, [])), [10_000, 7], [3, 7]), undefined)
  })

  it('is named by its pending parts before the records that were not read', () => {
    const logStarts = [40, 4]
    const nothing = { pendingOffsets: [], unread: 0 }

    assert.equal(
      lossError(
        partitionsOfSource(2),
        [
          { pendingOffsets: [], unread: 9 },
          { pendingOffsets: [3], unread: 0 },
        ],
        logStarts,
      ).code,
      'PENDING_LOST',
    )
    assert.equal(
      lossError(partitionsOfSource(2), [{ pendingOffsets: [], unread: 9 }, nothing], logStarts).code,
      'KAFKA_OFFSET_LOST',
    )
  })

  it('is counted by the first epoch that commits, however many are rolled back before', () => {
    const state = stateWith(pendingAt([1, 2], [6]))
    const close = () => Array.from(closeEpoch(state, outputs(), 0))
    const commit = () => {
      state.epochs.beginCommit()
      state.epochs.commit()
    }

    const first = close()
    state.epochs.settleAt(3)
    const second = close()
    commit()
    const third = close()
    commit()

    assert.deepEqual(
      [first, second, third],
      [
        [5, 9],
        [5, 9],
        [5, 9],
      ],
    )
    assert.deepEqual(state.accounting.snapshot().totals.lost, [2, 3])
    assert.equal(state.pending.count, 0)
    assert.equal(state.loss.isDue, false)
  })
})

/** A state after the offsets 5 and 7, whose source begins at 5 and 9. */
function stateWith(pending: PendingOffsets): ProgramState {
  const nextOffsets = [5, 7]
  const promoted = new PromotedParts(pending.sets)
  return stateAt(3, rememberingTable(), {
    accounting: Accounting.from(nextOffsets),
    partitions: partitionsOfSource(2),
    pending,
    promoted,
    loss: lossOf({ pending: pending.sets, promoted }, nextOffsets, [5, 9]),
  })
}

function pendingAt(...offsets: readonly (readonly number[])[]): PendingOffsets {
  const pending = new PendingOffsets(offsets.length)
  offsets.forEach((members, partition) => members.forEach((offset) => pending.sets[partition]!.add(offset)))
  pending.startAt([[0, 0]])
  return pending
}

function unpromoted(pending: PendingOffsets) {
  return { pending: pending.sets, promoted: new PromotedParts(pending.sets) }
}

function outputs(): OutputBuilder {
  const batches: OutputBatch[] = []
  return new OutputBuilder({ sink: 0, partitionCount: 1, batchBytes: 4_096, onFilled: (batch) => batches.push(batch) })
}
