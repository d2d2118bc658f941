import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Manifest, manifestFormat } from '../checkpoint/manifest.ts'
import { shapeOf } from '../checkpoint/topology-shape.ts'
import { noTotals } from '../epochs/epoch-counts.ts'
import { topicOf } from '../in-memory/memory-kafka.ts'
import { orders } from '../fixtures/orders.ts'
import { planTopology } from '../topology/plan.ts'
import { Sources, sourcesOf } from '../topics/sources.ts'
import { compatibilityOf, type Findings } from './compatibility.ts'

const plan = planTopology(orders)
const source = topicOf('source', 2)
const sources = new Sources([source])
const redrive = topicOf(plan.redriveTopic, 1)
const withRedriven = sourcesOf(plan, [source, redrive])
const own = (offset: number) => ({ offset, isOwn: true })

/** A manifest of the program, at these offsets. */
function manifestAt(nextOffsets: readonly number[], changes: Partial<Manifest> = {}): Manifest {
  const none = nextOffsets.map(() => 0)
  return {
    format: manifestFormat,
    epoch: 3,
    closedMs: 0,
    topology: shapeOf(plan),
    outputs: ['sink'],
    sourceIds: [source.id],
    partitions: nextOffsets.map((_, partition) => ({ source: 0, partition })),
    startOffsets: none,
    nextOffsets,
    totals: noTotals(nextOffsets.length),
    pending: 0,
    digest: [0, 0],
    hashSeed: [1, 2],
    baseEpochs: none,
    basePieces: none,
    deltaPieces: none,
    ...changes,
  }
}

/** What becomes of a start, in one word. */
function verdictOn(findings: Partial<Findings>): string {
  const verdict = compatibilityOf(plan, { manifest: undefined, sources, commits: [undefined, undefined], ...findings })
  return verdict.kind === 'refused' ? verdict.error.code : verdict.kind
}

describe('the compatibility of a start', () => {
  it('is that of a first start where there is neither a checkpoint nor an offset', () => {
    assert.equal(verdictOn({}), 'first start')
  })

  it('goes on where program, source and offsets are those of the checkpoint', () => {
    assert.equal(verdictOn({ manifest: manifestAt([5, 7]), commits: [own(5), own(7)] }), 'goes on')
  })

  it('tells which offsets the group has lost, and how many partitions are known', () => {
    const verdict = compatibilityOf(plan, { manifest: manifestAt([5]), sources, commits: [undefined, undefined] })

    assert.deepEqual(verdict, { kind: 'goes on', knownPartitions: [1], expiredOffsets: [0] })
  })

  it('is refused where offsets are there without a checkpoint, by whose they are', () => {
    assert.equal(verdictOn({ commits: [own(5), undefined] }), 'CHECKPOINT_MISSING')
    assert.equal(verdictOn({ commits: [{ offset: 5, isOwn: false }, undefined] }), 'GROUP_FOREIGN')
  })

  it('is refused where somebody has set an offset, also of a partition that is new', () => {
    assert.equal(verdictOn({ manifest: manifestAt([5, 7]), commits: [own(5), own(6)] }), 'GROUP_OFFSETS_DIFFER')
    assert.equal(verdictOn({ manifest: manifestAt([5]), commits: [own(5), own(1)] }), 'GROUP_OFFSETS_DIFFER')
    assert.equal(verdictOn({ manifest: manifestAt([5]), commits: [own(5), own(0)] }), 'goes on')
  })

  it('is refused where the program is another one, the source has lost partitions, or is another topic', () => {
    const commits = [own(5), own(7)]
    const shape = shapeOf(plan)
    const topology = { ...shape, sides: shape.sides.map((side) => ({ ...side, part: ['other'] })) }
    assert.equal(verdictOn({ manifest: manifestAt([5, 7], { topology }), commits }), 'CHECKPOINT_INCOMPATIBLE')
    assert.equal(verdictOn({ manifest: manifestAt([5, 7, 9]), commits }), 'CHECKPOINT_INCOMPATIBLE')
    for (const offsets of [
      [5, 7],
      [5, 7, 9],
    ]) {
      assert.equal(
        verdictOn({ manifest: manifestAt(offsets, { sourceIds: ['another'] }), commits }),
        'SOURCE_RECREATED',
      )
    }
  })

  it('goes on with redriven letters, also where the manifest does not know them, unless their topic is gone or another', () => {
    const partitions = withRedriven.partitions.list
    const known = (id: string) => manifestAt([5, 7, 2], { partitions, sourceIds: [source.id, id] })
    const commits = [own(5), own(7), own(2)]
    const unknown = { manifest: manifestAt([5, 7]), commits: [own(5), own(7), undefined] }

    assert.equal(verdictOn({ ...unknown, sources: withRedriven }), 'goes on')
    assert.equal(verdictOn({ manifest: known(redrive.id), sources: withRedriven, commits }), 'goes on')
    assert.equal(verdictOn({ manifest: known(redrive.id), commits }), 'KAFKA_TOPIC_MISSING')
    assert.equal(verdictOn({ manifest: known('another'), sources: withRedriven, commits }), 'SOURCE_RECREATED')
    const set = [own(5), own(7), own(1)]
    assert.equal(
      verdictOn({ manifest: known(redrive.id), sources: withRedriven, commits: set }),
      'GROUP_OFFSETS_DIFFER',
    )
  })

  it('names another source before offsets that differ because of it', () => {
    const commits = [own(0), own(0)]
    assert.equal(verdictOn({ manifest: manifestAt([5, 7], { sourceIds: ['another'] }), commits }), 'SOURCE_RECREATED')
  })
})
