import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SupervisorSnapshot } from '../../actors/index.ts'
import { deadLetterReasons, Reason } from '../../kernel/index.ts'
import { inspectedActors, inspectedLetters, inspectedPartitions, inspectedPending } from './inspection.ts'
import { Meters } from './meters.ts'

const account = {
  consumed: 10,
  pending: 0,
  emitted: 10,
  aggregated: 0,
  duplicate: 0,
  deadLettered: 0,
  filtered: 0,
  late: 0,
  expired: 0,
  superseded: 0,
  redriven: 0,
  lost: 0,
  skipped: 0,
}

describe('an inspection', () => {
  it('tells the lag of a partition in records and in time, and no time where none was consumed', () => {
    const meters = new Meters()
    meters.consumed(0, 9_000)
    meters.consumed(1, 1_000)
    const accounts = [0, 1, 2].map((partition) => ({ topic: 'orders', partition, ...account }))

    const partitions = inspectedPartitions({
      numbers: [0, 1, 2],
      accounts,
      nextOffsets: [10, 10, 10],
      endOffsets: [10, 30, 12],
      meters,
      nowMs: 11_000,
    })

    assert.deepEqual(
      partitions.map(({ topic, lag, delayMs }) => [topic, lag, delayMs]),
      [
        ['orders', 0, 0],
        ['orders', 20, 10_000],
        ['orders', 2, undefined],
      ],
    )
  })

  it('knows that the source ends no earlier than what was consumed', () => {
    const [partition] = inspectedPartitions({
      numbers: [0],
      accounts: [{ topic: 'orders', partition: 0, ...account }],
      nextOffsets: [10],
      endOffsets: [4],
      meters: new Meters(),
      nowMs: 0,
    })

    assert.deepEqual([partition!.endOffset, partition!.lag], [10, 0])
  })

  it('names the reasons of dead letters that have occurred', () => {
    const counts = deadLetterReasons.map(() => 0)
    counts[Reason.NOT_JSON] = 3

    assert.deepEqual(inspectedLetters(counts), [{ reason: 'NOT_JSON', count: 3 }])
  })

  it('says what rows lack, most rows first', () => {
    const bySides = new Map([
      [0b001, 2],
      [0b011, 5],
    ])

    const oldest = [{ key: '17', sides: 0b011, oldestMs: 0 }]
    const census = { takenMs: 1, rows: 7, oldestMs: 0, bySides, oldest, byAge: [7, 0, 0, 0, 0, 0] }

    const pending = inspectedPending(census, ['A', 'B', 'C'])

    assert.deepEqual(pending.byMissing, [
      { missing: ['C'], rows: 5 },
      { missing: ['B', 'C'], rows: 2 },
    ])
    assert.deepEqual(pending.oldest, [{ key: '17', missing: ['C'], oldestMs: 0 }])
    assert.deepEqual(pending.byAge.at(-1), { rows: 0 })
  })

  it('shows the tree with restarts and last causes, also of a supervisor that gave up', () => {
    const actor = {
      kind: 'actor',
      path: 'shop/stages/stage-A',
      status: 'running',
      incarnation: 2,
      lastReason: undefined,
      handledCount: 4,
      handledPerSecond: 0,
      mailboxCount: 1,
      mailboxBytes: 0,
      waitingCount: 2,
    } as const
    const root: SupervisorSnapshot = {
      kind: 'supervisor',
      path: 'shop',
      status: 'running',
      strategy: 'oneForAll',
      incarnation: 3,
      lastReason: { kind: 'crashed', error: new Error('gave up') },
      children: [actor],
    }

    const tree = inspectedActors(root, [{ path: actor.path, count: 1, lastCause: 'Error: no price', lastCrashMs: 5 }])

    assert.deepEqual([tree.restarts, tree.lastCause, tree.strategy], [2, 'Error: gave up', 'oneForAll'])
    assert.deepEqual(tree.children, [
      {
        kind: 'actor',
        path: actor.path,
        name: 'stage-A',
        status: 'running',
        restarts: 1,
        lastCause: 'Error: no price',
        lastCrashMs: 5,
        handled: 4,
        mailbox: 3,
        children: [],
      },
    ])
  })
})
