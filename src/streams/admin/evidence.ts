import {
  duplicateReasons,
  isOfRow,
  type OffsetSet,
  type PartOrigin,
  partsFrom,
  Reason,
  type SideOrigin,
} from '../../kernel/index.ts'
import { isMerge, originCount } from '../checkpoint/topology-shape.ts'
import type { OutputPlace } from '../merged/published-records.ts'
import { covers } from '../redrive/extent.ts'
import type { RedrivenLetter } from '../redrive/letter-header.ts'
import { isDeadLettered } from '../redrive/redriven-letters.ts'
import type { ResultFacts } from '../windows/window-results.ts'
import type { Origin } from '../topics/source-partitions.ts'
import type { AppCheckpoint } from './app-checkpoint.ts'
import type { DeadLetter, ReadLetter } from './dead-letter-reader.ts'
import { OffsetClasses, type TracedClass } from './offset-classes.ts'

/** An offset that should have one class. */
export interface Contradiction extends Origin {
  readonly classes: readonly [TracedClass, TracedClass]
}

/** How many of a kind are listed. */
export const listedMax = 10

/**
 * What the records at the broker say became of the offsets that an application has consumed, as of one checkpoint.
 *
 * The program may go on meanwhile, so records may be of a later epoch than the checkpoint. Those of which a part is are
 * passed over. A part that was pending may leave in an epoch that consumes nothing of its row: it expires, is merged
 * without optional sides, or is taken in again by another version of the program. Such a part must not be pending in a
 * checkpoint that was read after the record.
 */
export class Evidence {
  readonly classes: readonly OffsetClasses[]
  readonly contradictions: Contradiction[] = []
  contradictionCount = 0
  /** Records that flatMaps have made of merges beyond the first one, as those say, less those that are there. */
  siblings = 0
  /** Results of windows, and the records that they are of, together. */
  results = 0
  resultRecords = 0
  /** Records that say nothing of what this application has consumed since it began. */
  foreignRecords = 0
  readonly #checkpoint: AppCheckpoint
  /** As what offsets pending in the checkpoint have left since, by what records say. */
  readonly #left: readonly OffsetClasses[]
  #hasLeft = false

  constructor(checkpoint: AppCheckpoint) {
    this.#checkpoint = checkpoint
    this.classes = checkpoint.pending.map((set) => {
      const classes = new OffsetClasses()
      set.forEach((offset) => classes.set(offset, 'pending'))
      return classes
    })
    this.#left = checkpoint.pending.map(() => new OffsetClasses())
  }

