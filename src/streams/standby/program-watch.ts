import { sleep } from '../../core/clock.ts'
import type { MillraceError } from '../../core/errors.ts'
import { recentManifest } from '../checkpoint/checkpoint-view.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { incompatibility } from '../recovery/compatibility.ts'
import { checkpointSink, findSources } from '../topics/program-topics.ts'
import type { KafkaServices } from '../runtime/services.ts'

/** How often the last manifest is looked at again, and how often while there is none. */
const checkIntervalMs = 10_000
const firstManifestIntervalMs = 1_000

/**
 * Compares a process that stands by with the active one, by the last manifest of that: two programs of one name are
 * members of one group, and the second would fail only when it is needed. What it finds is logged once for each change.
 */
export class ProgramWatch {
  readonly #services: KafkaServices
  #error: MillraceError | undefined
  #isCompared = false
  #isToldOfOutputs = false

  constructor(services: KafkaServices) {
    this.#services = services
  }

  /** What a takeover would fail with, as far as is known. */
  get error(): MillraceError | undefined {
    return this.#error
  }

  /** Compares now. Leaves what is known as it is where nothing can be read. */
  async compare(): Promise<void> {
    const { cluster, plan, topics, logger } = this.#services
    try {
      const manifest = await recentManifest(cluster, topics.sinks[checkpointSink]!)
      if (manifest === undefined) return
      // After the checkpoint, which may know of partitions that came since this process has started.
      const sources = await findSources(cluster, plan)
      this.#isCompared = true
      this.#tellOfOutputs(manifest)
      this.#take(incompatibility(plan, sources, manifest))
    } catch (error) {
      logger.debug({ app: plan.name, err: error }, 'could not compare this process with the active one')
    }
  }

  #take(error: MillraceError | undefined): void {
    const { plan, logger } = this.#services
    if (error !== undefined) {
      if (error.message !== this.#error?.message) this.#tell(error)
      return
    }
    if (this.#error === undefined) return
    this.#error = undefined
    logger.info({ app: plan.name }, 'the active process is of the same program as this one again')
  }

  /** Compares again and again, and calls `onCompared` each time, with what a takeover would fail with. */
  async follow(signal: AbortSignal, onCompared: (error: MillraceError | undefined) => void): Promise<void> {
    const { clock } = this.#services
    while (!signal.aborted) {
      await sleep(clock, this.#isCompared ? checkIntervalMs : firstManifestIntervalMs, signal).catch(() => {})
      if (!signal.aborted) await this.compare()
      if (!signal.aborted) onCompared(this.#error)
    }
  }

  #tell(error: MillraceError): void {
    const { plan, logger } = this.#services
    this.#error = error
    logger.warn(
      { app: plan.name, err: error, ...error.details },
      'another program of this name is active: this process cannot take over from it; give one of them another name',
    )
  }

  /** A new version may well write to other topics; a program that merely has the same name does so too. */
  #tellOfOutputs({ outputs }: Manifest): void {
    const { plan, logger } = this.#services
    if (this.#isToldOfOutputs || plan.sinks.some(({ topic }) => outputs.includes(topic))) return
    this.#isToldOfOutputs = true
    logger.warn(
      { app: plan.name, outputs, sink: plan.sinks.map(({ topic }) => topic).join() },
      'the active process of this name writes to another sink: where that is another program, give one of them another name',
    )
  }
}
