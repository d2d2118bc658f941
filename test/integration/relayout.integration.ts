import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  audit,
  explain,
  deadLetters,
  field,
  type Layout,
  redrive,
  type RedriveOptions,
  type RedriveReport,
  relayout,
  type RelayoutOptions,
  stage,
  type Topology,
  topology,
} from '../../src/streams/index.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import { until } from '../until.ts'
import { valuesOf } from './customers.ts'
import { faultyTopology, keyedMerges, keyedPartitions, keyedRecords, packedTopology } from './keyed-topology.ts'
import { startQuietly } from './run.ts'
import { onEachBroker, type Stream, type Target } from './target.ts'

const count = 150

/** Whether merging fails. */
let isBroken = false

/** Merges customers of three sides, whose rows may leave the table. */
function customers({ app, source, sink }: Stream, layout: Layout) {
  const part = field('part')
  return topology(app, { layout })
    .source(source)
    .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part }), C: stage({ part }) })
    .correlate('by-id', field('id'), { of: ['A', 'B', 'C'], whenFull: 'promote' })
    .filter('whole', () => {
      if (isBroken) throw new Error('merging fails')
      return true
    })
    .sink(sink)
}

type Program = Topology

/** So that rows leave the table. */
const settings = { pendingBytesMax: 1 << 20 }

