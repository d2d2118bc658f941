import { nextInt, type Random, seededRandom } from '../../src/core/random.ts'
import { Cluster, fetchGroupOffsets } from '../../src/kafka/index.ts'
import { type CrashPlan, type CrashPoint, drawNth, drawPoint, isInCommit, unharmed } from './crash-plan.ts'
import { type Ended, type Experiment, Program, type RunReport } from './program.ts'

export interface CampaignOptions {
  readonly experiment: Experiment
  /** Of all sources. */
  readonly records: number
  /** Of each source. */
  readonly partitions: number
  /** Sources besides the experiment's. @defaultValue none */
  readonly otherSources?: readonly string[]
  /** Restarts after kill -9. */
  readonly kills: number
  /** Kills of the active process while another one stands by. */
  readonly takeovers: number
  readonly seed: number
  /** Bytes of a fetch, and so about of an epoch. */
  readonly fetchBytes: number
  /** Other settings of the program, as flags. */
  readonly flags?: readonly string[]
  readonly onCrash?: (crash: Crash, count: number) => void
}

/** A process that was killed, and how its place was taken before. */
export interface Crash {
  readonly point: CrashPoint
  /** Another process stood by. */
  readonly isTakeover: boolean
  readonly recovery: Recovery | undefined
}

/** From the end of one process to the first commit of the next, in milliseconds. */
export interface Recovery {
  readonly kind: 'restart' | 'takeover'
  /** Until the next one, which may have been there before, first spoke to a broker; after a restart. */
  readonly toFirstRequestMs: number
  /** Until the next one was told that it is the active one. */
  readonly toOwnerMs: number
  /** Until it had the checkpoint, and offsets that no transaction can change any more. */
  readonly toLoadedMs: number
  /** From its first fetch of the source to its first output: the pending parts are read again, then the first epoch. */
  readonly rereadMs: number
  readonly totalMs: number
  /** Records consumed in all, as of about the crash. */
  readonly consumed: number
}

export interface CampaignResult {
  readonly crashes: readonly Crash[]
  /** Of the process that came to the end. */
  readonly report: RunReport
}

/** Settings under which an epoch has about what one fetch gives, and its outputs need several requests. */
export function smallEpochs(fetchBytes: number): string[] {
  const settings = { 'epoch-ms': 20, 'epoch-idle-ms': 5, 'batch-bytes': 4_096, 'fetch-bytes': fetchBytes }
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
}

