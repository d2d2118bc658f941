import { assert } from '../../core/assert.ts'
import { ByteBudget } from './byte-budget.ts'
import { changesTables } from '../topology/plan.ts'
import { PartitionsBehind } from './partitions-behind.ts'
import { RowBatchPool } from './row-batch.ts'
import type { Services } from './services.ts'

/**
 * Batches between reading and the table. Few, so that their columns and bytes stay in the cache from step to step. One
 * where functions use tables, so that what they change is of the current epoch or of that batch.
 */
const rowBatches = 4
/** So many more for each worker thread, which would else have done what there is before more comes. */
const rowBatchesOfWorker = 4

/**
 * What operators share since their last restart. Messages bear the incarnation that made them, and one of an older life
 * is dropped where it arrives: the memory that it holds belongs to pools that ended with it.
 */
export interface Life {
  /** 1 for the first. */
  readonly incarnation: number
  readonly rowBatches: RowBatchPool
  readonly partitionsBehind: PartitionsBehind
  /** Of outputs that are not stored yet. */
  readonly budget: ByteBudget
}

/** The lives of operators, one after the other. */
export class Lives {
  readonly #services: Pick<Services, 'outputBytesMax' | 'plan' | 'options'>
  #current: Life | undefined

  constructor(services: Pick<Services, 'outputBytesMax' | 'plan' | 'options'>) {
    this.#services = services
  }

  get current(): Life {
    assert(this.#current !== undefined, 'operators begin when a life has begun')
    return this.#current
  }

  /** Number of the current life; 0 before the first. */
  get incarnation(): number {
    return this.#current?.incarnation ?? 0
  }

  /** Begins the next life, with memory of its own. */
  begin(): Life {
    const { outputBytesMax, plan, options } = this.#services
    const life: Life = {
      incarnation: this.incarnation + 1,
      rowBatches: new RowBatchPool(
        changesTables(plan) ? 1 : rowBatches + rowBatchesOfWorker * Math.max(options.workers, options.shards ?? 0),
      ),
      partitionsBehind: new PartitionsBehind(),
      budget: new ByteBudget(outputBytesMax),
    }
    this.#current = life
    return life
  }
}
