import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import type { ErrorCode } from '../../src/core/errors.ts'
import { audit, field, type Logger, processes, stage, topology } from '../../src/streams/index.ts'
import { until } from '../until.ts'
import { valuesOf } from './customers.ts'
import { keyedMerges, keyedPartitions, keyedRecords, keyedTopology } from './keyed-topology.ts'
import { assertRefused, committed, startProgram, startQuietly } from './run.ts'
import { SharingMembers } from './sharing-members.ts'
import { onEachBroker, type Target } from './target.ts'

export function keyedLayout(target: Target): void {
  const members = new SharingMembers(target)

  describe('the layout "keyed"', () => {
    it('shares the partitions out, and loses and repeats nothing where a member is killed', async () => {
      const stream = await target.stream({ sourcePartitions: keyedPartitions, otherSources: { 'single-sink': 3 } })
      const count = await members.outliveOne(stream, 'keyed', [`${stream.app}.tasks`], keyedRecords)

      const { verdict, accounting } = await audit({ app: stream.app, bootstrapServers: target.bootstrapServers })
      assert.equal(verdict, 'proved')
      const consumed = accounting.reduce((sum, account) => sum + account.consumed, 0)
      assert.equal(consumed, 3 * count)
    })

    it('gives tasks up that it has got with their checkpoints, and takes them back', async () => {
      const stream = await target.stream({ sourcePartitions: keyedPartitions })
      const tasksTopic = `${stream.app}.tasks`
      const areAtWork = (number: number) =>
        until(`${number} are at work`, async () => (await members.atWork(tasksTopic)) === number)
      const ended = async (member: ChildProcess) => {
        member.kill('SIGTERM')
        assert.equal((await once(member, 'exit'))[0], 0)
      }
      await stream.produce(keyedRecords(['A'], 0, 200))

      const first = members.start(stream, 'keyed')
      await areAtWork(1)
      const second = members.start(stream, 'keyed')
      await areAtWork(2)
      await stream.produce(keyedRecords(['B'], 0, 200))
      await ended(second)
      await areAtWork(1)
      const third = members.start(stream, 'keyed')
      await areAtWork(2)
      await stream.produce(keyedRecords(['C'], 0, 200))
      await until('all is merged', async () => (await stream.merged()).length >= 200)
      await ended(first)
      await ended(third)

      assert.deepEqual(valuesOf(await stream.merged()), keyedMerges(200))
    })

    it('reads the pending records of tasks that it gets while it works on those that it has', async () => {
      const { bootstrapServers } = target
      const stream = await target.stream({ sourcePartitions: keyedPartitions })
      const areAtWork = (number: number) =>
        until(`${number} are at work`, async () => (await members.atWork(`${stream.app}.tasks`)) === number)
      const told: string[] = []
      const logger: Logger = { debug() {}, info: (_, sentence) => told.push(sentence), warn() {}, error() {} }
      await stream.produce(keyedRecords(['A'], 0, 300))
      const one = await startProgram(keyedTopology(stream), { bootstrapServers, epochMs: 20, epochIdleMs: 1, logger })
      await until('all is consumed', () => one.progress().consumed === 300)
      const other = await startQuietly(keyedTopology(stream), bootstrapServers)
      await areAtWork(2)
      await other.stop()
      await areAtWork(1)
      await stream.produce(keyedRecords(['B', 'C'], 0, 300))
      await until('all is merged', async () => (await stream.merged()).length >= 300)
      await one.stop()

      assert.deepEqual(valuesOf(await stream.merged()), keyedMerges(300))
      // With all of its tasks at first, with those that it kept, and with all again.
      assert.equal(told.filter((sentence) => sentence === 'working on tasks').length, 3)
      assert.equal(told.includes('has restored the pending parts'), false, 'the work has waited for a restoration')
    })

    it('makes a dead letter of a record that is not in the partition of its key', async () => {
      const stream = await target.stream({ sourcePartitions: keyedPartitions })
      const [misplaced, ...others] = keyedRecords(['A', 'B', 'C'], 0, 2)
      const partition = (misplaced!.partition! + 1) % keyedPartitions
      await stream.produce([{ ...misplaced!, partition }, ...others])

      const app = await startQuietly(keyedTopology(stream), target.bootstrapServers)
      await until('all records are consumed', () => app.progress().consumed === 6)
      await app.stop()

      const letters = await stream.deadLetters()
      assert.deepEqual(
        letters.map(({ value, headers }) => [value, Object.fromEntries(headers)['millrace.reason']]),
        [[misplaced!.value, 'WRONG_PARTITION']],
      )
      assert.deepEqual(valuesOf(await stream.merged()), [keyedMerges(2)[1]])
    })

    it('has a process of another version wait while members of this one work, and refuses it then', async () => {
      const { bootstrapServers } = target
      const stream = await target.stream({ sourcePartitions: keyedPartitions })
      const { app } = stream
      await stream.produce(keyedRecords(['A', 'B', 'C'], 0, 10))
      const running = await startQuietly(keyedTopology(stream), bootstrapServers)
      await running.caughtUp
      const otherVersion = topology(app, { layout: 'keyed' })
        .source(stream.source)
        .route('by-stage', field('stage'), { A: stage(), B: stage() })
        .correlate('by-id', field('id'), { of: ['A', 'B'] })
        .sink(stream.sink)
      const code: ErrorCode = 'CHECKPOINT_INCOMPATIBLE'
      await assertRefused(otherVersion, bootstrapServers, { code }, { onIncompatible: 'exit' })

      const other = await startQuietly(otherVersion, bootstrapServers)

      assert.equal(other.role, 'incompatible')
      await stream.produce(keyedRecords(['A', 'B', 'C'], 10, 20))
      await committed(running, 60)
      assert.deepEqual(
        (await processes({ app, bootstrapServers })).map(({ tasks }) => tasks?.length),
        [keyedPartitions],
      )
      await running.stop()
      await assert.rejects(other.done, { code })
      assert.deepEqual(valuesOf(await stream.merged()), keyedMerges(20))
    })

    it('refuses sources that do not have one number of partitions', async () => {
      const stream = await target.stream({ sourcePartitions: 2, otherSources: { more: 3 } })
      const code: ErrorCode = 'PARTITIONS_DIFFER'
      const program = topology(stream.app, { layout: 'keyed' })
        .source(stream.source)
        .side('A')
        .source(stream.otherSources['more']!)
        .side('B')
        .correlate('by-id', field('id'), { of: ['A', 'B'] })
        .sink(stream.sink)

      await assertRefused(program, target.bootstrapServers, { code })
    })
  })
}

