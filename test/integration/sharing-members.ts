import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Cluster, listOffsets } from '../../src/kafka/index.ts'
import type { Layout } from '../../src/streams/index.ts'
import { closeAtEnd } from '../at-end.ts'
import { until } from '../until.ts'
import { valuesOf } from './customers.ts'
import type { KeyedMember } from './keyed-member.ts'
import { keyedMerges, type keyedRecords, keyedTopology } from './keyed-topology.ts'
import { readTopic } from './read-topic.ts'
import type { Stream, Target } from './target.ts'

const memberFile = fileURLToPath(new URL('keyed-member.ts', import.meta.url))

export type MemberFate = Pick<KeyedMember, 'death' | 'isUnfenced' | 'standbyTasks' | 'hasFunction' | 'program'>

/** A member in a process of its own, which is killed at the end of the tests. */
export function startMember(member: KeyedMember): ChildProcess {
  const child = spawn(process.execPath, [memberFile, JSON.stringify(member)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  closeAtEnd(() => child.kill('SIGKILL'))
  return child
}

/** Processes of a program whose members share its work. */
export class SharingMembers {
  readonly #target: Pick<Target, 'bootstrapServers' | 'admin'>

  constructor(target: Pick<Target, 'bootstrapServers' | 'admin'>) {
    this.#target = target
  }

  /** @param fate - What becomes of it where it does not live on. */
  start({ app, source, sink }: Stream, layout: Layout, fate: MemberFate = {}): ChildProcess {
    const { bootstrapServers } = this.#target
    return startMember({ app, source, sink, bootstrapServers, layout, ...fate })
  }

  /**
   * Has a member merge customers, then two, of which one is killed, and fails unless the merges are what they should be,
   * and those of one process in the layout `single`, which has the topic `single-sink`.
   *
   * @param tasksTopics - Where members note which tasks they work on.
   * @returns How many customers there were.
   */
  async outliveOne(
    stream: Stream,
    layout: Layout,
    tasksTopics: readonly string[],
    recordsOf: typeof keyedRecords,
  ): Promise<number> {
    const count = 3_000
    const areAtWork = async (number: number) => {
      const counts = await Promise.all(tasksTopics.map((topic) => this.atWork(topic)))
      return counts.every((each) => each === number)
    }
    await stream.produce([...recordsOf(['A', 'B'], 0, 1_000), ...recordsOf(['C'], 0, 500)])

    const first = this.start(stream, layout)
    await until('one member has all tasks', () => areAtWork(1))
    const second = this.start(stream, layout)
    await until('both are at work', () => areAtWork(2))
    await stream.produce(recordsOf(['C'], 500, 1_000))
    await stream.produce(recordsOf(['A', 'B', 'C'], 1_000, 2_000))
    second.kill('SIGKILL')
    await stream.produce(recordsOf(['A', 'B', 'C'], 2_000, count))
    await until('the other one has gone on with its tasks', async () => (await stream.merged()).length >= count)
    first.kill('SIGTERM')
    const [code] = (await once(first, 'exit')) as [number | null]

    assert.equal(code, 0)
    const merged = valuesOf(await stream.merged())
    assert.deepEqual(merged, keyedMerges(count))
    const single = { ...stream, app: `${stream.app}-single`, sink: stream.otherSources['single-sink']! }
    await stream.run(keyedTopology(single, 'single'))
    assert.deepEqual(valuesOf(await stream.read(single.sink)), merged)
    return count
  }

  /**
   * How many members have begun to work on tasks, by their last notes, once all tasks are somebody's.
   *
   * @param tasksTopic - Where they note it.
   */
  async atWork(tasksTopic: string): Promise<number> {
    const { bootstrapServers, admin } = this.#target
    if (!(await admin.listTopics()).includes(tasksTopic)) return 0
    // The leaders of a topic that was just created may not know of it yet; this waits for them, other clients do not.
    const cluster = new Cluster({ bootstrapServers })
    const topic = await cluster.topicWhenReady(tasksTopic)
    await listOffsets(cluster, topic, 'latest')
    await cluster.close()
    const notes = (await readTopic(bootstrapServers, tasksTopic)).filter(({ key }) => key === 'attempt')
    const writers = new Map(notes.map(({ partition, value }) => [partition, JSON.parse(value!).writer]))
    return writers.size < topic.partitions.length ? 0 : new Set(writers.values()).size
  }
}
