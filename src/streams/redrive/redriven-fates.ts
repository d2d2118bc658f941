import type { Cluster, TransactionWait } from '../../kafka/index.ts'
import type { AppCheckpoint } from '../admin/app-checkpoint.ts'
import { findRedriveTopic } from '../topics/program-topics.ts'
import type { Origin } from '../topics/source-partitions.ts'
import { ownTopics } from '../topology/plan-topics.ts'
import { RedrivenPlaces } from './redrive-topic.ts'

/** Where a dead letter is in the topic of redriven letters, and what has become of it there. */
export interface Redriven extends Origin {
  /**
   * `unread`: the program has not come to it, or does not run. `pending`: its part is. `deadLetter`: it is one again.
   * `processed`: anything else; where it was merged, the merged record says so.
   */
  readonly fate: 'unread' | 'pending' | 'deadLetter' | 'processed'
}

/** What has become of dead letters that were redriven, as of a checkpoint. */
export class RedrivenFates {
  readonly #checkpoint: AppCheckpoint | undefined
  readonly #places: RedrivenPlaces
  /** Those in the topic of redriven letters that are dead letters again. */
  readonly #dead = new RedrivenPlaces()

  private constructor(checkpoint: AppCheckpoint | undefined, places: RedrivenPlaces) {
    this.#checkpoint = checkpoint
    this.#places = places
  }

  /** Reads what has been redriven. @param checkpoint - Undefined where no epoch has committed yet. */
  static async read(
    cluster: Cluster,
    app: string,
    checkpoint: AppCheckpoint | undefined,
    wait: TransactionWait,
  ): Promise<RedrivenFates> {
    const partitionCount = checkpoint?.partitions.redrivenCount ?? 0
    const topic = await findRedriveTopic(cluster, ownTopics(app).redriveTopic, partitionCount)
    return new RedrivenFates(checkpoint, await RedrivenPlaces.read(cluster, topic, wait))
  }

  /** Takes note of a dead letter. @param consumed - Where the program has consumed what it is of. */
  note(consumed: readonly Origin[]): void {
    for (const place of consumed) this.#dead.add(place, place)
  }

  /** What has become of a dead letter, once all have been noted; undefined where it was not redriven. */
  of(consumed: readonly Origin[]): Redriven | undefined {
    const place = consumed.map((each) => this.#places.placeOf(each)).find((each) => each !== undefined)
    return place && { ...place, fate: this.#fateAt(place) }
  }

  /** Where a flatMap has made several records of it, that of the one that is worst off. */
  #fateAt(place: Origin): Redriven['fate'] {
    const { offset, index = 0 } = place
    const { partitions, manifest, pending } = this.#checkpoint ?? {}
    const number = partitions?.numberOf(place)
    // One of a single record has nothing in the lanes after its own.
    const lanes = number === undefined ? [] : partitions!.lanesOf(number).slice(index)
    const places = lanes.length > 1 ? lanes.map((_, after) => ({ ...place, index: index + after })) : [place]
    if (places.some((each) => this.#dead.placeOf(each) !== undefined)) return 'deadLetter'
    if (number === undefined || offset >= manifest!.nextOffsets[number]!) return 'unread'
    return lanes.some((lane) => pending![lane]!.has(offset)) ? 'pending' : 'processed'
  }
}
