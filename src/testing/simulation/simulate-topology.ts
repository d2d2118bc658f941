import { ConfigError, type ErrorCode, MillraceError } from '../../core/errors.ts'
import { nextInt, type Random, seededRandom, systemRandom } from '../../core/random.ts'
import type { LookupTable, Topology } from '../../streams/index.ts'
import type { GiveOptions } from '../driver-options.ts'
import { bytesOf } from '../topology-driver.ts'
import { VirtualClock } from '../virtual-clock.ts'
import { differenceOf, outcomeOf, type SimulationOutcome } from './outcome.ts'
import { SimulatedProcess, type Surroundings } from './simulated-process.ts'

/** A record that a simulation gives to a program; `partition` by default any of its topic. */
export interface SimulatedRecord extends GiveOptions {
  /** A string or bytes as they are, null as a tombstone, anything else as JSON. */
  readonly value: unknown
}

/** Gives rows to a table that a topic fills; `undefined` deletes one. */
export type FillTable = <Key, Value>(
  table: LookupTable<Key, Value>,
  rows: Iterable<readonly [key: Key, value: Value | undefined]>,
) => void

/** What a simulation gives to a program, how often, and what has to hold then. */
export interface SimulationOptions<Output, Expired = Partial<Output>> {
  /** What the sources have in the end. */
  readonly records: readonly SimulatedRecord[]
  /** Whether each run gives them in an order of its own. @defaultValue true */
  readonly shuffle?: boolean
  /** How many runs, of one seed each, which follow one another. @defaultValue 100 */
  readonly runs?: number
  /** The seed of the first run, 0 to 2^32 - 1. @defaultValue one that nobody can predict */
  readonly seed?: number
  /**
   * Partitions of each source. With one, which record comes first is the same for all; with several it is as with Kafka:
   * where two are for one side of a key, either may be the one that is merged. @defaultValue 1
   */
  readonly partitions?: number
  /** Virtual milliseconds that pass after the last record, for what expires. @defaultValue 0 */
  readonly afterMs?: number
  /** Fills tables of topics, before the first record that a process sees. */
  readonly fill?: (fill: FillTable) => void
  /** Throws where an outcome is wrong, of a run without crashes or with. */
  readonly check?: (outcome: SimulationOutcome<Output, Expired>) => void
}

/** How much a simulation has tried. */
export interface SimulationReport {
  /** Of the first run. */
  readonly seed: number
  readonly runs: number
  /** Processes that were killed. */
  readonly kills: number
  /** Commits that have failed, and those that have happened without an answer. */
  readonly failedCommits: number
}

/**
 * Runs a topology again and again while its process is killed, started again, and loses commits or their answers, at
 * moments that follow from a seed; each run has to publish what the program publishes of the same records without that,
 * and to account for each offset in the same way. The operators, the table, the epochs and the recovery are those of a
 * running program; the log is in memory, and time is virtual.
 *
 * It finds functions that do not make the same of the same record, or keep what a crash loses. One run is the same each
 * time as long as functions are, and wait for nothing but what is in memory.
 *
 * @param program - A topology, or what makes one for each process: what its functions have in variables is lost with it.
 *
 * @throws MillraceError `SIMULATION_FAILED` with the seed that does it again: where outcomes differ, and where `check`
 * or the program throws, which is its cause.
 * @throws ConfigError `CONFIG_INVALID_VALUE` for numbers out of their bounds; TopologyError `TOPOLOGY_INVALID`
 *
 * @example
 * const records = ['A', 'B', 'C'].flatMap((stage) => ids.map((id) => ({ value: { stage, customerId: id, part: 1 } })))
 * const { kills } = await simulateTopology(customer360, { records })
 * assert.ok(kills > 0)
 */
export async function simulateTopology<Output, Expired>(
  program: Topology<Output, Expired> | (() => Topology<Output, Expired>),
  options: SimulationOptions<Output, unknown extends Expired ? Partial<Output> : Expired>,
): Promise<SimulationReport> {
  const { runs = 100, partitions = 1, seed = systemRandom.nextUint32() } = options
  for (const [name, value, least] of [
    ['runs', runs, 1],
    ['partitions', partitions, 1],
    ['seed', seed, 0],
  ] as const) {
    if (Number.isSafeInteger(value) && value >= least) continue
    const message = `${name} of a simulation is ${value}, but must be a whole number of at least ${least}`
    throw new ConfigError('CONFIG_INVALID_VALUE', message, { name })
  }
  const made = typeof program === 'function' ? program : () => program
  const report = { seed, runs, kills: 0, failedCommits: 0 }
  for (let run = 0; run < runs; run++) {
    const { kills, failedCommits } = await simulateOnce(made, options as SimulationOptions<unknown>, seed + run)
    report.kills += kills
    report.failedCommits += failedCommits
  }
  return report
}

