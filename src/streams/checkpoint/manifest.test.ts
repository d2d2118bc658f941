import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { noTotals } from '../epochs/epoch-counts.ts'
import { orders } from '../fixtures/orders.ts'
import { field } from '../topology/field.ts'
import { recordKey } from '../topology/key.ts'
import { planTopology } from '../topology/plan.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'
import { decodeManifest, encodeManifest, type Manifest, manifestBytesMax, manifestFormat } from './manifest.ts'
import { shapeOf } from './topology-shape.ts'

/** As versions wrote it that knew one source only. */
const written =
  '{"format":1,"epoch":3,"closedMs":17,"topology":{"source":"source","route":["side"],"key":["key"],' +
  '"sides":[{"name":"A","part":["part"],"version":1},{"name":"B","part":["part"],"version":1}]},' +
  '"outputs":["sink"],"outputIds":{"sink":"sink-id"},"sourceId":"source-id","hashSeed":[1,2],' +
  '"startOffsets":[0,0],"nextOffsets":[5,7],"totals":{"emitted":[2,2],"duplicate":[0,0],"deadLettered":[0,0],' +
  '"filtered":[0,0],"expired":[0,0],"lost":[0,0],"skipped":[0,0]},"pending":8,"digest":[3,4],' +
  '"baseEpochs":[0,0],"basePieces":[0,0],"deltaPieces":[1,1]}'

/** A manifest of a program whose sources have so many partitions. */
function manifestOf(program: Parameters<typeof planTopology>[0], counts: readonly number[]): Manifest {
  const partitions = counts.flatMap((count, source) =>
    Array.from({ length: count }, (_, partition) => ({ source, partition })),
  )
  const none = partitions.map(() => 0)
  return {
    format: manifestFormat,
    epoch: 1,
    closedMs: 0,
    topology: shapeOf(planTopology(program)),
    outputs: ['out'],
    sourceIds: counts.map((_, source) => `id-${source}`),
    partitions,
    hashSeed: [1, 2],
    startOffsets: none,
    nextOffsets: none,
    totals: noTotals(none.length),
    pending: 0,
    digest: [0, 0],
    baseEpochs: none,
    basePieces: none,
    deltaPieces: none,
  }
}

describe('a manifest', () => {
  it('of a single source is written as before there were several, and read back the same', () => {
    const manifest = decodeManifest(Buffer.from(written))

    assert.deepEqual(manifest.topology, shapeOf(planTopology(orders)))
    assert.deepEqual(manifest.sourceIds, ['source-id'])
    assert.deepEqual(manifest.partitions, [
      { source: 0, partition: 0 },
      { source: 0, partition: 1 },
    ])
    assert.equal(Buffer.from(encodeManifest(manifest)).toString(), written)
  })

  it('of several sources, or of keys that are no field, says so', () => {
    const several = topology('app')
      .source('one')
      .side('A')
      .source('two')
      .route('by-kind', field('kind'), { B: stage(), C: stage() })
      .correlate('by', { A: field('id').asString(), B: recordKey(), C: field('a.b') }, { of: ['A', 'B', 'C'] })
      .sink('out')
    const single = topology('app')
      .source('one')
      .route('by-kind', field('kind'), { A: stage(), B: stage() })
      .correlate('by', recordKey(), { of: ['A', 'B'], keyName: 'id' })
      .sink('out')
    const named = topology('app')
      .source('one')
      .route('by-kind', field('kind'), { A: stage(), B: stage() })
      .correlate('by', field('key'), { of: ['A', 'B'], keyName: 'id' })
      .sink('out')

    for (const [program, counts] of [
      [several, [2, 3]],
      [single, [2]],
      [named, [1]],
    ] as const) {
      const manifest = manifestOf(program, counts)
      assert.deepEqual(decodeManifest(encodeManifest(manifest)), manifest)
    }
  })

  it('of a program with redriven letters is none that versions before could read, nor are theirs', () => {
    const [first, ...others] = decodeManifest(Buffer.from(written)).partitions
    const single = decodeManifest(Buffer.from(written))
    const redriven = {
      ...single,
      sourceIds: ['source-id', 'redrive-id'],
      partitions: [first!, ...others, { source: 1, partition: 0 }],
      totals: { ...single.totals, redriven: [3, 0] },
    }

    const text = Buffer.from(encodeManifest(redriven)).toString()

    assert.equal(JSON.parse(text).format, 10)
    assert.deepEqual(decodeManifest(Buffer.from(text)), redriven)
    for (const format of [2, 9]) {
      const earlier = text.replace('"format":10', `"format":${format}`)
      assert.throws(() => decodeManifest(Buffer.from(earlier)), { code: 'CHECKPOINT_CORRUPT' })
    }
  })

  it('of a program that has given up a source is none that versions before could read', () => {
    const single = decodeManifest(Buffer.from(written))
    const [first, ...others] = single.partitions
    const given = {
      ...single,
      former: [{ topic: 'old', id: 'old-id' }],
      partitions: [{ source: 2, partition: 0 }, first!, ...others.slice(1)],
    }

    const bytes = Buffer.from(encodeManifest(given))

    assert.equal(JSON.parse(bytes.toString()).format, 3)
    assert.deepEqual(decodeManifest(bytes), given)
  })

  it('takes no more bytes than the checkpoint topic is asked for, with the largest numbers', () => {
    const several = topology('app').source('one').side('A').source('two').side('B')
    const program = several.correlate('by', field('id'), { of: ['A', 'B'] }).sink('out')
    for (const redriven of [[], [500]]) {
      const manifest = manifestOf(program, [200, 300, ...redriven])
      const most = manifest.startOffsets.map(() => Number.MAX_SAFE_INTEGER)
      const counted = Object.entries(manifest.totals).map(([name, none]) => {
        return [name, name === 'redriven' && redriven.length === 0 ? none : most]
      })
      const totals = Object.fromEntries(counted) as never
      const uuid = '01234567-89ab-cdef-0123-456789abcdef'
      const bytes = encodeManifest({
        ...manifest,
        sourceIds: manifest.sourceIds.map(() => uuid),
        totals,
        startOffsets: most,
        nextOffsets: most,
        baseEpochs: most,
        basePieces: most,
        deltaPieces: most,
        eventTimes: { nowMs: -Number.MAX_SAFE_INTEGER, highestMs: most },
      }).length

      const bytesMax = manifestBytesMax(planTopology(program), 500, redriven[0] ?? 0)
      assert.ok(bytes <= bytesMax, `${bytes}`)
    }
  })
})
