import type { ServerResponse } from 'node:http'
import type { Clock, Timer } from '../core/clock.ts'
import type { Inspection } from '../streams/index.ts'

/** How often those who look are told, and how often a point is kept while nobody looks, in milliseconds. */
const watchedMs = 1_000
const unwatchedMs = 10_000
/** Points that are kept: ten minutes and more. */
const pointsMax = 600
const watchersMax = 16

/** What the charts are drawn from: one point in time. */
export interface Point {
  readonly atMs: number
  readonly consumed: number
  readonly merged: number
  readonly lag: number
  readonly delayMs: number
  /** Mean time that the epochs since the point before have taken, in milliseconds; 0 where there were none. */
  readonly epochMs: number
  readonly pendingRows: number
  /** Of the subtopology that reads the merged records; absent where they are what the program publishes. */
  readonly next?: Point
}

/** What is told once a second. */
export interface LiveState {
  readonly inspection: Inspection
  readonly isReady: boolean
  readonly reason: string
}

/**
 * Tells all who look how the program is, by server-sent events, and keeps a short past for those who come later. One
 * that does not take what it is sent is left out until it does.
 */
export class LiveFeed implements Disposable {
  readonly #look: (isWatched: boolean) => Promise<LiveState | undefined>
  readonly #clock: Clock
  readonly #watchers = new Set<ServerResponse>()
  readonly #points: Point[] = []
  #timer: Timer | undefined
  /** By the name of the program or subtopology, as of the point before. */
  readonly #epochs = new Map<string, { readonly count: number; readonly sum: number }>()
  #isLooking = false
  #isStopped = false

  /** @param look - Is told whether anybody looks; undefined where there is nothing to see yet. */
  constructor(look: (isWatched: boolean) => Promise<LiveState | undefined>, clock: Clock) {
    this.#look = look
    this.#clock = clock
    this.#arm()
  }

  /** Whether there is room for somebody else. */
  get hasRoom(): boolean {
    return this.#watchers.size < watchersMax
  }

  /** Tells from now on, beginning with what was. */
  watch(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(eventText('past', this.#points))
    this.#watchers.add(response)
    response.on('close', () => this.#watchers.delete(response))
    void this.#tick()
  }

  [Symbol.dispose](): void {
    this.#isStopped = true
    this.#timer?.cancel()
    for (const response of this.#watchers) response.end()
  }

  #arm(): void {
    this.#timer?.cancel()
    if (this.#isStopped) return
    const afterMs = this.#watchers.size > 0 ? watchedMs : unwatchedMs
    this.#timer = this.#clock.setTimer({ afterMs, background: true }, () => void this.#tick())
  }

  async #tick(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    try {
      const state = await this.#look(this.#watchers.size > 0)
      if (state !== undefined) this.#tell(state)
    } finally {
      this.#isLooking = false
      this.#arm()
    }
  }

  #tell(state: LiveState): void {
    const point = this.#pointOf(state.inspection)
    this.#points.push(point)
    if (this.#points.length > pointsMax) this.#points.shift()
    const text = eventText('state', { ...state, point })
    for (const response of this.#watchers) if (!response.writableNeedDrain) response.write(text)
  }

  #pointOf({ app, atMs, partitions, report, epochs: { seconds }, next }: Inspection): Point {
    const { count, sum } = this.#epochs.get(app) ?? { count: 0, sum: 0 }
    this.#epochs.set(app, { count: seconds.count, sum: seconds.sum })
    const epochs = seconds.count - count
    return {
      atMs,
      consumed: report.records,
      merged: report.mergedRecords,
      lag: partitions.reduce((total, { lag }) => total + lag, 0),
      delayMs: Math.max(0, ...partitions.map(({ delayMs = 0 }) => delayMs)),
      epochMs: epochs > 0 ? ((seconds.sum - sum) / epochs) * 1_000 : 0,
      pendingRows: report.pendingRows,
      ...(next && { next: this.#pointOf(next) }),
    }
  }
}

function eventText(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
