import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeManifest, encodeManifest, type Manifest } from '../checkpoint/manifest.ts'
import { classes } from '../epochs/epoch-counts.ts'
import { planTopology } from '../topology/plan.ts'
import { shapeOf } from '../checkpoint/topology-shape.ts'
import { orders } from '../fixtures/orders.ts'
import { manifestOfAll, manifestOfTask } from './task-manifests.ts'
import type { Tasks } from './tasks.ts'

const taskCount = 4
const sourceCount = 2

/** Two sources of a partition for each task: what a manifest says of them tells the numbers from each other. */
function wholeManifest(): Manifest {
  const numbers = Array.from({ length: sourceCount * taskCount }, (_, number) => number)
  const from = (base: number) => numbers.map((number) => base + number)
  return {
    format: 1,
    epoch: 7,
    closedMs: 1_000,
    topology: shapeOf(planTopology(orders)),
    outputs: ['sink'],
    outputIds: { sink: 'id' },
    sourceIds: ['one', 'two'],
    partitions: numbers.map((number) => ({ source: Math.floor(number / taskCount), partition: number % taskCount })),
    startOffsets: from(100),
    nextOffsets: from(200),
    totals: Object.fromEntries(
      classes.map((name, at) => [name, from(1_000 * (at + 1))]),
    ) as unknown as Manifest['totals'],
    pending: 5,
    digest: [1, 2],
    hashSeed: [3, 4],
    baseEpochs: from(300),
    basePieces: from(400),
    deltaPieces: from(500),
  }
}

function tasksOf(own: readonly number[], writer: string): Tasks {
  return { count: taskCount, own, taskOf: (number) => number % taskCount, writer }
}

describe('the manifests of tasks', () => {
  it('say together, after a topic has had them, what one over all partitions says', () => {
    const whole = wholeManifest()
    const written = [0, 1, 2, 3].map((task) =>
      encodeManifest({ ...manifestOfTask(whole, tasksOf([task], `member-${task}`), task), epoch: 4 + task }),
    )

    const joined = manifestOfAll(written.map(decodeManifest))

    assert.deepEqual(
      { ...joined, expiry: undefined },
      { ...whole, epoch: 7, pending: 4 * whole.pending, digest: [4, 8], expiry: undefined },
    )
  })

  it('say together the time that is the earliest, and none where a task has no epoch yet', () => {
    const highestMs = Array.from({ length: sourceCount * taskCount }, (_, number) => number)
    const written = [0, 1, 2, 3].map((task) => {
      const whole = { ...wholeManifest(), eventTimes: { nowMs: 60 - task, highestMs } }
      return manifestOfTask(whole, tasksOf([task], 'member'), task)
    })

    assert.deepEqual(manifestOfAll(written).eventTimes, { nowMs: 57, highestMs })
    assert.deepEqual(manifestOfAll(written.slice(0, 3)).eventTimes, {
      nowMs: null,
      highestMs: highestMs.map((ms) => (ms % taskCount === 3 ? null : ms)),
    })
  })

  it('say together what some tasks have read of redriven letters, and others have not', () => {
    const whole = wholeManifest()
    const letters = [0, 1, 2, 3].map((partition) => ({ source: sourceCount, partition }))
    const grown = {
      ...whole,
      sourceIds: [...whole.sourceIds, 'redriven'],
      partitions: [...whole.partitions, ...letters],
      nextOffsets: [...whole.nextOffsets, 30, 31, 32, 33],
    }
    const written = [0, 1, 2, 3].map((task) =>
      manifestOfTask(task === 2 ? grown : whole, tasksOf([task], 'member'), task),
    )

    const { sourceIds, partitions, nextOffsets } = manifestOfAll(written)

    assert.deepEqual(
      { sourceIds, partitions, nextOffsets },
      {
        sourceIds: grown.sourceIds,
        partitions: grown.partitions,
        nextOffsets: [...whole.nextOffsets, 0, 0, 32, 0],
      },
    )
  })

  it('say together where partitions are whose source has fewer of them than there are tasks', () => {
    const partitions = [
      ...[0, 1, 2, 3].map((partition) => ({ source: 0, partition })),
      ...[0, 1].map((partition) => ({ source: 1, partition })),
    ]
    const uneven = {
      ...wholeManifest(),
      partitions,
      nextOffsets: [200, 201, 202, 203, 204, 205],
      startOffsets: [0, 0, 0, 0, 0, 0],
    }
    const ofTask = (task: number) => {
      const tasks = { ...tasksOf([task], 'app/member'), taskOf: (number: number) => partitions[number]!.partition }
      return decodeManifest(encodeManifest(manifestOfTask(uneven, tasks, task)))
    }

    const joined = manifestOfAll([ofTask(1), ofTask(3)])

    assert.deepEqual([joined.partitions, joined.nextOffsets], [partitions, [0, 201, 0, 203, 0, 205]])
  })

  it('name the task, its partitions, and who has written them', () => {
    const { task, nextOffsets } = manifestOfTask(wholeManifest(), tasksOf([2, 3], 'app/member'), 2)

    assert.deepEqual(task, { number: 2, count: taskCount, writer: 'app/member', numbers: [2, 6] })
    assert.deepEqual(nextOffsets, [202, 206])
  })

  it('leave partitions of tasks without an epoch at their beginning', () => {
    const only = decodeManifest(encodeManifest(manifestOfTask(wholeManifest(), tasksOf([1], 'app/member'), 1)))

    const { nextOffsets, partitions, totals } = manifestOfAll([only])

    assert.deepEqual(nextOffsets, [0, 201, 0, 0, 0, 205, 0, 0])
    assert.equal(partitions.length, sourceCount * taskCount)
    assert.deepEqual(totals.emitted, [0, 1_001, 0, 0, 0, 1_005, 0, 0])
  })
})
