import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import type { MillraceError } from '../../src/core/errors.ts'
import { Membership, type MembershipOptions } from '../../src/kafka/index.ts'
import { Committer } from './committer.ts'
import { onEachBroker, type Target } from './target.ts'

const heartbeatIntervalMs = 100
/** Standbys that come and go, one after the other. */
const standbyCount = Number(process.env['MILLRACE_RUNS'] ?? 5)

/** Owner and standbys in one process. */
export function standbySuite(target: Target): void {
  const join = (t: TestContext, group: string, options: Partial<MembershipOptions> = {}) =>
    startMember(t, { cluster: { bootstrapServers: target.bootstrapServers }, group, topic: group, ...options })

  describe('a group', () => {
    it('has one owner; the others stand by, and the one that did so longest takes over when it leaves', async (t) => {
      const group = await target.newGroup()
      const first = await join(t, group)
      const second = await join(t, group)
      const third = await join(t, group)
      assert.deepEqual([first.isOwner, second.isOwner, third.isOwner], [true, false, false])

      const leftMs = systemClock.monotonicMs()
      await first.leave()
      await second.owned()
      const tookOverMs = systemClock.monotonicMs()

      t.diagnostic(`took over ${Math.round(tookOverMs - leftMs)} ms after the owner left`)
      assert.deepEqual([first.isOwner, second.isOwner, third.isOwner], [false, true, false])
      assert.ok(tookOverMs - leftMs < 20 * heartbeatIntervalMs)
    })

    it('keeps its owner while others join and leave, and takes its offsets all the time', async (t) => {
      const group = await target.newGroup()
      const owner = await join(t, group)
      await using committer = await Committer.start(target.bootstrapServers, group)
      const standbys = (async () => {
        for (let i = 0; i < standbyCount; i++) await (await join(t, group)).leave()
        return (await owner.member()).generationId
      })()

      const commits = { plain: 0, transactional: 0 }
      let generationId: number | undefined
      void standbys.then((last) => (generationId = last))
      while (generationId === undefined) {
        await committer.commit(owner)
        commits.plain++
        await committer.commitInTransaction(owner)
        commits.transactional++
      }

      assert.ok(generationId >= standbyCount, `generation ${generationId}`)
      assert.equal(owner.isOwner, true)
      assert.equal(await committer.committedOffset(), commits.plain + commits.transactional)
      t.diagnostic(`${commits.plain + commits.transactional} commits in ${generationId} generations`)
    })

    it('keeps its owner while the coordinator is away', async (t) => {
      const group = await target.newGroup()
      const owner = await join(t, group)
      const before = await owner.member()

      await target.restart()

      const after = await owner.member(before)
      assert.equal(after.memberId, before.memberId)
      assert.equal(owner.isOwner, true)
    })
  })
}

/** Joins with settings for tests; leaves when the test is over. */
export async function startMember(
  t: TestContext,
  options: Pick<MembershipOptions, 'cluster' | 'group' | 'topic'> & Partial<MembershipOptions>,
): Promise<Membership> {
  const membership = await Membership.join({
    sessionTimeoutMs: 45_000,
    heartbeatIntervalMs,
    maxStallMs: 10_000,
    onLost: (error: MillraceError) => assert.fail(error),
    ...options,
  })
  t.after(() => membership.leave())
  return membership
}

if (import.meta.main) onEachBroker([standbySuite])
