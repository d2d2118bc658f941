import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Manifest, manifestFormat } from '../checkpoint/manifest.ts'
import { shapeOf } from '../checkpoint/topology-shape.ts'
import { noTotals } from '../epochs/epoch-counts.ts'
import { topicOf } from '../in-memory/memory-kafka.ts'
import { field } from '../topology/field.ts'
import { planTopology } from '../topology/plan.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'
import { sourcesOf } from '../topics/sources.ts'
import { taskIncompatibility } from './task-compatibility.ts'

const of = (version: number) =>
  planTopology(
    topology('shop', { layout: 'keyed' })
      .source('orders')
      .route('by-kind', field('kind'), { order: stage({ version }), payment: stage() })
      .correlate('by-id', field('id'), { of: ['order', 'payment'] })
      .sink('merged'),
  )
const plan = of(1)
const orders = topicOf('orders', 2)
const sources = sourcesOf(plan, [orders])

/** The manifest of the second of two tasks. */
function manifest(changes: Partial<Manifest> = {}): Manifest {
  return {
    format: manifestFormat,
    epoch: 3,
    closedMs: 0,
    topology: shapeOf(plan),
    outputs: ['sink'],
    sourceIds: [orders.id],
    partitions: [{ source: 0, partition: 1 }],
    startOffsets: [0],
    nextOffsets: [5],
    totals: noTotals(1),
    pending: 0,
    digest: [0, 0],
    hashSeed: [1, 2],
    baseEpochs: [0],
    basePieces: [0],
    deltaPieces: [0],
    task: { number: 1, numbers: [1] },
    ...changes,
  } as Manifest
}

describe('the compatibility of a task', () => {
  it('goes on where program and sources are those of its manifest', () => {
    assert.equal(taskIncompatibility(plan, sources, manifest()), undefined)
  })

  it('names a source that was created again, and not another program', () => {
    const error = taskIncompatibility(plan, sources, manifest({ sourceIds: ['another'] }))

    assert.equal(error?.code, 'SOURCE_RECREATED')
    assert.match(error.message, /^topic "orders" is not the one that "shop" has read so far/)
  })

  it('names what differs of another program, also where a source was created again', () => {
    const other = shapeOf(of(2))

    const error = taskIncompatibility(plan, sources, manifest({ topology: other, sourceIds: ['another'] }))

    assert.equal(error?.code, 'CHECKPOINT_INCOMPATIBLE')
  })
})
