import { fromModule, supervisor } from '../../actors/index.ts'
import { moduleUrl } from '../../core/code-root.ts'
import type { ShardSetup } from './shard-messages.ts'
import type { shardWorker } from './shard-worker.ts'

/** Id of the supervisor of all shards. */
const shardsId = 'shards'
/** Ends of threads that are mended by a new one, before all operators restart. */
const restarts = { maxRestarts: 100, withinMs: 10_000 } as const
/** Nothing is lost with what a shard is at when all stop. */
const shutdownMs = 100

/**
 * The shards of a table, each on a thread of its own, by which `startSystem` starts them.
 *
 * @param count - How many: 1 to 64.
 */
export function shardTree(setup: Omit<ShardSetup, 'place'>, count: number) {
  const module = moduleUrl('streams/shards/shard-worker')
  const ids = Array.from({ length: count }, (_, shard) => `shard-${shard + 1}`)
  const children = ids.map((id, shard) => {
    const place = { shard, shardCount: count }
    return {
      id,
      start: fromModule<typeof shardWorker>(module, 'shardWorker', { ...setup, place }),
      thread: id,
      shutdownMs,
    }
  })
  return { ids, threads: ids, root: supervisor({ name: shardsId, ...restarts, children }) }
}