async function simulateOnce(program: () => Topology, options: SimulationOptions<unknown>, seed: number) {
  const steps: string[] = []
  const failed = (how: string, cause?: unknown) => {
    const message = `with seed ${seed}, ${how}; { seed: ${seed}, runs: 1 } does it again`
    return new MillraceError('SIMULATION_FAILED', message, { seed, steps: steps.join('; ') }, cause)
  }
  try {
    const undisturbed = await new Run(program, options, seed).undisturbed()
    options.check?.(undisturbed)
    const run = new Run(program, options, seed, (step) => void steps.push(step))
    const disturbed = await run.disturbed()
    options.check?.(disturbed)
    const difference = differenceOf(disturbed, undisturbed)
    if (difference !== undefined) throw failed(`crashes change what becomes of the records: ${difference}`)
    return run
  } catch (cause) {
    if (MillraceError.is(cause) && toldAsTheyAre.has(cause.code)) throw cause
    throw failed(`the program fails: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
}

/** Errors of the simulation, and those that no seed has to do with: of its options, and of a topology that is none. */
const toldAsTheyAre: ReadonlySet<ErrorCode> = new Set(['SIMULATION_FAILED', 'CONFIG_INVALID_VALUE', 'TOPOLOGY_INVALID'])

/** At most so many records are given at once. */
const piecesMax = 8
const waitMsMax = 60
/** Of so many steps one kills the process, on average. */
const stepsPerKill = 6

/** Gives the records of a seed to a program. */
class Run {
  kills = 0
  failedCommits = 0
  readonly #program: () => Topology
  readonly #options: SimulationOptions<unknown>
  readonly #around: Surroundings
  readonly #records: readonly SimulatedRecord[]

  constructor(
    program: () => Topology,
    options: SimulationOptions<unknown>,
    seed: number,
    onStep: (step: string) => void = () => {},
  ) {
    const { partitions = 1, shuffle = true, records } = options
    const random = seededRandom(seed)
    const clock = new VirtualClock()
    this.#program = program
    this.#options = options
    this.#around = { clock, random, onStep, onFault: () => void this.failedCommits++, partitions }
    // Drawn at first, so that runs with and without crashes have them in the same places.
    const placed = records.map((record) => ({
      timestampMs: clock.nowMs(),
      ...record,
      partition: record.partition ?? nextInt(random, partitions),
    }))
    this.#records = shuffle ? shuffled(placed, random) : placed
  }

  async undisturbed() {
    const process = await this.#start()
    this.#give(process, this.#records)
    // From before the first commit on it is calm.
    return this.#end(process)
  }

  async disturbed() {
    const { clock, random, onStep } = this.#around
    let process = await this.#start()
    let given = 0
    while (given < this.#records.length) {
      const count = 1 + nextInt(random, piecesMax)
      onStep(`${count} records come`)
      this.#give(process, this.#records.slice(given, given + count))
      given += count
      const ms = nextInt(random, waitMsMax)
      onStep(`${ms} ms pass`)
      await clock.advance(ms)
      if (process.failure !== undefined) throw process.failure
      if (nextInt(random, stepsPerKill) > 0) continue
      onStep('the process is killed')
      this.kills++
      await process.kill()
      process = await this.#start(process)
    }
    return this.#end(process)
  }

  async #start(before?: SimulatedProcess): Promise<SimulatedProcess> {
    const process = await SimulatedProcess.start(this.#program(), this.#around, before)
    this.#options.fill?.((table, rows) => {
      for (const engine of process.engines)
        if (engine.plan.lookups.includes(table as LookupTable)) engine.fill(table, rows)
    })
    return process
  }

  #give({ engines }: SimulatedProcess, records: readonly SimulatedRecord[]): void {
    const [first] = engines
    const { partitions } = this.#around
    for (const { topic = first!.plan.sources[0]!.topic, partition = 0, value, ...facts } of records) {
      const reader = engines.find(({ plan }) => plan.sources.some((each) => each.topic === topic))
      if (reader === undefined) {
        const message = `a record of a simulation is for topic ${topic}, which is no source of "${first!.plan.name}"`
        throw new ConfigError('CONFIG_INVALID_VALUE', message, { topic })
      }
      if (partition >= partitions) {
        const message = `a record of a simulation is for partition ${partition} of ${topic}, which has ${partitions}`
        throw new ConfigError('CONFIG_INVALID_VALUE', message, { topic, partition })
      }
      reader.kafka.give(partition, [bytesOf(value)], facts, topic)
    }
  }

  async #end(process: SimulatedProcess) {
    await process.settle()
    await this.#around.clock.advance(this.#options.afterMs ?? 0)
    await process.settle()
    const outcome = outcomeOf<unknown, Partial<unknown>>(process.engines)
    await process.end()
    return outcome
  }
}

/** @see Fisher and Yates, as Durstenfeld has it. */
function shuffled<Value>(values: readonly Value[], random: Random): Value[] {
  const all = [...values]
  for (let at = all.length - 1; at > 0; at--) {
    const other = nextInt(random, at + 1)
    ;[all[at], all[other]] = [all[other]!, all[at]!]
  }
  return all
}
