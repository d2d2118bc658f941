import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { type Broker, type BrokerFault, startBroker } from '../../broker/index.ts'
import type { MillraceError } from '../../core/errors.ts'
import { Cluster } from '../cluster/cluster.ts'
import { GroupCoordinator } from './group-coordinator.ts'
import { Membership } from './membership.ts'
import type { MembershipOptions } from './membership-options.ts'

const illegalGeneration = 22
const unknownMemberId = 25
const rebalanceInProgress = 27
const groupAuthorizationFailed = 30
const fencedInstanceId = 82

describe('Membership', () => {
  let broker: Broker
  before(async () => {
    broker = await startBroker({ brokers: 2, topics: [{ name: 'app.checkpoint' }] })
  })
  after(() => broker.stop())

  const join = (t: TestContext, options: Partial<MembershipOptions> = {}) => startMember(t, broker, options)

  describe('of an owner', () => {
    const survived: [string, BrokerFault][] = [
      ['a heartbeat is not answered', { api: 'Heartbeat', effect: { kind: 'loseAnswer' } }],
      ['a heartbeat does not arrive', { api: 'Heartbeat', effect: { kind: 'loseRequest' } }],
      ['a rebalance has ended without it', { api: 'Heartbeat', effect: refuse(illegalGeneration) }],
      ['a rebalance begins', { api: 'Heartbeat', effect: refuse(rebalanceInProgress) }],
    ]
    for (const [what, fault] of survived) {
      it(`goes on when ${what}`, async (t) => {
        const { membership, clientId } = await join(t)
        const first = await membership.member()

        await broker.injectFault({ ...fault, clientId })
        const next = await membership.member(first)

        assert.equal(next.memberId, first.memberId)
        assert.equal(membership.isOwner, true)
      })
    }

    const rebalanced: [string, BrokerFault][] = [
      ['its JoinGroup is not answered', { api: 'JoinGroup', effect: { kind: 'loseAnswer' } }],
      ['its JoinGroup does not arrive', { api: 'JoinGroup', effect: { kind: 'loseRequest' } }],
      ['its SyncGroup is not answered', { api: 'SyncGroup', effect: { kind: 'loseAnswer' } }],
      ['the next rebalance begins before its SyncGroup', { api: 'SyncGroup', effect: refuse(rebalanceInProgress) }],
      ['the next rebalance is over before its SyncGroup', { api: 'SyncGroup', effect: refuse(illegalGeneration) }],
    ]
    for (const [what, fault] of rebalanced) {
      it(`goes on when ${what}`, async (t) => {
        const { membership, clientId, group } = await join(t)
        const first = await membership.member()

        await broker.injectFault({ ...fault, clientId })
        const { membership: standby } = await join(t, { group })
        const next = await membership.member(first)

        assert.ok(next.generationId > first.generationId)
        assert.deepEqual([membership.isOwner, standby.isOwner], [true, false])
      })
    }

    for (const [error, code] of Object.entries({ unknownMemberId, fencedInstanceId })) {
      it(`is lost when the coordinator answers ${error}`, async (t) => {
        const { membership, clientId, lost } = await join(t)
        const present = await membership.member()

        await broker.injectFault({ api: 'Heartbeat', clientId, effect: refuse(code) })

        await assert.rejects(membership.member(present), { code: 'OWNERSHIP_LOST', retryable: false })
        assert.equal((await lost).code, 'OWNERSHIP_LOST')
        assert.equal(membership.isOwner, false)
      })
    }

    it('goes on when the coordinator moves', async (t) => {
      const { membership, group } = await join(t)
      const first = await membership.member()

      await broker.moveCoordinator({ groupId: group, to: 2 })

      assert.deepEqual(await membership.member(first), first)
    })

    it('is confirmed without waiting for the next heartbeat', { timeout: 20_000 }, async (t) => {
      const { membership } = await join(t, { heartbeatIntervalMs: 40_000 })
      const present = await membership.member()

      assert.deepEqual(await membership.member(present), present)
    })

    it('ends with what the coordinator refuses for good', async (t) => {
      const { membership, clientId, lost } = await join(t)

      await broker.injectFault({ api: 'Heartbeat', clientId, effect: refuse(groupAuthorizationFailed) })

      assert.equal((await lost).code, 'KAFKA_REFUSED')
      await assert.rejects(membership.member(), { code: 'KAFKA_REFUSED' })
    })
  })

  describe('of a standby', () => {
    it('has nothing to commit with', async (t) => {
      const { group } = await join(t)
      const { membership: standby } = await join(t, { group })

      await assert.rejects(standby.member(), { code: 'OWNERSHIP_LOST', message: /stands by/ })
    })

    it('begins anew when its session is over, and may own later', async (t) => {
      const { membership: owner, group } = await join(t)
      const { membership: standby, clientId } = await join(t, { group })

      await broker.injectFault({ api: 'Heartbeat', clientId, effect: refuse(unknownMemberId) })
      await owner.leave()
      await standby.owned()

      assert.equal(standby.isOwner, true)
    })

    it('stops waiting for the ownership when it is told to', async (t) => {
      const { group } = await join(t)
      const { membership: standby } = await join(t, { group })
      const waiting = new AbortController()
      const owned = standby.owned(waiting.signal)

      waiting.abort(new Error('enough'))

      await assert.rejects(owned, { message: 'enough' })
      await assert.rejects(standby.owned(waiting.signal), { message: 'enough' })
    })
  })

  describe('while it joins', () => {
    it('says what the coordinator refuses', async (t) => {
      await assert.rejects(join(t, { sessionTimeoutMs: 1_000 }), {
        code: 'KAFKA_REFUSED',
        message: /INVALID_SESSION_TIMEOUT/,
      })
    })

    it('says what is wrong with the settings', async (t) => {
      const sasl = { mechanism: 'PLAIN', username: 'u', password: 'p' } as const
      const cluster = { bootstrapServers: broker.bootstrapServers, sasl }

      await assert.rejects(join(t, { cluster }), { name: 'ConfigError', code: 'CONFIG_SECRET_UNPROTECTED' })
    })

    it('tells when its thread crashes', async (t) => {
      await assert.rejects(join(t, { topic: 5 as unknown as string }), (error: MillraceError) => {
        assert.equal(error.code, 'MEMBERSHIP_BROKEN')
        assert.ok(error.cause instanceof TypeError)
        return true
      })
    })

    it('can be given up, and leaves nothing behind', { timeout: 20_000 }, async (t) => {
      const group = 'given-up'
      const giveUp = new AbortController()
      const joining = join(t, { group, signal: giveUp.signal })

      giveUp.abort(new Error('enough'))
      await assert.rejects(joining, { message: 'enough' })
      const { membership } = await join(t, { group })

      assert.equal(membership.isOwner, true)
    })

    it('can be given up also while the owner is waited for', async (t) => {
      const cluster = new Cluster({ bootstrapServers: broker.bootstrapServers })
      const { group } = await join(t, { heartbeatIntervalMs: 40_000 })
      const coordinator = new GroupCoordinator({ cluster, group, sessionTimeoutMs: 45_000 })
      const giveUp = new AbortController()
      const joining = join(t, { group, signal: giveUp.signal })
      let members: string[] = []
      while (members.length < 2) members = await coordinator.names()

      giveUp.abort(new Error('enough'))
      await assert.rejects(joining, { message: 'enough' })

      assert.equal((await coordinator.names()).length, 1)
      await cluster.close()
    })
  })

  it('is over when it was left, twice as once', async (t) => {
    const { membership } = await join(t)

    await membership.leave()
    await membership.leave()

    assert.equal(membership.isOwner, false)
    await assert.rejects(membership.member(), { code: 'KAFKA_CLOSED' })
  })
})

