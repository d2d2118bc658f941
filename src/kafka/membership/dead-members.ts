import { sleep } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { retryDelayMs } from '../cluster/retry.ts'
import type { GroupCoordinator } from './group-coordinator.ts'
import { hasEnded, processOf } from './process-identity.ts'

interface DeadMembersOptions {
  readonly cluster: Cluster
  readonly coordinator: GroupCoordinator
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
async function removeOnce({
  coordinator,
  instanceId,
}: Pick<DeadMembersOptions, 'coordinator' | 'instanceId'>): Promise<boolean> {
  const instanceIds = await coordinator.instanceIds()
  if (!instanceIds.includes(instanceId)) return false
  const { host } = processOf(instanceId)!
  const dead = instanceIds.filter((each) => {
    const process = processOf(each)
    return process?.host === host && hasEnded(process)
  })
  if (dead.length > 0) await coordinator.remove(dead, 'its process has ended')
  return true
}