  /** Takes a record of the sink, or of the topic for expired rows. @param place - Where it is one of several. */
  addOutput(found: readonly SideOrigin[] | undefined, place?: OutputPlace): void {
    const origins = found && this.#withAddedSides(found)
    const named = origins?.flatMap(partsFrom) ?? []
    const shape = this.#checkpoint.manifest.topology
    const isForeign = origins?.length !== originCount(shape) || named.some((each) => this.#isBefore(each))
    if (named.length === 0 || isForeign) {
      this.foreignRecords++
      return
    }
    if (named.some((origin) => this.#isBehind(origin))) return
    if (place !== undefined) {
      // The first of them stands for its parts.
      this.siblings += place.index > 0 ? -1 : place.of - 1
      if (place.index > 0) return
    }
    const name = isMerge(shape, origins) ? 'emitted' : 'expired'
    for (const origin of named) this.#add(origin, name)
  }

  /** Takes a result of a window. @param place - Where it is one of several that a flatMap has made of one. */
  addResult(facts: ResultFacts | undefined, place?: OutputPlace): void {
    if (facts === undefined) {
      this.foreignRecords++
      return
    }
    if (facts.epoch > this.#checkpoint.manifest.epoch) return
    if (place !== undefined && place.index > 0) return
    this.results++
    this.resultRecords += facts.records
  }

  /** A record from before the last sides were added does not name them. */
  #withAddedSides(origins: readonly SideOrigin[]): readonly SideOrigin[] {
    const { sides, isRouted } = this.#checkpoint.manifest.topology
    const added = isRouted === true ? [] : sides.slice(origins.length)
    return added.every(({ isOptional }) => isOptional) ? [...origins, ...added.map(() => undefined)] : origins
  }

  /** Takes a record of the dead-letter topic. */
  addDeadLetter(read: ReadLetter | undefined): void {
    const { partitions, manifest } = this.#checkpoint
    const isOurs = [...manifest.topology.sources, ...(manifest.former ?? [])].some(
      ({ topic }) => topic === read?.source,
    )
    const origins = read?.consumed.map((place) => ({ ...place, partition: partitions.numberOf(place) ?? -1 })) ?? []
    if (read === undefined || !isOurs || origins.some((origin) => this.#isBefore(origin))) {
      this.foreignRecords++
      return
    }
    const { letter } = read
    if (origins.some((origin) => this.#isBehind(origin))) return
    for (const origin of origins) this.#add(origin, classOf(letter))
  }

  /**
   * Takes a record of the topic of redriven letters. Where it has been consumed, what it was made of is redriven, and
   * must have been a dead letter, as far as these are still there.
   *
   * @param place - Where it is in the topic, by the number of the first lane.
   */
  addRedriven(letter: RedrivenLetter | undefined, place: PartOrigin): void {
    if (letter === undefined) {
      this.foreignRecords++
      return
    }
    const { partitions, manifest } = this.#checkpoint
    const lanes = partitions.lanesOf(place.partition)
    if (place.offset < manifest.startOffsets[lanes[0]!]!) return
    // In the lanes that it is not of, the program passes over it.
    const passed = lanes.filter((_, index) => !covers(letter, index))
    for (const lane of passed) this.addGap(lane, place.offset, place.offset + 1)
    const partition = partitions.numberOf(letter.consumed)
    const own = { ...place, partition: lanes[letter.index ?? 0]! }
    if (partition === undefined || this.#isBehind(own) || !isDeadLettered(letter.reason)) return
    const { offset } = letter.consumed
    // It was a letter in another layout, of which this account knows nothing.
    if (offset < manifest.startOffsets[partition]!) return
    const classes = this.classes[partition]!
    const before = classes.of(offset)
    if (before === undefined || before === 'deadLettered') classes.replace(offset, 'redriven')
    else this.#contradict({ partition, offset }, [before, 'redriven'])
  }

  /** Takes a range of offsets of a partition, by its number, at which the source has no record that can be seen. */
  addGap(partition: number, from: number, to: number): void {
    const classes = this.classes[partition]!
    const end = Math.min(to, this.#checkpoint.manifest.nextOffsets[partition]!)
    for (let offset = from; offset < end; offset++) {
      if (classes.of(offset) === undefined) classes.set(offset, 'skipped')
    }
  }

  /** Whether `confirm` has to say that nothing is pending that has left. */
  get isUnconfirmed(): boolean {
    return this.#hasLeft
  }

  /** @param pending - The pending offsets of a checkpoint that was read after all records were. */
  confirm(pending: readonly OffsetSet[]): void {
    this.#hasLeft = false
    pending.forEach((set, partition) => {
      set.forEach((offset) => {
        const left = this.#left[partition]?.of(offset)
        if (left !== undefined) this.#contradict({ partition, offset }, ['pending', left])
      })
    })
  }

  /** What is pending in the checkpoint may have left since. */
  #add(origin: PartOrigin, name: TracedClass): void {
    const { partition, offset } = origin
    const isPending = this.classes[partition]!.of(offset) === 'pending'
    const classes = (isPending ? this.#left : this.classes)[partition]!
    const before = classes.of(offset)
    if (before !== undefined) return this.#contradict(origin, [before, name])
    classes.set(offset, name)
    this.#hasLeft ||= isPending
  }

  #contradict(origin: PartOrigin, classes: Contradiction['classes']): void {
    this.contradictionCount++
    if (this.contradictions.length >= listedMax) return
    this.contradictions.push({ ...this.#checkpoint.partitions.originOf(origin)!, classes })
  }

  #isBefore({ partition, offset }: PartOrigin): boolean {
    const { startOffsets, brought } = this.#checkpoint.manifest
    const start = startOffsets[partition]
    // Before the start are parts that were brought from another layout, and what that has written is not read.
    return start !== undefined && offset < start && !brought?.[partition]
  }

  #isBehind({ partition, offset }: PartOrigin): boolean {
    const next = this.#checkpoint.manifest.nextOffsets[partition]
    return next === undefined || offset >= next
  }
}

function classOf({ reason }: DeadLetter): TracedClass {
  if (isOfRow(reason)) return 'expired'
  return duplicateReasons.has(Reason[reason as keyof typeof Reason]) ? 'duplicate' : 'deadLettered'
}