export function relayouts(target: Target): void {
  async function catchUp(program: Program) {
    const app = await startQuietly(program, target.bootstrapServers, settings)
    await app.caughtUp
    await app.stop()
  }

  /** The same until all pending parts are in a checkpoint topic. */
  async function promote(program: Program, stream: Stream, checkpointTopic: string, parts: number) {
    const app = await startQuietly(program, target.bootstrapServers, { ...settings, replayRecordsMax: 0 })
    await app.caughtUp
    await until('all pending parts are promoted', async () => {
      const records = await stream.read(checkpointTopic)
      return new Set(records.flatMap(({ key }) => (key?.startsWith('part/') ? [key] : []))).size >= parts
    })
    await app.stop()
  }

  /** Nothing is left of a source: what is promoted is nowhere else. */
  async function emptySource({ source }: Stream) {
    const offsets = await target.admin.fetchTopicOffsets(source)
    await target.deleteRecords(
      source,
      Object.fromEntries(offsets.map(({ partition, high }) => [partition, Number(high)])),
    )
  }

  /** Has parts routed, and rows completed that are not merged. */
  async function failToMerge(program: Program) {
    isBroken = true
    const app = await startQuietly(program, target.bootstrapServers, { ...settings, maxConsecutivePoison: 1 })
    await assert.rejects(app.done, { code: 'STAGE_FAILS_ON_EVERYTHING' satisfies ErrorCode })
    isBroken = false
  }

  /** A program of a layout that was left ends. */
  async function assertLeft(program: Program) {
    const code: ErrorCode = 'LAYOUT_DIFFERS'
    await assert.rejects(
      startQuietly(program, target.bootstrapServers, settings).then((app) => app.done),
      { code },
    )
  }

  async function move(program: Program, to: Layout, more: Partial<RelayoutOptions> = {}) {
    const { bootstrapServers } = target
    return relayout({ topology: program, to, bootstrapServers, logger: silent, ...more })
  }

  /** @returns the layout in whose account that is which came before. */
  async function assertAudited(app: string): Promise<Layout | undefined> {
    const { verdict, next, layoutBefore } = await audit({ app, bootstrapServers: target.bootstrapServers })
    assert.deepEqual([verdict, next?.verdict ?? 'proved'], ['proved', 'proved'])
    return layoutBefore
  }

  describe('a program that changes its layout', () => {
    it('goes from "single" to "keyed" and back with what is pending and promoted', async () => {
      const stream = await target.stream({ sourcePartitions: keyedPartitions })
      const single = customers(stream, 'single')
      await stream.produce(keyedRecords(['A', 'B'], 0, count))
      await promote(single, stream, stream.checkpointTopic, 2 * count)
      await emptySource(stream)

      const there = await move(single, 'keyed')

      assert.deepEqual([there.from, there.pending, there.promoted], ['single', 2 * count, 2 * count])
      await assertLeft(single)
      await stream.produce(keyedRecords(['C'], 0, count / 2))
      await catchUp(customers(stream, 'keyed'))
      await assertAudited(stream.app)

      const back = await move(single, 'single')

      assert.deepEqual([back.from, back.fromTasks, back.pending], ['keyed', keyedPartitions, count])
      await assertLeft(customers(stream, 'keyed'))
      await stream.produce(keyedRecords(['C'], count / 2, count))
      await catchUp(single)
      await assertAudited(stream.app)
      assert.deepEqual(valuesOf(await stream.merged()), keyedMerges(count))
    })

    it('goes from "single" to "routed", to other tasks, and back, whatever is on the way', async () => {
      const stream = await target.stream({ sourcePartitions: 2 })
      const single = customers(stream, 'single')
      const routed = customers(stream, 'routed')
      await stream.produce(unkeyed(['A'], 0, count))
      await promote(single, stream, stream.checkpointTopic, count)
      await stream.produce(unkeyed(['B'], 0, count))
      await catchUp(single)

      const there = await move(routed, 'routed', { tasks: 5 })

      assert.deepEqual([there.from, there.pending, there.promoted], ['single', 2 * count, count])
      await assertLeft(single)
      await stream.produce(unkeyed(['C'], 0, count / 3))
      await catchUp(routed)
      assert.equal(await assertAudited(stream.app), 'single')

      await move(routed, 'routed', { tasks: 3 })
      await promote(routed, stream, `${stream.app}.by-id.tasks`, (2 * count * 2) / 3)
      assert.equal(await assertAudited(stream.app), 'single')
      await stream.produce(unkeyed(['C'], count / 3, (count * 2) / 3))
      await failToMerge(routed)

      const back = await move(routed, 'single')

      assert.deepEqual([back.from, back.fromTasks, back.inTransit > 0], ['routed', 3, true])
      await assertLeft(routed)
      await stream.produce(unkeyed(['C'], (count * 2) / 3, count))
      await catchUp(single)
      assert.equal(await assertAudited(stream.app), 'routed')
      const { bootstrapServers } = target
      assert.equal((await explain({ app: stream.app, key: '0', bootstrapServers })).layoutBefore, 'routed')
      assert.deepEqual(valuesOf(await stream.merged()), keyedMerges(count))
    })

    it('carries each of the records that a flatMap has made of one to all layouts', async () => {
      const few = 45
      const stream = await target.stream({ sourcePartitions: keyedPartitions })
      const packs = (sides: readonly string[], from: number, to: number) =>
        keyedRecords([''], from, to).map(({ partition }, at) => {
          const records = sides.map((side) => ({ stage: side, id: from + at, part: `${side}${from + at}` }))
          return { value: JSON.stringify({ records }), partition: partition! }
        })
      const ways: readonly (readonly [from: Layout, to: Layout])[] = [
        ['single', 'keyed'],
        ['keyed', 'routed'],
        ['routed', 'single'],
      ]
      // Two of each pack are pending, in lanes of their own.
      await stream.produce(packs(['A', 'B'], 0, few))
      await catchUp(packedTopology(stream, 'single'))

      for (const [step, [from, to]] of ways.entries()) {
        const { pending } = await move(packedTopology(stream, from), to)
        assert.equal(pending, (2 * few * (3 - step)) / 3)
        await stream.produce(packs(['C'], (few * step) / 3, (few * (step + 1)) / 3))
        await catchUp(packedTopology(stream, to))
        const before = { keyed: undefined, routed: 'single', single: 'routed' }[to]
        assert.equal(await assertAudited(stream.app), before)
      }

      assert.deepEqual(valuesOf(await stream.merged()), keyedMerges(few))
    })

    it('carries redriven letters to all layouts, and all others that nobody has redriven, whatever merged or routed them', async () => {
      const few = 60
      const stream = await target.stream({ sourcePartitions: keyedPartitions })
      const { app, source } = stream
      const { bootstrapServers } = target
      const placeOf = ({ partition, offset }: { partition: number; offset: number }) => `${partition}@${offset}`
      const run = async (layout: Layout, isMended: boolean) => {
        const settings = { stageAttempts: 1, maxConsecutivePoison: 10_000 }
        const { error } = await stream.run(faultyTopology(stream, layout, isMended), settings)
        assert.equal(error, undefined)
      }
      const redriveSome = (choice: Pick<RedriveOptions, 'key' | 'origin'> = {}) =>
        redrive({ app, bootstrapServers, ...choice })
      const countsOf = ({ reasons }: RedriveReport) =>
        reasons
          .map(
            ({ reason, redriven, alreadyRedriven, foreign }) => [reason, redriven, alreadyRedriven, foreign] as const,
          )
          .sort(([one], [other]) => one.localeCompare(other))
      const mended = (layout: Layout) => faultyTopology(stream, layout, true)
      await stream.produce(keyedRecords(['A', 'B'], 0, few))
      await run('single', false)
      await redriveSome({ key: '0' })
      await run('single', false)
      // Dead again, and redriven once more; pending; not read yet; and 15 that nobody has redriven.
      for (const key of ['0', '3', '6']) await redriveSome({ key })
      await run('single', true)
      for (const key of ['9', '12']) await redriveSome({ key })

      await move(mended('single'), 'keyed')
      await run('keyed', true)
      await assertAudited(app)
      const rest = await redriveSome()
      await move(mended('keyed'), 'routed', { tasks: 5 })
      await stream.produce(keyedRecords(['C'], 0, few))
      await run('routed', false)
      await assertAudited(app)
      const named = await deadLetters({ app, bootstrapServers, reason: 'MERGE_FAILED', limit: 1_000 })
      const records = new Map((await stream.read(source)).map((each) => [placeOf(each), each.value!]))
      const ofFirst = named.find(({ origins }) => records.get(placeOf(origins[0]!))!.includes('"id":1,'))!
      const inRouted = await redriveSome({ origin: `${source}:${ofFirst.origins[0]!.partition}` })
      const { inTransit, deletes } = await move(mended('routed'), 'single')
      await run('single', true)
      const inSingle = await redriveSome()
      await run('single', true)
      await assertAudited(app)
      const last = await redriveSome()

      assert.deepEqual(countsOf(rest), [['STAGE_FAILED', 15, 6, 0]])
      // Those 15 are dead again, and so are all three parts of nine merges, one of which was made of a redriven part.
      const idsOf = named.flatMap(({ topic, origins }) =>
        topic === source
          ? origins.map((origin) => (JSON.parse(records.get(placeOf(origin))!) as { id: number }).id)
          : [],
      )
      const failed = [1, 6, 11, 16, 26, 31, 41, 46, 56]
      assert.deepEqual(
        idsOf.sort((a, b) => a - b),
        failed.flatMap((id) => [id, id, id]),
      )
      const early = inRouted.next!.redriven
      assert.ok(early > 0 && early < 27 && inTransit >= early, `${early} of 27 in "routed"`)
      assert.ok(deletes.includes(`${app}.by-id.dead-letter`))
      const stages = inRouted.redriven
      assert.deepEqual(countsOf(inSingle), [
        ['MERGE_FAILED', 27 - early, 0, 0],
        ['STAGE_FAILED', 15 - stages, 21 + stages, 0],
      ])
      assert.deepEqual(countsOf(last), [
        ['MERGE_FAILED', 0, 27 - early, 0],
        ['STAGE_FAILED', 0, 36, 0],
      ])
      assert.deepEqual(valuesOf(await stream.merged()), keyedMerges(few))
    })

    it('takes parts to "routed" whose records are gone, and not back, which changes nothing', async () => {
      const stream = await target.stream({ sourcePartitions: 2 })
      const [single, routed] = [customers(stream, 'single'), customers(stream, 'routed')]
      const few = 20
      await stream.produce(unkeyed(['A', 'B'], 0, few))
      await promote(single, stream, stream.checkpointTopic, 2 * few)
      await emptySource(stream)
      await move(single, 'routed')
      await catchUp(routed)

      const code: ErrorCode = 'RELAYOUT_REFUSED'
      await assert.rejects(move(routed, 'single'), { code })

      await stream.produce(unkeyed(['C'], 0, few))
      await catchUp(routed)
      await assertAudited(stream.app)
      assert.deepEqual(valuesOf(await stream.merged()), keyedMerges(few))
    })
  })
}

function unkeyed(...of: Parameters<typeof keyedRecords>) {
  return keyedRecords(...of).map(({ value }, at) => ({ value, partition: at % 2 }))
}

const silent = { debug() {}, info() {}, warn() {}, error() {} }

if (import.meta.main) onEachBroker([relayouts])