/** What merges in the layout "routed" is in the layout "keyed". */
const layouts = process.env['MILLRACE_KILLS'] === undefined ? (['keyed'] as const) : (['keyed', 'routed'] as const)

export function expiringTasks(target: Target): void {
  const members = new SharingMembers(target)

  for (const layout of layouts) {
    it(`in the layout "${layout}" rows expire by the time of the records, each once, where a member is killed`, async () => {
      const { bootstrapServers } = target
      const stream = await target.stream({ sourcePartitions: keyedPartitions })
      const { app } = stream
      const merging = layout === 'keyed' ? app : `${app}.by-id`
      const lettersOf = () => stream.read(`${merging}.dead-letter`)
      const count = 200
      const at = (timestampMs: number, of: readonly string[], from: number) =>
        keyedRecords(of, from, from + count).map((record) => ({ ...record, timestampMs }))
      const areAtWork = (number: number) =>
        until(`${number} are at work`, async () => (await members.atWork(`${merging}.tasks`)) === number)
      await stream.produce(at(1_790_000_000_000, ['A'], 0))

      const living = members.start(stream, layout, { program: 'expiring' })
      await areAtWork(1)
      // A member of the layout "routed" commits as soon as it begins.
      const death = layout === 'keyed' ? { diesAtCommit: 1, isCommitSent: false } : undefined
      const mortal = members.start(stream, layout, { program: 'expiring', ...(death && { death }) })
      await areAtWork(2)
      await stream.produce(at(1_790_000_005_000, ['A', 'B', 'C'], count))
      if (death === undefined) mortal.kill('SIGKILL')
      await until('all rows have left', async () => {
        const [letters, merged] = await Promise.all([lettersOf(), stream.merged()])
        return letters.length >= count && merged.length >= count
      })
      living.kill('SIGTERM')
      await once(living, 'exit')

      const letters = await lettersOf()
      assert.deepEqual(
        letters.map(({ key }) => Number(key)).sort((a, b) => a - b),
        [...Array(count).keys()],
      )
      assert.deepEqual(
        valuesOf(await stream.merged()),
        keyedMerges(2 * count).filter((value) => (JSON.parse(value) as { id: number }).id >= count),
      )
      const { verdict, accounting } = await audit({ app: merging, bootstrapServers })
      assert.equal(verdict, 'proved')
      assert.equal(
        accounting.reduce((sum, { expired }) => sum + expired, 0),
        count,
      )
    })
  }
}

if (import.meta.main) onEachBroker([keyedLayout, expiringTasks])
