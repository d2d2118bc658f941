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

interface DeadMembersOptions {
  readonly cluster: Cluster
  readonly roster: Roster
  /** This member's own. */
  readonly instanceId: string
  /** Time between two looks. */
  readonly intervalMs: number
}

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
  for (let attempt = 0; !signal.aborted; attempt++) {
    const isMember = await removeOnce(options).catch(keepLooking)
    const pauseMs = isMember ? intervalMs : Math.min(intervalMs, retryDelayMs(attempt, random))
    await sleep(clock, pauseMs, signal).catch(() => {})
  }
}

/** Without this the group is as safe, only slower, and another member may have removed the same ones. */
function keepLooking(error: unknown): true {
  if (!MillraceError.is(error)) throw error
  return true
}

/** @returns whether this member is in the group. */
async function removeOnce({ roster, instanceId }: Pick<DeadMembersOptions, 'roster' | 'instanceId'>): Promise<boolean> {
  const names = await roster.names()
  if (!names.includes(instanceId)) return false
  const { host } = processOf(instanceId)!
  const dead = names.filter((each) => {
    const process = processOf(each)
    return process?.host === host && hasEnded(process)
  })
  if (dead.length > 0) await roster.remove(dead, 'its process has ended')
  return true
}