/** Runs an experiment to its end in processes that are killed at drawn points, one after the other. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  await using campaign = new Campaign(options)
  return await campaign.run()
}

class Campaign implements AsyncDisposable {
  readonly #options: CampaignOptions
  readonly #random: Random
  readonly #cluster: Cluster
  /** For each death, whether another process is to stand by. */
  readonly #takeovers: boolean[]
  readonly #crashes: Crash[] = []
  readonly #running = new Set<Program>()
  #epochs = 0
  #consumed = 0

  constructor(options: CampaignOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed)
    this.#cluster = new Cluster({ bootstrapServers: options.experiment.bootstrapServers })
    const { kills, takeovers } = options
    this.#takeovers = shuffled(
      Array.from({ length: kills + takeovers }, (_, index) => index < takeovers),
      this.#random,
    )
  }

  async run(): Promise<CampaignResult> {
    const count = this.#takeovers.length
    let program = this.#start(0)
    let diedMs: number | undefined
    for (let index = 0; index < count; index++) {
      const isTakeover = this.#takeovers[index]!
      const standby = isTakeover ? await this.#standby(program, index + 1) : undefined
      const ended = await program.ended
      this.#running.delete(program)
      const point = pointOf(program, ended, index)
      const next = standby ?? this.#start(index + 1)
      this.#note(point, isTakeover, this.#recoveryOf(program, diedMs, index))
      program = next
      diedMs = ended.atMs
      await this.#look()
    }
    const { code, report } = await program.ended
    this.#running.delete(program)
    if (code !== 0 || report === undefined) throw new Error(`the last process ended with ${code}:\n${program.said}`)
    return { crashes: this.#crashes, report }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#running) await program[Symbol.asyncDispose]()
    await this.#cluster.close()
  }

  /** Has another process stand by, and lets the active one go on to its death. */
  async #standby(active: Program, index: number): Promise<Program> {
    await active.isActive()
    const standby = this.#start(index)
    await standby.standsBy()
    active.tellOfStandby()
    return standby
  }

  #start(index: number): Program {
    const { experiment, fetchBytes, flags = [] } = this.#options
    const program = new Program(experiment, [...smallEpochs(fetchBytes), ...flags], this.#plan(index))
    this.#running.add(program)
    return program
  }

  /** Draws how the process ends that is to die next but `index`; the last one comes to the end. */
  #plan(index: number): CrashPlan {
    const livesLeft = this.#takeovers.length - index
    if (livesLeft === 0) return unharmed
    const { records, fetchBytes } = this.#options
    const recordsPerEpochMin = (fetchesPerEpoch * fetchBytes) / recordBytes
    const waitsForStandby = this.#takeovers[index]!
    const point = drawPoint(this.#random, waitsForStandby)
    // About as many epochs each that what is left lasts for all who are still to die.
    const recordsPerEpoch = Math.max(recordsPerEpochMin, this.#consumed / Math.max(1, this.#epochs))
    const epochsLeft = (paceShare * (records - this.#consumed)) / recordsPerEpoch
    const nth = drawNth(this.#random, point, Math.min(epochsLeft, (2 * epochsLeft) / livesLeft))
    return { point, nth, epochsMax: nth + 2, hasSmallEpochs: true, waitsForStandby }
  }

  /** Looks how far the experiment is. */
  async #look(): Promise<void> {
    const { experiment, partitions, otherSources = [] } = this.#options
    const { app, source } = experiment
    let consumed = 0
    for (const topic of [source, ...otherSources]) {
      const offsets = await fetchGroupOffsets(this.#cluster, app, topic, partitions, { requireStable: false })
      consumed += offsets.reduce<number>((sum, offset) => sum + (offset ?? 0), 0)
    }
    this.#consumed = consumed
  }

  #recoveryOf(program: Program, diedMs: number | undefined, index: number): Recovery | undefined {
    const commits = program.events.filter(
      ({ step, moment }) => step === 'EndTxn' && moment === 'before its answer is handled',
    )
    this.#epochs += commits.length
    const ownerMs = program.timeOf('InitProducerId', 'after it is sent')
    const loadedMs = program.timeOf('OffsetFetch', 'before its answer is handled')
    const firstFetchMs = program.timeOf('Fetch of the source', 'after it is sent')
    const firstOutputMs = program.firstOutputMs
    const firstCommitMs = commits[0]?.atMs
    if (diedMs === undefined || firstCommitMs === undefined) return undefined
    return {
      kind: this.#takeovers[index - 1]! ? 'takeover' : 'restart',
      toFirstRequestMs: Math.max(0, program.events[0]!.atMs - diedMs),
      toOwnerMs: ownerMs! - diedMs,
      toLoadedMs: loadedMs! - diedMs,
      rereadMs: firstOutputMs! - firstFetchMs!,
      totalMs: firstCommitMs - diedMs,
      consumed: this.#consumed,
    }
  }

  #note(point: CrashPoint, isTakeover: boolean, recovery: Recovery | undefined): void {
    const crash: Crash = { point, isTakeover, recovery }
    this.#crashes.push(crash)
    this.#options.onCrash?.(crash, this.#crashes.length)
  }
}

/** Of the epochs that are left, so that some are left at the end. How many there are was seen a life before. */
const paceShare = 0.6
/** Fetches that an epoch has at most on a machine that is busy with other things, nearly always. */
const fetchesPerEpoch = 2
/** Of a record of the experiment, in its batch. */
const recordBytes = 166

function pointOf(program: Program, { crash, signal, code }: Ended, index: number): CrashPoint {
  if (crash === undefined || signal !== 'SIGKILL') {
    const how = code === 0 ? 'came to the end before it was to die' : `ended with ${code ?? signal}`
    throw new Error(`process ${index} ${how}, planned was ${JSON.stringify(program.plan)}:\n${program.said}`)
  }
  const { step, moment } = crash
  return { step, moment }
}

function shuffled<Item>(items: Item[], random: Random): Item[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = nextInt(random, last + 1)
    ;[items[last], items[other]] = [items[other]!, items[last]!]
  }
  return items
}

/** Counts where processes died. */
export function histogramOf(crashes: readonly Crash[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { point } of crashes) {
    const key = `${point.step}, ${point.moment}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

export function inCommitCount(crashes: readonly Crash[]): number {
  return crashes.filter(({ point }) => isInCommit(point.step)).length
}
