import { notify } from '../system/events.ts'
import type { DownNotice, Monitor } from './monitor.ts'

/** Those who are told when an actor's incarnations go down, and when it has ended. */
export class Watchers {
  // Made for the first of them: most actors have none.
  #watchers: Set<(notice: DownNotice) => void> | undefined

  /** @param ended - Says that the actor has ended, if it has: then it is told at once. */
  add(listener: (notice: DownNotice) => void, ended: DownNotice | undefined): Monitor {
    // A function of its own, so that a listener given twice is two watches.
    const watcher = (notice: DownNotice) => notify(listener, notice)
    const watchers = (this.#watchers ??= new Set())
    watchers.add(watcher)
    if (ended !== undefined) queueMicrotask(() => watchers.delete(watcher) && watcher(ended))
    return { cancel: () => void watchers.delete(watcher) }
  }

  /** Nobody is told anything after the end. */
  tell(notice: DownNotice): void {
    for (const watcher of this.#watchers ?? []) watcher(notice)
    if (notice.kind === 'ended') this.#watchers?.clear()
  }
}