describe('a Membership with tokens', () => {
  it('asks the function for them where that is', async (t) => {
    await using broker = await startBroker({
      sasl: { mechanisms: ['OAUTHBEARER'] },
      topics: [{ name: 'app.checkpoint' }],
    })
    let asked = 0
    const token = async () => {
      asked++
      return unsignedToken
    }
    const sasl = { mechanism: 'OAUTHBEARER', token, allowPlaintext: true } as const
    const cluster = { bootstrapServers: broker.bootstrapServers, sasl }

    const { membership } = await startMember(t, broker, { cluster })
    await membership.leave()

    assert.ok(asked > 0)
  })

  it('tells when the function fails', async (t) => {
    await using broker = await startBroker({ sasl: { mechanisms: ['OAUTHBEARER'] } })
    const token = () => Promise.reject(new Error('no token today'))
    const sasl = { mechanism: 'OAUTHBEARER', token, allowPlaintext: true } as const
    const cluster = { bootstrapServers: broker.bootstrapServers, sasl, retryMs: 0 }

    await assert.rejects(startMember(t, broker, { cluster }), (error: MillraceError) => {
      assert.equal(error.code, 'KAFKA_TOKEN_UNAVAILABLE')
      assert.match(String(error.cause), /no token today/)
      return true
    })
  })
})

/** `{"alg":"none"}` and `{"sub":"millrace","exp":33333333333}`: as the embedded broker takes it. */
const unsignedToken = `${base64({ alg: 'none' })}.${base64({ sub: 'millrace', iat: 1, exp: 33_333_333_333 })}.`

function base64(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

function refuse(errorCode: number) {
  return { kind: 'refuse', errorCode } as const
}

let groupCount = 0

/** Joins a group of its own, unless one is given, as a client of its own, at which faults can be aimed. */
async function startMember(t: TestContext, { bootstrapServers }: Broker, options: Partial<MembershipOptions> = {}) {
  const group = options.group ?? `app-${++groupCount}`
  const clientId = `${group}-${options.group === undefined ? 'owner' : 'standby'}`
  const lost = Promise.withResolvers<MillraceError>()
  const membership = await Membership.join({
    cluster: { bootstrapServers, clientId },
    group,
    topic: 'app.checkpoint',
    sessionTimeoutMs: 45_000,
    heartbeatIntervalMs: 50,
    maxStallMs: 10_000,
    onLost: lost.resolve,
    ...options,
  })
  t.after(() => membership.leave())
  return { membership, clientId, group, lost: lost.promise }
}
