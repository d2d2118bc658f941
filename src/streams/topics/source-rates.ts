import type { Clock } from '../../core/clock.ts'
import { RecordRate } from '../../kafka/index.ts'
import type { Plan } from '../topology/plan.ts'
import type { SourcePartitions } from './source-partitions.ts'

/** How fast the sources of a program may be read, for as long as its process takes part in it. */
export class SourceRates {
  /** By source; undefined where nothing bounds it. */
  readonly #rates: readonly (RecordRate | undefined)[]

  constructor({ sources }: Pick<Plan, 'sources'>, clock: Pick<Clock, 'monotonicMs'>) {
    this.#rates = sources.map(({ recordsPerSecondMax: max }) =>
      max === undefined ? undefined : new RecordRate(clock, max),
    )
  }

  /** Of the partitions in the order of their numbers; those of one source share theirs. */
  ofPartitions({ list, firsts }: Pick<SourcePartitions, 'list' | 'firsts'>): (RecordRate | undefined)[] {
    return firsts.map((number) => this.#rates[list[number]!.source])
  }
}
