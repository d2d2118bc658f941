import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ListedMember } from '../../kafka/index.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { shapeOf } from '../checkpoint/topology-shape.ts'
import { noTotals } from '../epochs/epoch-counts.ts'
import { orders } from '../fixtures/orders.ts'
import { planTopology } from '../topology/plan.ts'
import { inspectedProgram, type ProgramFacts } from './inspected-program.ts'

/** Two sources, of three partitions and of two. */
const sources = [
  { topic: 'orders', starts: [0, 0, 40], ends: [10, 20, 70] },
  { topic: 'payments', starts: [0, 0], ends: [5, 5] },
]

/** What a task has read of each source. */
function manifestOf(number: number, nextOffsets: readonly number[], emitted: readonly number[]): Manifest {
  const none = nextOffsets.map(() => 0)
  return {
    format: 1,
    epoch: 4 + number,
    closedMs: 1_000 + number,
    topology: shapeOf(planTopology(orders)),
    outputs: ['sink'],
    sourceIds: ['one', 'two'],
    partitions: nextOffsets.map((_, source) => ({ source, partition: number })),
    startOffsets: none,
    nextOffsets,
    totals: { ...noTotals(nextOffsets.length), emitted, skipped: nextOffsets.map(() => 1) },
    pending: nextOffsets.reduce((sum, next, source) => sum + next - emitted[source]! - 1, 0),
    digest: [0, 0],
    hashSeed: [0, 0],
    baseEpochs: none,
    basePieces: none,
    deltaPieces: none,
    task: { number, count: 3, writer: 'shop/a', numbers: nextOffsets.map((_, source) => 3 * source + number) },
  }
}

function memberOf(name: string, owned: readonly number[]): ListedMember {
  return { memberId: name, name, host: '127.0.0.1', pid: 17, owned, standbys: [] }
}

const facts: ProgramFacts = {
  sources,
  manifests: [manifestOf(0, [8, 5], [3, 4]), manifestOf(1, [20, 3], [19, 1])],
  members: [memberOf('idle', []), memberOf('busy', [0, 1])],
  taskOf: ({ partition }) => partition,
  taskCount: 3,
  self: 'idle',
}

describe('what all members of a program do', () => {
  it('is told by partition, by task, by member, and in all', () => {
    const { total, isBalanced, members, tasks, partitions } = inspectedProgram(facts)

    const figuresOf = ({ records, emitted, pending, lag }: typeof total) => [records, emitted, pending, lag]
    assert.deepEqual(
      partitions.map((each) => [each.topic, each.partition, each.endOffset, ...figuresOf(each)]),
      [
        ['orders', 0, 10, 7, 3, 4, 2],
        ['orders', 1, 20, 19, 19, 0, 0],
        ['orders', 2, 70, 0, 0, 0, 30],
        ['payments', 0, 5, 4, 4, 0, 0],
        ['payments', 1, 5, 2, 1, 1, 2],
      ],
    )
    assert.deepEqual(
      tasks.map((each) => [each.task, each.memberId, each.epoch, ...figuresOf(each)]),
      [
        [0, 'busy', 4, 11, 7, 4, 2],
        [1, 'busy', 5, 21, 20, 1, 2],
        [2, undefined, undefined, 0, 0, 0, 30],
      ],
    )
    assert.deepEqual(
      members.map((each) => [each.memberId, each.role, each.isThis, ...figuresOf(each)]),
      [
        ['busy', 'active', false, 32, 27, 5, 4],
        ['idle', 'standby', true, 0, 0, 0, 0],
      ],
    )
    assert.deepEqual(figuresOf(total), [32, 27, 5, 34])
    assert.equal(isBalanced, true)
  })

  it('does not add up where a task has another number of pending parts than have no class', () => {
    const [first, second] = facts.manifests as [Manifest, Manifest]
    const wrong = { ...second, pending: second.pending + 1 }

    assert.equal(inspectedProgram({ ...facts, manifests: [first, wrong] }).isBalanced, false)
  })

  it('is as far as it was consumed, where brokers say less', () => {
    const [first] = facts.manifests as [Manifest]
    const ahead = { ...first, nextOffsets: [12, 5] }

    const [partition] = inspectedProgram({ ...facts, manifests: [ahead] }).partitions

    assert.deepEqual([partition!.endOffset, partition!.lag], [12, 0])
  })
})
