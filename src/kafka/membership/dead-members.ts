import { sleep } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { retryDelayMs } from '../cluster/retry.ts'
import { hasEnded, processOf } from './process-identity.ts'

/** Who is in a group, by the names that its members have chosen. */
export interface Roster {
  names(): Promise<string[]>
  remove(names: readonly string[], reason: string): Promise<void>
}

interface WatchOptions {
  readonly roster: Roster
  /** This member's own. */
  readonly instanceId: string
  /**
   * Tells a number that is another one once somebody has joined. The group is asked for its members then, and now and
   * again. @defaultValue it is asked at each look
   */
  readonly joins?: () => number
}

interface DeadMembersOptions extends WatchOptions {
  readonly cluster: Cluster
  /** Time between two looks. */
  readonly intervalMs: number
}

/** How many looks go by without the group being asked, where nobody has joined. */
const looksMax = 10

/**
 * Takes those members out of the group, now and again and until the cluster is closed, whose processes were on this
 * host and have ended, so that nobody waits for the end of their sessions. Members of other hosts are left alone, since
 * nothing can be known of them.
 *
 * It begins once this member is in the group itself: a group that had become empty would wait for members for
 * `group.initial.rebalance.delay.ms`, three seconds by default.
 */
export async function removeDeadMembers({ cluster, intervalMs, ...options }: DeadMembersOptions): Promise<void> {
  const { clock, random, retryPolicy } = cluster
  const { signal } = retryPolicy
  const watch = new HostWatch(options)
  for (let attempt = 0; !signal.aborted; attempt++) {
    const isMember = await watch.removeOnce().catch(keepLooking)
    const pauseMs = isMember ? intervalMs : Math.min(intervalMs, retryDelayMs(attempt, random))
    await sleep(clock, pauseMs, signal).catch(() => {})
  }
}

/** Without this the group is as safe, only slower, and another member may have removed the same ones. */
function keepLooking(error: unknown): true {
  if (!MillraceError.is(error)) throw error
  return true
}

/** A look at the members of this host costs the group nothing: the system says whether their processes live. */
class HostWatch {
  readonly #options: WatchOptions
  /** The other members of this host, when the group was asked last. */
  #neighbours: readonly string[] = []
  #joinsThen: number | undefined
  #looksLeft = 0

  constructor(options: WatchOptions) {
    this.#options = options
  }

  /** @returns whether this member is in the group. */
  async removeOnce(): Promise<boolean> {
    const { roster } = this.#options
    this.#looksLeft--
    if (this.#isUpToDate && !this.#neighbours.some(isDead)) return true
    if (!(await this.#ask())) return false
    const dead = this.#neighbours.filter(isDead)
    if (dead.length > 0) {
      this.#looksLeft = 0
      await roster.remove(dead, 'its process has ended')
    }
    return true
  }

  get #isUpToDate(): boolean {
    return this.#looksLeft > 0 && this.#options.joins?.() === this.#joinsThen
  }

  async #ask(): Promise<boolean> {
    const { roster, instanceId, joins } = this.#options
    // Who joins after this is asked for again.
    const joinsThen = joins?.()
    const names = await roster.names()
    if (!names.includes(instanceId)) return false
    const { host } = processOf(instanceId)!
    this.#neighbours = names.filter((name) => name !== instanceId && processOf(name)?.host === host)
    this.#joinsThen = joinsThen
    this.#looksLeft = joins === undefined ? 0 : looksMax
    return true
  }
}

function isDead(name: string): boolean {
  return hasEnded(processOf(name)!)
}
