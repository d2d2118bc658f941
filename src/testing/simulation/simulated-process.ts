import { sleep } from '../../core/clock.ts'
import { nextInt, type Random } from '../../core/random.ts'
import {
  Engine,
  type EpochProducer,
  type MemoryKafka,
  type ProducerEvents,
  type Topology,
} from '../../streams/index.ts'
import type { VirtualClock } from '../virtual-clock.ts'

/** Why a commit fails that chance has chosen; nobody else throws it. */
class SimulatedFault extends Error {}

/** How many commits of a process fail, at most: a supervisor that mends six within a minute gives the program up. */
const failuresMax = 4
/** Of so many commits, on average, one goes in each of the ways that are not the usual one. */
const commitsPerFault = 8
const commitMsMax = 40
const restartMsMax = 5_000

/** What all processes of a run share. */
export interface Surroundings {
  readonly clock: VirtualClock
  readonly random: Random
  /** Is told all that happens, in order. */
  readonly onStep: (step: string) => void
  /** A commit has failed, or nobody hears of it. */
  readonly onFault: () => void
  readonly partitions: number
}

/**
 * One life of the process of a program, over a log that outlives it. Its commits take virtual time, and some of them
 * fail, before they have happened or after. Once it is killed, nothing that it has not committed happens any more.
 */
export class SimulatedProcess {
  readonly engines: readonly Engine[]
  readonly #life: Life
  readonly #clock: VirtualClock

  private constructor(engines: readonly Engine[], life: Life, clock: VirtualClock) {
    this.engines = engines
    this.#life = life
    this.#clock = clock
  }

  /** @param before - Who was killed; absent for the first. */
  static async start(topology: Topology, around: Surroundings, before?: SimulatedProcess): Promise<SimulatedProcess> {
    const { clock, random, partitions } = around
    const life = new Life(around)
    const options = {
      partitions,
      random,
      stageRetryFirstMs: 0,
      stageRetryMaxMs: 0,
      // So an epoch that waits for a commit is in no danger, and many small epochs are closed.
      epochIdleMs: 5,
      epochMs: 20,
      ports: (kafka: MemoryKafka) => ({
        newProducer: (events: ProducerEvents) => life.producerOf(kafka.ports.newProducer(events), kafka),
      }),
    }
    const engines =
      before === undefined
        ? await Engine.startChain(topology, clock, options)
        : await Engine.resumeChain(before.engines, topology, clock, options)
    return new SimulatedProcess(engines, life, clock)
  }

  /** What it cannot go on after; undefined as long as all that has crashed was meant to. */
  get failure(): Error | undefined {
    const unplanned = this.engines.flatMap(({ crashes }) => crashes).filter((error) => !isPlanned(error))
    return unplanned.map((error) => (error instanceof Error ? error : new Error(String(error))))[0]
  }

  /** As a process that is killed, wherever it is. */
  async kill(): Promise<void> {
    this.#life.isOver = true
    await this.end()
  }

  async end(): Promise<void> {
    await this.#clock.until(Promise.all(this.engines.map((engine) => engine[Symbol.asyncDispose]())))
  }

  /** Has no more commits fail, and resolves when all that was given is committed. */
  async settle(): Promise<void> {
    this.#life.isCalm = true
    // What a supervisor mends begins anew after a pause.
    await this.#clock.advance(restartMsMax)
    for (const engine of this.engines) {
      let isDrained = false
      const drained = engine.drain().finally(() => (isDrained = true))
      drained.catch(() => {})
      while (!isDrained && this.failure === undefined) await this.#clock.advance(stepMs)
      if (this.failure !== undefined) throw this.failure
      await drained
    }
  }
}

const stepMs = 5

function isPlanned(error: unknown): boolean {
  if (error instanceof SimulatedFault) return true
  return error instanceof Error && error.cause !== undefined && isPlanned(error.cause)
}

class Life {
  isOver = false
  /** Whether commits go as they should from now on. */
  isCalm = false
  readonly #around: Surroundings
  #failures = 0

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** Commits as `inner` does, unless chance or the end of this life forbid it. */
  producerOf(inner: EpochProducer, kafka: MemoryKafka): EpochProducer {
    return {
      begin: () => inner.begin(),
      send: (batch, onStored) => inner.send(batch, onStored),
      stop: () => inner.stop(),
      commit: async (offsets) => {
        const { onStep, onFault } = this.#around
        const way = this.#drawWay()
        await this.#wait()
        if (way === 'fails' || this.isOver) {
          kafka.outcomes.push('aborted')
          await inner.commit(offsets).catch(() => {})
          onStep('a transaction is aborted')
          onFault()
          throw new SimulatedFault('the commit has failed')
        }
        await inner.commit(offsets)
        onStep('an epoch commits')
        await this.#wait()
        if (way !== 'is lost' && !this.isOver) return
        onStep('nobody hears of it')
        onFault()
        throw new SimulatedFault('the answer to the commit is lost')
      },
    }
  }

  #drawWay(): 'succeeds' | 'fails' | 'is lost' {
    const drawn = nextInt(this.#around.random, commitsPerFault)
    if (drawn > 1 || this.isCalm || this.#failures >= failuresMax) return 'succeeds'
    this.#failures++
    return drawn === 0 ? 'fails' : 'is lost'
  }

  /** A process can be killed on the way. */
  async #wait(): Promise<void> {
    if (this.isOver) return
    await sleep(this.#around.clock, nextInt(this.#around.random, commitMsMax))
  }
}
