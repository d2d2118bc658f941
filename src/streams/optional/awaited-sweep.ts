import type { Clock } from '../../core/clock.ts'
import type { PendingTable, TableCounts } from '../../kernel/index.ts'

/** Passes that meet a row before it is merged without optional sides: the wait is counted in them. */
const passesPerWait = 8
/** Parts and keys that are looked at in one step, at least; and the share of all, where that is more. */
const looksMin = 65_536
const looksShare = 1 / 4
/** Until the next step of a pass that has not ended, while no epoch does one. */
const stepMs = 20

interface SweptState {
  readonly table: Pick<PendingTable, 'rowCount' | 'rememberedCount' | 'passAwaited'>
  readonly accounting: { readonly current: TableCounts }
}

/** How soon to look again while no epoch is open. @param isPassing - Whether a pass is under way. */
export function awaitedPollMs(withinMs: number, isPassing: boolean): number {
  const intervalMs = withinMs / passesPerWait
  return isPassing ? Math.min(stepMs, intervalMs) : intervalMs
}

/**
 * Lets rows leave as merges that lack optional sides only, when they have waited for these.
 *
 * State: when the last pass over the table began, and whether it has ended; how often a row was met stands in the table.
 * None of it is stored, and none is undone: a row that is read again waits anew.
 * Why it is right: rows leave in the current epoch and as part of it, before its border is drawn. While none is open,
 * passes count and merge nothing, so that waiting alone opens no epoch.
 * Cost: a pass over the headers of the table's blocks, in order, for every eighth of the wait.
 */
export class AwaitedSweep {
  readonly #withinMs: number
  readonly #state: SweptState
  readonly #clock: Pick<Clock, 'monotonicMs'>
  #begunMs = -Infinity
  #isPassing = false

  constructor(withinMs: number, state: SweptState, clock: Pick<Clock, 'monotonicMs'>) {
    this.#withinMs = withinMs
    this.#state = state
    this.#clock = clock
  }

  /** @see awaitedPollMs */
  get pollMs(): number {
    return awaitedPollMs(this.#withinMs, this.#isPassing)
  }

  /** Whether a pass has begun that has not ended. */
  get isPassing(): boolean {
    return this.#isPassing
  }

  /** Goes on without an epoch, and tells whether a row is to be merged. */
  look(): boolean {
    return this.#begins() && this.#pass(false) === 'due'
  }

  /** Goes on in the current epoch, until what is merged takes so many bytes. */
  run(roomBytes: number): void {
    if (this.#begins()) this.#pass(true, roomBytes)
  }

  /** Whether a pass is under way, or due and begun with that. */
  #begins(): boolean {
    if (this.#isPassing) return true
    if (this.#state.table.rowCount === 0) return false
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#begunMs < awaitedPollMs(this.#withinMs, false)) return false
    this.#begunMs = nowMs
    this.#isPassing = true
    return true
  }

  #pass(mayMerge: boolean, roomBytes = Infinity): 'more' | 'ended' | 'due' {
    const { table, accounting } = this.#state
    const outcome = table.passAwaited({
      passes: passesPerWait,
      blocksMax: Math.max(looksMin, Math.ceil((table.rowCount + table.rememberedCount) * looksShare)),
      counts: mayMerge ? accounting.current : undefined,
      roomBytes,
    })
    this.#isPassing = outcome !== 'ended'
    return outcome
  }
}
