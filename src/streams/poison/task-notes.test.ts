import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { attemptKey, keyIn, manifestKey } from '../checkpoint/checkpoint-topic.ts'
import { encodeManifest } from '../checkpoint/manifest.ts'
import { Accounting } from '../epochs/accounting.ts'
import { someIdentity } from '../fixtures/partitions.ts'
import type { Attempt } from './attempt.ts'
import { TaskNotes } from './task-notes.ts'

const tasks = { count: 4, own: [1, 3], taskOf: (number: number) => number % 4, writer: 'app/member' }

/** What the checkpoints of tasks have: the epoch of the manifest, and the note. */
function recordsOf(all: Readonly<Record<number, readonly [epoch: number, note?: Attempt]>>) {
  const records = new Map<string, Uint8Array>()
  for (const [task, [epoch, note]] of Object.entries(all)) {
    const none = { baseEpochs: [0], basePieces: [0], deltaPieces: [0] }
    const account = Accounting.from([0]).snapshot()
    const pending = { pending: 0, digest: [0, 0] } as const
    const manifest = { format: 1, epoch, closedMs: 0, ...someIdentity, ...account, ...pending, ...none } as const
    records.set(keyIn(Number(task), manifestKey), encodeManifest(manifest))
    if (note !== undefined) records.set(keyIn(Number(task), attemptKey), Buffer.from(JSON.stringify(note)))
  }
  return records
}

const piece = { partition: 3, from: 5, to: 6, rowCount: 1, deaths: 1, isUnderWay: true }

describe('the notes of tasks', () => {
  it('say how many processes have died with any of them at its last epoch', () => {
    const records = recordsOf({ 1: [7, { epoch: 7, starts: 2 }], 3: [5, { epoch: 5, starts: 4 }] })

    assert.deepEqual(new TaskNotes(tasks, records, 7).last, { epoch: 7, starts: 4 })
  })

  it("mean nothing once their task has had another epoch, nor where it is somebody else's", () => {
    const records = recordsOf({ 0: [7, { epoch: 7, starts: 9 }], 1: [7, { epoch: 6, starts: 9 }], 3: [5] })

    assert.equal(new TaskNotes(tasks, records, 7).last, undefined)
  })

  it('put a piece before any number of starts', () => {
    const records = recordsOf({ 1: [7, { epoch: 7, starts: 9 }], 3: [5, { epoch: 5, starts: 1, piece }] })

    assert.deepEqual(new TaskNotes(tasks, records, 7).last?.piece, piece)
  })

  it('are written at the epoch of each task, with the piece where it is, and with whose they are', () => {
    const notes = new TaskNotes(tasks, recordsOf({ 1: [7], 3: [5] }), 7)

    const written = notes.of({ epoch: 7, starts: 2, piece })
    const later = notes.of({ epoch: 8, starts: 2 })

    assert.deepEqual(
      [...written],
      [
        [1, { epoch: 7, starts: 2, writer: 'app/member' }],
        [3, { epoch: 5, starts: 2, piece, writer: 'app/member' }],
      ],
    )
    assert.deepEqual(
      [...later.values()].map(({ epoch }) => epoch),
      [8, 8],
    )
  })
})
