import { Membership } from '../src/kafka/index.ts'

/**
 * Keeps the thread of memberships from ending between the programs of one test file: each program that begins it again
 * would load its code from the sources, for some 0.4 s of CPU. A process that runs another program all the time does the
 * same.
 *
 * @returns What lets it end.
 */
export async function keepMembershipThread(bootstrapServers: string): Promise<() => Promise<void>> {
  const kept = await Membership.join({
    cluster: { bootstrapServers },
    group: 'keeps-the-thread',
    topic: 'keeps-the-thread',
    sessionTimeoutMs: 45_000,
    heartbeatIntervalMs: 3_000,
    // Tests hold the loop up on purpose, which their own programs are to tell.
    maxStallMs: 3_600_000,
    onStoodStill() {},
    // A broker that a test stops for long.
    onLost() {},
  })
  return () => kept.leave()
}
