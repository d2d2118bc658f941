import { ByteCursor, LEFT_OUT, type PartOrigin, partsFrom, PUBLISHED, readOrigins } from '../../kernel/index.ts'
import type { Outputs } from '../operators/outputs.ts'
import type { Session } from '../recovery/session.ts'
import type { Services } from '../runtime/services.ts'
import { forEachMerge, type OnwardMerge } from './merges-onward.ts'
import type { ShardIntake } from './shard-intake.ts'
import type { TracedMerges } from './traced-in-shard.ts'
import type { Verdicts } from './verdicts.ts'

export interface MergesFromShardsParts {
  readonly services: Pick<Services, 'plan' | 'timeOfDay'>
  readonly session: Pick<Session, 'state'>
  readonly outputs: Outputs
  readonly intake: Pick<ShardIntake, 'refuse'>
}

/**
 * What comes after the merge on the main thread, for merges of shards: the same as for those of a table here. A shard has
 * counted their parts as published; those of a merge that is left out, or refused, are counted anew, in the same epoch,
 * because a shard tells of all merges before it closes one.
 */
export class MergesFromShards {
  readonly #parts: MergesFromShardsParts

  constructor(parts: MergesFromShardsParts) {
    this.#parts = parts
  }

  /**
   * Publishes what a shard has handed on.
   *
   * @returns What has become of it, where completed keys are remembered; those of refused merges are none.
   * @throws TopologyError `TOPOLOGY_INVALID`; FunctionError `STAGE_FAILS_ON_EVERYTHING`
   */
  take(handedOn: Uint8Array): Verdicts | undefined {
    if (handedOn.length === 0) return undefined
    const { services, session, outputs } = this.#parts
    const { spans } = session.state
    let count = 0
    const refused: number[] = []
    outputs.takeTimes()
    forEachMerge(handedOn, (merge) => {
      if (merge.traced !== undefined) spans?.begin(merge.traced, 1)
      const outcome = outputs.publish(merge)
      spans?.end(outcome)
      if (outcome === LEFT_OUT) this.#leaveOut(merge)
      else if (outcome !== PUBLISHED) {
        this.#refuse(merge, outcome)
        refused.push(count)
      }
      count++
    })
    outputs.throwFault()
    return services.plan.correlate.memory === undefined ? undefined : { count, refused }
  }

  /** Has spans made of merges that a shard has published by itself. */
  follow({ merges, count }: TracedMerges): void {
    const { spans } = this.#parts.session.state
    spans?.begin(merges, count)
    spans?.end(PUBLISHED)
  }

  #leaveOut(merge: OnwardMerge): void {
    const { filtered } = this.#parts.session.state.accounting.current
    for (const { partition } of this.#takeBack(merge)) filtered[partition]!++
  }

  /** Its parts become dead letters: the one that has completed it with its record, where no table had it. */
  #refuse(merge: OnwardMerge, reason: number): void {
    const { services, session, outputs, intake } = this.#parts
    const { deadLettered } = session.state.accounting.current
    const cause = outputs.causeOf(reason)
    for (const part of this.#takeBack(merge)) {
      if (!merge.isStored && part.partition === merge.partition && part.offset === merge.offset) continue
      deadLettered[part.partition]!++
      outputs.deadLetters.encodeReference(part, reason, services.timeOfDay.nowMs(), cause)
    }
    if (!merge.isStored) intake.refuse(merge.partition, merge.offset, reason, cause)
  }

  /** Counts a merge as none; returns its parts. */
  #takeBack(merge: OnwardMerge): PartOrigin[] {
    const counts = this.#parts.session.state.accounting.current
    const parts = partsOf(merge)
    for (const { partition } of parts) counts.emitted[partition]!--
    counts.mergedRows--
    return parts
  }
}

/** Where the parts came from, by the one header that the record has. */
function partsOf({ bytes, headersStart, carriedStart }: OnwardMerge): PartOrigin[] {
  const cursor = new ByteCursor(bytes, headersStart, carriedStart)
  // Their number, and the name.
  cursor.varint()
  cursor.sized()
  return readOrigins(cursor.sized()!)!.flatMap(partsFrom)
}
