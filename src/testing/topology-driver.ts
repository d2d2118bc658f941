import {
  correlating,
  Engine,
  type LookupTable,
  type MergeKey,
  type PartitionAccount,
  type PendingMerge,
  queriedOfChain,
  type TablesSnapshot,
  type Topology,
} from '../streams/index.ts'
import { type DriveOptions, type GiveOptions, resolveDrive, resolveGive } from './driver-options.ts'
import { deadLettersOf, type DrivenDeadLetter, type DrivenRecord, expiredOf, mergedOf } from './published.ts'
import { VirtualClock } from './virtual-clock.ts'

/**
 * A topology that runs without a broker, on a clock that only the test moves. The operators, the table and the epochs
 * are those of a running program; the logs that they read and write are in memory.
 */
export interface TopologyDriver<Output, Expired = Partial<Output>> extends AsyncDisposable {
  readonly clock: VirtualClock
  /** All merged records so far, in the order in which they were published. */
  merged(): readonly DrivenRecord<Output>[]
  /** All rows so far that have left incomplete, whether to `expireTo` or to the dead letters. */
  expired(): readonly DrivenRecord<Expired>[]
  /** All dead letters so far but those of rows that have expired. */
  deadLetters(): readonly DrivenDeadLetter[]
  /** The tables of the topology, as all that was given has left them. @throws MillraceError `TABLES_ABSENT` */
  query(): TablesSnapshot
  /**
   * The pending row of a merge key, as all that was given has left it.
   *
   * @throws TopologyError `TOPOLOGY_INVALID` for a correlation that the topology does not have.
   */
  pending<Parts extends object = Readonly<Record<string, unknown>>>(
    correlation: string,
    key: MergeKey,
  ): Promise<PendingMerge<Parts> | undefined>
  /** What became of each offset, by partition of the sources. */
  accounting(): readonly PartitionAccount[]
  /**
   * Appends records to a source, and resolves when all that they cause is committed. Time stands still, but where a
   * function has failed on the last record that it saw: that becomes a dead letter when nothing has come for a second,
   * which passes then.
   *
   * @param values - A string or bytes as they are, null as a tombstone, anything else as JSON.
   * @throws ConfigError `CONFIG_INVALID_VALUE`, `CONFIG_UNKNOWN_OPTION` for what there is not, such as a partition; what
   * has ended the program, such as MillraceError `STAGE_FAILS_ON_EVERYTHING`.
   */
  give(values: readonly unknown[], options?: GiveOptions): Promise<void>
  /**
   * Gives rows to a table that a topic fills, as records of the topic would; `undefined` deletes one. What is given to
   * sources from then on finds them.
   *
   * @throws StateError `STATE_VALUE_INVALID` for a key or a value that its codec refuses; TopologyError `TOPOLOGY_INVALID`
   * for a table that the topology does not declare.
   */
  fill<Key, RowValue>(
    table: LookupTable<Key, RowValue>,
    rows: Iterable<readonly [key: Key, value: RowValue | undefined]>,
  ): void
  /** Moves time on, and resolves when all that this causes is committed. */
  advance(ms: number): Promise<void>
}

/**
 * Runs a topology for a test: records in, merged records, expired rows and dead letters out, in milliseconds. Functions
 * that fail are tried as often as in a running program, without the pauses between.
 *
 * @throws TopologyError `TOPOLOGY_INVALID`; ConfigError `CONFIG_INVALID_VALUE`, `CONFIG_UNKNOWN_OPTION`
 *
 * @example
 * await using driver = await driveTopology(customer360)
 * await driver.give([{ stage: 'A', customerId: 'c-1', part: 1 }, { stage: 'B', customerId: 'c-1', part: 2 }])
 * assert.deepEqual(driver.merged()[0]?.value, { customerId: 'c-1', A: 1, B: 2 })
 */
export async function driveTopology<Output, Expired>(
  topology: Topology<Output, Expired>,
  options: DriveOptions = {},
): Promise<TopologyDriver<Output, unknown extends Expired ? Partial<Output> : Expired>> {
  const { partitions, startMs } = resolveDrive(options)
  const clock = new VirtualClock(startMs === undefined ? {} : { startMs })
  const withoutPauses = { stageRetryFirstMs: 0, stageRetryMaxMs: 0 }
  return new EngineDriver(await Engine.startChain(topology, clock, { partitions, ...withoutPauses }), clock, partitions)
}

/** Virtual time that passes at once while an epoch is held open for a function that has failed. */
const doubtStepMs = 50

class EngineDriver<Output, Expired> implements TopologyDriver<Output, Expired> {
  readonly clock: VirtualClock
  /** Of the subtopologies, in their order. */
  readonly #engines: readonly Engine[]

  readonly #partitions: number

  constructor(engines: readonly Engine[], clock: VirtualClock, partitions: number) {
    this.#engines = engines
    this.#partitions = partitions
    this.clock = clock
  }

  merged(): DrivenRecord<Output>[] {
    return mergedOf(this.#engines)
  }

  expired(): DrivenRecord<Expired>[] {
    return expiredOf(this.#engines)
  }

  deadLetters(): DrivenDeadLetter[] {
    return deadLettersOf(this.#engines)
  }

  query(): TablesSnapshot {
    return queriedOfChain(this.#engines)
  }

  async pending<Parts extends object>(correlation: string, key: MergeKey) {
    return correlating(this.#engines, correlation).pending<Parts>(key)
  }

  accounting(): PartitionAccount[] {
    return this.#engines.flatMap(({ accounts }) => accounts)
  }

  async give(values: readonly unknown[], options: GiveOptions = {}) {
    const topics = this.#engines.flatMap(({ services }) => services.plan.sources.map((each) => each.topic))
    const { topic, partition, ...facts } = resolveGive(values, options, {
      topics: [...new Set(topics)],
      partitions: this.#partitions,
      nowMs: this.clock.nowMs(),
    })
    const readers = this.#engines.filter(({ services }) => services.plan.sources.some((each) => each.topic === topic))
    for (const { kafka } of readers) kafka.give(partition, values.map(bytesOf), facts, topic)
    await this.#settled()
  }

  fill<Key, RowValue>(
    table: LookupTable<Key, RowValue>,
    rows: Iterable<readonly [key: Key, value: RowValue | undefined]>,
  ): void {
    const looking = this.#engines.filter(({ plan }) => plan.lookups.includes(table as LookupTable))
    const all = [...rows]
    for (const engine of looking.length === 0 ? this.#engines.slice(0, 1) : looking) engine.fill(table, all)
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms)
    await this.#settled()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clock.until(Promise.all(this.#engines.map((engine) => engine[Symbol.asyncDispose]())))
  }

  /** Functions may take real time, which moves no virtual time. */
  async #settled(): Promise<void> {
    let isDrained = false
    const drained = this.#drain().finally(() => (isDrained = true))
    drained.catch(() => {})
    while (!isDrained) {
      const crashed = this.#engines.find(({ crashes }) => crashes.length > 0)
      if (crashed !== undefined) throw crashed.crashes[0]
      await this.clock.advance(this.#engines.some(({ isInDoubt }) => isInDoubt) ? doubtStepMs : 0)
    }
    await drained
  }

  /** What one has published is there for the next one when it is drained. */
  async #drain(): Promise<void> {
    for (const engine of this.#engines) await engine.drain()
  }
}

/** A value as the bytes of a record. */
export function bytesOf(value: unknown): string | Uint8Array | null {
  return value === null || typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value)
}
