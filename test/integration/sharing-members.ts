import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Cluster, listOffsets } from '../../src/kafka/index.ts'
import type { Layout } from '../../src/streams/index.ts'
import { closeAtEnd } from '../at-end.ts'
import type { KeyedMember, MemberDeath } from './keyed-member.ts'
import { readTopic } from './read-topic.ts'
import type { Stream, Target } from './target.ts'

const memberFile = fileURLToPath(new URL('keyed-member.ts', import.meta.url))

/** Processes of a program whose members share its work. */
export class SharingMembers {
  readonly #target: Target

  constructor(target: Target) {
    this.#target = target
  }

  /** @param death - Absent for one that lives. */
  start({ app, source, sink }: Stream, layout: Layout, death?: MemberDeath): ChildProcess {
    const { bootstrapServers } = this.#target
    const member: KeyedMember = { app, source, sink, bootstrapServers, layout, ...(death && { death }) }
    const child = spawn(process.execPath, [memberFile, JSON.stringify(member)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    closeAtEnd(() => child.kill('SIGKILL'))
    return child
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
