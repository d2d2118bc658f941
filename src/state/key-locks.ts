import type { Clock } from '../core/clock.ts'
import { StateError } from '../core/errors.ts'
import { keyText, TransactionConflict } from './conflict.ts'
import type { TableRows } from './table-rows.ts'

/** Who holds locks. */
export type LockOwner = object

interface Lock {
  readonly table: string
  readonly key: unknown
  holder: LockOwner
  /** In the order in which they have asked. */
  readonly waiting: Waiter[]
}

interface Waiter {
  readonly owner: LockOwner
  readonly granted: () => void
  readonly refused: (error: unknown) => void
}

type Rows = TableRows<unknown, unknown>

/**
 * Locks on keys, whether there are rows of them or not. A lock is held by one transaction, until its end, and passed on
 * in the order in which others have asked.
 *
 * Deadlocks are found when somebody begins to wait: one who would wait, by way of others, for itself is refused at
 * once. Who waits for a lock waits for its holder, and for those who have asked before, who will be its holders. Whoever
 * waits already has been found to wait for nobody in a circle, so a new circle runs through the one who comes.
 */
export class KeyLocks {
  readonly #clock: Clock
  readonly #locks = new Map<Rows, Map<string | number, Lock>>()
  readonly #held = new Map<LockOwner, Map<Lock, () => void>>()
  readonly #awaited = new Map<LockOwner, Set<Lock>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Locks that are held. */
  get count(): number {
    let count = 0
    for (const locks of this.#locks.values()) count += locks.size
    return count
  }

  /** Whether somebody other than an owner holds the lock of a key. */
  isHeldByOther(rows: Rows, key: unknown, owner: LockOwner | undefined): boolean {
    if (this.#held.size === 0) return false
    const holder = this.#locks.get(rows)?.get(rows.keys.identityOf(key))?.holder
    return holder !== undefined && holder !== owner
  }

  /**
   * Resolves once the owner holds the lock of a key.
   *
   * @throws TRANSACTION_CONFLICT where that would be a deadlock.
   * @throws TRANSACTION_LOCK_TIMEOUT after `waitMs` milliseconds.
   */
  async acquire(
    owner: LockOwner,
    rows: Rows,
    key: unknown,
    { waitMs, signal }: { waitMs: number; signal: AbortSignal | undefined },
  ): Promise<void> {
    const lock = this.#lockOf(rows, key, owner)
    if (lock.holder === owner) return
    if (this.#waitsFor(lock, owner))
      throw new TransactionConflict({
        table: rows.name,
        key,
        why: 'is locked by a transaction that waits for this one',
      })
    await this.#wait(lock, owner, waitMs, signal)
  }

  /** Gives all locks of an owner to those who wait for them; it waits for none any more. */
  release(owner: LockOwner): void {
    for (const lock of this.#awaited.get(owner) ?? []) {
      for (const waiter of lock.waiting.filter((other) => other.owner === owner)) waiter.refused(ended())
    }
    const held = this.#held.get(owner)
    if (held === undefined) return
    this.#held.delete(owner)
    for (const [lock, forget] of held) {
      const [next] = lock.waiting
      if (next === undefined) forget()
      else {
        lock.holder = next.owner
        this.#hold(next.owner, lock, forget)
        // One transaction may have asked several times, of which all but the first would wait for itself.
        for (const waiter of lock.waiting.filter((other) => other.owner === next.owner)) waiter.granted()
      }
    }
  }

  #lockOf(rows: Rows, key: unknown, owner: LockOwner): Lock {
    let locks = this.#locks.get(rows)
    if (locks === undefined) this.#locks.set(rows, (locks = new Map()))
    const identity = rows.keys.identityOf(key)
    const known = locks.get(identity)
    if (known !== undefined) return known
    const lock: Lock = { table: rows.name, key, holder: owner, waiting: [] }
    locks.set(identity, lock)
    this.#hold(owner, lock, () => locks.delete(identity))
    return lock
  }

  #hold(owner: LockOwner, lock: Lock, forget: () => void): void {
    let held = this.#held.get(owner)
    if (held === undefined) this.#held.set(owner, (held = new Map()))
    held.set(lock, forget)
  }

  /** Whether one who comes before an owner at a lock waits for that owner, by way of others. */
  #waitsFor(lock: Lock, owner: LockOwner): boolean {
    const seen = new Set<LockOwner>()
    const pending = before(lock, owner)
    for (let holder = pending.pop(); holder !== undefined; holder = pending.pop()) {
      if (holder === owner) return true
      if (seen.has(holder)) continue
      seen.add(holder)
      for (const awaited of this.#awaited.get(holder) ?? []) pending.push(...before(awaited, holder))
    }
    return false
  }

  #wait(lock: Lock, owner: LockOwner, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const leave = () => {
        timer.cancel()
        signal?.removeEventListener('abort', onAbort)
        lock.waiting.splice(lock.waiting.indexOf(waiter), 1)
        if (!lock.waiting.some((other) => other.owner === owner)) this.#awaitNoMore(owner, lock)
      }
      const waiter: Waiter = {
        owner,
        granted: () => {
          leave()
          resolve()
        },
        refused: (error) => {
          leave()
          reject(error)
        },
      }
      const onAbort = () => waiter.refused(signal!.reason)
      const timer = this.#clock.setTimer({ afterMs: waitMs }, () => waiter.refused(timedOut(lock, waitMs)))
      signal?.addEventListener('abort', onAbort, { once: true })
      lock.waiting.push(waiter)
      const awaited = this.#awaited.get(owner)
      if (awaited === undefined) this.#awaited.set(owner, new Set([lock]))
      else awaited.add(lock)
    })
  }

  #awaitNoMore(owner: LockOwner, lock: Lock): void {
    const awaited = this.#awaited.get(owner)
    awaited?.delete(lock)
    if (awaited?.size === 0) this.#awaited.delete(owner)
  }
}

/** Who has a lock before an owner that waits for it, or is about to. */
function before({ holder, waiting }: Lock, owner: LockOwner): LockOwner[] {
  const owners = waiting.map((waiter) => waiter.owner)
  const place = owners.indexOf(owner)
  return [holder, ...(place < 0 ? owners : owners.slice(0, place))]
}

function timedOut({ table, key }: Lock, waitMs: number): StateError {
  const message = `the lock of ${keyText(table, key)} did not come free within ${waitMs} ms: find what holds it, or raise lockWaitMs`
  return new StateError('TRANSACTION_LOCK_TIMEOUT', message, { table, waitMs })
}

function ended(): StateError {
  return new StateError(
    'TRANSACTION_ENDED',
    'a transaction waited for a lock beyond its end: await all that its function begins',
  )
}
