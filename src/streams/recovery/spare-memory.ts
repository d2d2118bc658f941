import { TableMemory } from '../../kernel/index.ts'
import { checkpointSink } from '../topics/program-topics.ts'
import { backlogOf } from '../topics/backlog.ts'
import { recentManifest } from '../checkpoint/checkpoint-view.ts'
import { shardCountOf } from '../shards/fit.ts'
import type { KafkaServices } from '../runtime/services.ts'

/**
 * Bytes of the table, index and log for each pending part, if it is a small one, and for each record of a backlog: of
 * three parts that come in any order two thirds are pending at the most, and not all at once. What is not used goes
 * back like any other memory.
 */
const bytesPerPart = 160
const bytesPerBacklog = 64

/** Memory for a table that the system has given ahead of need. */
export class SpareMemory {
  #memory: TableMemory | undefined

  private constructor(memory: TableMemory) {
    this.#memory = memory
  }

  /**
   * Touches as much as the pending parts and the backlog are likely to need; an estimate, so that no failure matters
   * here.
   */
  static async prepare({ cluster, plan, topics, options }: KafkaServices): Promise<SpareMemory> {
    // Shards have memory of their own.
    if (shardCountOf({ plan, options }) > 0) return new SpareMemory(new TableMemory())
    const [backlog, manifest] = await Promise.all([
      backlogOf(cluster, plan.name, topics.sources).catch(() => 0),
      recentManifest(cluster, topics.sinks[checkpointSink]!).catch(() => undefined),
    ])
    const memory = new TableMemory()
    memory.touch(backlog * bytesPerBacklog + (manifest?.pending ?? 0) * bytesPerPart)
    return new SpareMemory(memory)
  }

  /** The memory, once: another table would not find it empty. */
  take(): TableMemory | undefined {
    const memory = this.#memory
    this.#memory = undefined
    return memory
  }
}
