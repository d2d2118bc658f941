import { ActorError } from '../../core/errors.ts'
import type { DownNotice, Monitor } from './monitor.ts'

/** An incarnation that can be linked. */
export interface Linked {
  /** Told when the other end of a link went down. */
  onLinkedDown(notice: DownNotice): void
  readonly links: Links
}

/** The links of one incarnation: each binds two, so that neither outlives a crash of the other. */
export class Links {
  readonly #others = new Set<Linked>()

  /** Binds two incarnations; linking them twice is the same as once. */
  static bind(one: Linked, other: Linked): Monitor {
    one.links.#others.add(other)
    other.links.#others.add(one)
    return {
      cancel: () => {
        one.links.#others.delete(other)
        other.links.#others.delete(one)
      },
    }
  }

  /** Undoes all links of `own`, and tells the others why. */
  break(own: Linked, notice: DownNotice): void {
    const others = [...this.#others]
    this.#others.clear()
    for (const other of others) other.links.#others.delete(own)
    for (const other of others) other.onLinkedDown(notice)
  }
}

/** What an actor crashes with when one that it is linked to went down. */
export function linkBroken(path: string, { path: linked, reason }: DownNotice): ActorError {
  const message = `${path} is linked to ${linked}, which went down (${reason.kind}); the cause, if any, tells why`
  const cause = reason.kind === 'crashed' ? reason.error : undefined
  return new ActorError('ACTOR_LINK_BROKEN', message, { path, linked, reason: reason.kind }, cause)
}
