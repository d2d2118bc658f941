import { type Linked, Links } from '../actor/links.ts'
import type { DownNotice } from '../actor/monitor.ts'

/** An incarnation on another thread, as the end of links that are here. */
export class DistantLink implements Linked {
  readonly links = new Links()
  readonly #onBroken: (notice: DownNotice) => void

  /** @param onBroken - Tells the other thread that an incarnation here went down that is linked to it. */
  constructor(onBroken: (notice: DownNotice) => void) {
    this.#onBroken = onBroken
  }

  onLinkedDown(notice: DownNotice): void {
    this.#onBroken(notice)
  }

  /** The incarnation went down: so do those here that are linked to it. */
  break(notice: DownNotice): void {
    this.links.break(this, notice)
  }
}
