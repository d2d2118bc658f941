import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { ChildMember, skipWithoutNamespaces } from './child-member.ts'
import { onEachBroker, type Target } from './target.ts'

const sessionTimeoutMs = 45_000

/** What becomes of the ownership when processes die, stop or stall. */
export function takeoverSuite(target: Target): void {
  const settings = (group: string) => ({
    cluster: { bootstrapServers: target.bootstrapServers },
    group,
    topic: group,
    sessionTimeoutMs,
    heartbeatIntervalMs: 100,
    maxStallMs: 10_000,
  })

  /** Kills an owner that is alone, and starts it again: it must be the owner long before its session would be over. */
  async function assertOwnsAgain(t: TestContext, start: () => ChildMember): Promise<void> {
    await using first = start()
    await first.next('owns')

    await first.kill()
    const killedMs = systemClock.monotonicMs()
    await using second = start()
    await second.next('owns')
    const tookMs = systemClock.monotonicMs() - killedMs

    t.diagnostic(`owner again ${Math.round(tookMs)} ms after it was killed`)
    assert.ok(tookMs < sessionTimeoutMs / 3, `${tookMs} ms`)
  }

  describe('a process that is killed', () => {
    it('is the owner again as soon as it is started again on its host', async (t) => {
      const group = await target.newGroup()
      await assertOwnsAgain(t, () => new ChildMember(settings(group)))
    })

    it('is the owner again also when it was killed once more while it joined', async () => {
      const group = await target.newGroup()
      const elsewhere = { ...settings(group), hostId: 'elsewhere', sessionTimeoutMs: 6_000 }
      await using owner = new ChildMember(elsewhere)
      await owner.next('owns')
      await owner.kill()
      const dead = await target.whenJoined(group, [])
      await using joining = new ChildMember(settings(group))
      const two = await target.whenJoined(group, dead)
      await joining.kill()

      await using last = new ChildMember(settings(group))
      await target.whenJoined(group, two)
      await target.passSession()

      await last.next('owns')
    })

    it('leaves the ownership to a standby on its host at once', async (t) => {
      const group = await target.newGroup()
      await using owner = new ChildMember(settings(group))
      await owner.next('owns')
      await using standby = new ChildMember(settings(group))
      await standby.next('standsBy')

      await owner.kill()
      const killedMs = systemClock.monotonicMs()
      await standby.next('owns')

      t.diagnostic(`a standby on the same host took over after ${Math.round(systemClock.monotonicMs() - killedMs)} ms`)
    })

    it('leaves the ownership to a standby on another host when its session is over', async (t) => {
      const group = await target.newGroup()
      await using owner = new ChildMember({ ...settings(group), sessionTimeoutMs: target.sessionMsMin })
      await owner.next('owns')
      await using standby = new ChildMember({ ...settings(group), hostId: 'elsewhere' })
      await standby.next('standsBy')

      await owner.kill()
      const killedMs = systemClock.monotonicMs()
      await target.passSession()
      await standby.next('owns')

      t.diagnostic(`a standby on another host took over after ${Math.round(systemClock.monotonicMs() - killedMs)} ms`)
    })
  })

  describe('a process that is killed in a container', { skip: skipWithoutNamespaces }, () => {
    it('is the owner again as soon as it is started in another one of the same host id', async (t) => {
      const group = await target.newGroup()
      await assertOwnsAgain(t, () => new ChildMember({ ...settings(group), hostId: 'pod-0' }, true))
    })

    it('is waited for until its session is over where none is given', async () => {
      const group = await target.newGroup()
      await using first = new ChildMember({ ...settings(group), sessionTimeoutMs: 6_000 }, true)
      await first.next('owns')
      const before = await target.whenJoined(group, [])

      await first.kill()
      await using second = new ChildMember(settings(group), true)
      const both = await target.whenJoined(group, before)
      await target.passSession()
      await second.next('owns')

      assert.equal(both.length, 2)
    })
  })

  describe('an owner', () => {
    it('that is stopped beyond its session has lost it when it goes on', async () => {
      const group = await target.newGroup()
      await using owner = new ChildMember({ ...settings(group), sessionTimeoutMs: target.sessionMsMin })
      await owner.next('owns')
      await using standby = new ChildMember({ ...settings(group), hostId: 'elsewhere' })
      await standby.next('standsBy')

      owner.signal('SIGSTOP')
      await target.passSession()
      await standby.next('owns')
      owner.signal('SIGCONT')

      const { code, message } = await owner.next('lost')
      assert.equal(code, 'OWNERSHIP_LOST')
      assert.match(message, /session has ended/)
    })

    it('whose main loop stands still gives up the ownership, and learns of it later', async (t) => {
      const group = await target.newGroup()
      await using owner = new ChildMember({ ...settings(group), maxStallMs: 400 })
      await owner.next('owns')
      await using standby = new ChildMember(settings(group))
      await standby.next('standsBy')

      owner.stall(2_500)
      await owner.next('stalls')
      const stalledMs = systemClock.monotonicMs()
      await standby.next('owns')
      t.diagnostic(
        `a standby took over ${Math.round(systemClock.monotonicMs() - stalledMs)} ms after the loop stood still`,
      )

      const { code, message } = await owner.next('lost')
      assert.equal(code, 'OWNERSHIP_LOST')
      assert.match(message, /main loop stood still for 400 ms/)
    })
  })
}

if (import.meta.main) onEachBroker([takeoverSuite])
