import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { partitionForKey } from '../../src/kafka/index.ts'
import type { App } from '../../src/streams/index.ts'
import { until } from '../until.ts'
import { valuesOf } from './customers.ts'
import { keyedMerges, keyedPartitions, keyedRecords, keyedTopology } from './keyed-topology.ts'
import { assertProved, type RunSettings, startQuietly } from './run.ts'
import { SharingMembers } from './sharing-members.ts'
import { onEachBroker, onEmbeddedBroker, type Stream, type Target } from './target.ts'

const memberCount = 3
const copying: RunSettings = { heartbeatIntervalMs: 200, epochMs: 50, standbyTasks: 1, standbyRefreshMs: 100 }
/** Of each task, in groups that do not give a task to who has a copy of it: all others have one. */
const copiesEverywhere = memberCount - 1

/** A member in this process, with how often each part of the side A was read in it. */
class CountingMember {
  readonly app: App
  readonly reads = new Map<number, number>()

  static async start(stream: Stream, bootstrapServers: string, settings: RunSettings = {}): Promise<CountingMember> {
    const reads = new Map<number, number>()
    const partOfA = ({ part }: { readonly part: string }) => {
      const id = Number(part.slice(1))
      reads.set(id, (reads.get(id) ?? 0) + 1)
      return part
    }
    const topology = keyedTopology(stream, 'keyed', partOfA)
    return new CountingMember(await startQuietly(topology, bootstrapServers, { ...copying, ...settings }), reads)
  }

  private constructor(app: App, reads: Map<number, number>) {
    this.app = app
    this.reads = reads
  }

  /** The tasks that it works on, those of which it has copies, and those of which it should have some. */
  async held() {
    const { program, copies, partitions } = await this.app.inspect({ wholeProgram: true })
    const tasks = partitions.map(({ partition }) => partition)
    const wanted = program?.members.find(({ isThis }) => isThis)?.standbyTasks
    return { tasks, copies: copies?.tasks ?? [], wanted: wanted ?? [] }
  }
}

const taskOf = (id: number) => partitionForKey(Buffer.from(String(id)), keyedPartitions)
const idsOf = (tasks: readonly number[], to: number) =>
  Array.from({ length: to }, (_, id) => id).filter((id) => tasks.includes(taskOf(id)))

export function standbyTasks(target: Target, count = 1): void {
  describe('copies of tasks', () => {
    it('leave nothing to be read but what is new where a member is killed', async () => {
      const { bootstrapServers } = target
      const stream = await target.stream({ sourcePartitions: keyedPartitions })
      await stream.produce(keyedRecords(['A'], 0, 300))
      const mortal = new SharingMembers(target).start(stream, 'keyed', { standbyTasks: count, hasFunction: true })
      const others = await Promise.all([
        CountingMember.start(stream, bootstrapServers, { standbyTasks: count }),
        CountingMember.start(stream, bootstrapServers, { standbyTasks: count }),
      ])
      await until('all have tasks, and copies of all of them', async () => {
        const { program } = await others[0].app.inspect({ wholeProgram: true })
        const { members = [] } = program ?? {}
        const all = await Promise.all(others.map((each) => each.held()))
        return (
          members.length === memberCount &&
          members.every(({ tasks }) => tasks!.length === keyedPartitions / memberCount) &&
          members.flatMap((member) => member.standbyTasks!).length === count * keyedPartitions &&
          all.every(({ wanted, copies }) => isDeepStrictEqual(wanted, copies))
        )
      })
      await stream.produce([...keyedRecords(['B', 'C'], 0, 100), ...keyedRecords(['A'], 300, 400)])
      const before = await Promise.all(
        others.map((each) =>
          until('it has read what came', async () => {
            const held = await each.held()
            const ids = idsOf([...held.tasks, ...held.copies], 400)
            return (
              held.tasks.length === keyedPartitions / memberCount &&
              ids.every((id) => id < 100 || each.reads.has(id)) &&
              held
            )
          }),
        ),
      )
      for (const { reads } of others) reads.clear()

      mortal.kill('SIGKILL')
      await once(mortal, 'exit')
      await stream.produce([...keyedRecords(['A'], 400, 500), ...keyedRecords(['B', 'C'], 100, 500)])
      await until('all is merged', async () => (await stream.merged()).length >= 500)
      const after = await Promise.all(others.map((each) => each.held()))
      await Promise.all(others.map(({ app }) => app.stop()))

      const fromCopies = after.flatMap(({ tasks }, at) => tasks.filter((task) => before[at]!.copies.includes(task)))
      assert.ok(fromCopies.length > 0, JSON.stringify({ before, after }))
      for (const [at, { reads }] of others.entries()) {
        const known = idsOf([...before[at]!.tasks, ...before[at]!.copies], 400)
        assert.deepEqual(
          known.filter((id) => reads.has(id)),
          [],
          'parts were read again',
        )
      }
      assert.deepEqual(valuesOf(await stream.merged()), keyedMerges(500))
      await assertProved(target, stream)
    })
  })
}

/** What such a copy does with the memory that it may take. */
export function limitedCopies(target: Target): void {
  describe('copies of tasks that take too much memory', () => {
    it('are kept of as many tasks as there is memory for, with a warning', async () => {
      const { bootstrapServers } = target
      const stream = await target.stream({ sourcePartitions: keyedPartitions })
      const filling = 'x'.repeat(10_000)
      await stream.produce(
        keyedRecords(['A'], 0, 300).map((record) => ({
          ...record,
          value: `{"stage":"A","id":${String(record.key)},"part":"${filling}"}`,
        })),
      )
      // No process keeps copies of its own tasks.
      const owner = new SharingMembers(target).start(stream, 'keyed', { standbyTasks: 1, hasFunction: true })
      await until('all is consumed', async () => {
        const [of] = await target.admin.fetchOffsets({ groupId: stream.app, topics: [stream.source] })
        return of!.partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0) === 300
      })
      const warnings: unknown[] = []
      const mebibyte = 1 << 20

      const { app } = await CountingMember.start(stream, bootstrapServers, {
        pendingBytesMax: mebibyte,
        onWarning: (_, sentence) => warnings.push(sentence),
      })
      await until('it has copies', async () => (await app.inspect()).copies !== undefined)
      const { copies } = await app.inspect()

      assert.deepEqual(warnings, [
        'copies of tasks take more memory than pendingBytesMax: copies of half as many are kept',
      ])
      assert.equal(copies!.tasks.length, keyedPartitions / 4)
      assert.ok(copies!.bytes > 0 && copies!.bytes <= mebibyte, `${copies!.bytes}`)
      await app.stop()
      owner.kill('SIGKILL')
    })
  })
}

/** A version that no client speaks. */
const none = [99, 99] as const
const withoutStreams = { StreamsGroupHeartbeat: none, StreamsGroupDescribe: none }
const classicOnly = { ...withoutStreams, ConsumerGroupHeartbeat: none, ConsumerGroupDescribe: none }

/** Groups that know nothing of copies. */
export function copiesInOtherGroups(): void {
  const suites = [(target: Target) => standbyTasks(target, copiesEverywhere)]
  onEmbeddedBroker(suites, { versions: withoutStreams }, 'a broker without streams groups')
  onEmbeddedBroker(suites, { versions: classicOnly }, 'a broker with classic groups only')
}

if (import.meta.main) {
  onEachBroker([standbyTasks])
  onEmbeddedBroker([limitedCopies])
  copiesInOtherGroups()
}
