import type { ActorContext } from '../../actors/index.ts'
import type { Epochs } from '../epochs/epochs.ts'
import type { ShardMessage } from './shard-messages.ts'
import { isShardLost } from './shard-lost.ts'
import { ShardedTable, type ShardEvents } from './sharded-table.ts'

/** Lives that may begin in a row because shards were lost, before the next loss counts as a crash. */
const lossesMax = 5

/** The shards of a program over all lives of its operators. */
export class TableOfLives {
  readonly #ids: readonly string[]
  #table: ShardedTable | undefined
  #events: ShardEvents | undefined
  /** The epoch that is closed in the shards and not known to have committed; undefined where none is. */
  #closedEpoch: number | undefined
  /** Since an epoch has committed. */
  #losses = 0

  /** @param ids - Of the actors of the shards. */
  constructor(ids: readonly string[]) {
    this.#ids = ids
  }

  /** The table, which tells these from now on. */
  in(context: Pick<ActorContext<never>, 'ref'>, events: ShardEvents): ShardedTable {
    this.#events = events
    this.#table ??= new ShardedTable(
      this.#ids.map((id) => context.ref<ShardMessage>(id)),
      {
        onBatch: (batch, recycle) => this.#events!.onBatch(batch, recycle),
        onMerges: (merges) => this.#events!.onMerges(merges),
        onTraced: (traced) => this.#events!.onTraced(traced),
        onRefused: (partition, offset, reason) => this.#events!.onRefused(partition, offset, reason),
        onDropped: (partition, offset, reason) => this.#events!.onDropped(partition, offset, reason),
      },
    )
    return this.#table
  }

  /**
   * Brings the shards to the last committed epoch, from which a life begins.
   *
   * @returns Whether rows of some are lost.
   * @throws MillraceError `SHARD_LOST`
   */
  async begin({ committed }: Pick<Epochs, 'committed'>): Promise<boolean> {
    const table = this.#table!
    // Its commit may have become known only now.
    if (this.#closedEpoch !== undefined && this.#closedEpoch <= committed) table.commit()
    this.#closedEpoch = undefined
    const lost = await table.begin()
    return lost.length > 0
  }

  /** An epoch has been closed. */
  closed(epoch: number): void {
    this.#closedEpoch = epoch
  }

  /** The closed epoch is durable. */
  commit(): void {
    this.#table!.commit()
    this.#closedEpoch = undefined
    this.#losses = 0
  }

  /**
   * Whether a crash of an operator counts as such: not where a shard was lost, unless that has happened time and again
   * without an epoch in between, as where a record ends each thread that it comes to.
   */
  countsAsCrash(error: unknown): boolean {
    return !isShardLost(error) || ++this.#losses > lossesMax
  }
}
