import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  endTxn,
  findCoordinator,
  initProducerId,
  produce,
  txnOffsetCommit,
} from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FaultProxy, ProxyEffect } from './fault-proxy.ts'
import { Session } from './session.ts'
import { onEachBroker, type Target } from './target.ts'

const notLeaderOrFollower = 6
const requestTimedOut = 7
const coordinatorLoadInProgress = 14
const coordinatorNotAvailable = 15
const notCoordinator = 16
const notEnoughReplicas = 19
const illegalGeneration = 22
const unknownMemberId = 25
const rebalanceInProgress = 27
const concurrentTransactions = 51

const coordinatorErrors = [coordinatorLoadInProgress, coordinatorNotAvailable, notCoordinator, concurrentTransactions]
const memberErrors = [illegalGeneration, unknownMemberId, rebalanceInProgress]

/** Every request of a transaction, with the errors that pass. */
const steps = [
  { api: findCoordinator, errors: [coordinatorLoadInProgress, coordinatorNotAvailable] },
  { api: initProducerId, errors: coordinatorErrors },
  { api: addPartitionsToTxn, errors: coordinatorErrors, onlyIn: 1 },
  { api: produce, errors: [notLeaderOrFollower, requestTimedOut, notEnoughReplicas, concurrentTransactions] },
  { api: addOffsetsToTxn, errors: coordinatorErrors, onlyIn: 1 },
  { api: txnOffsetCommit, errors: [...coordinatorErrors, ...memberErrors] },
  { api: endTxn, errors: coordinatorErrors },
]

/** One misfortune at each step of the protocol, and all that is committed is there once, whole and in order. */
export function faultsSuite(target: Target): void {
  const open = async (transactionVersion: 1 | 2, proxy: FaultProxy) => {
    const { bootstrapServers: observedServers } = target
    return Session.open({ bootstrapServers: proxy.bootstrapServers, observedServers, transactionVersion })
  }

  for (const version of [1, 2] as const) {
    void describe(`transactions of version ${version}`, { concurrency: 4 }, () => {
      for (const { api, errors, onlyIn } of steps) {
        if (onlyIn !== undefined && onlyIn !== version) continue
        const effects: ProxyEffect[] = ['loseRequest', 'loseAnswer', ...errors.map((refuse) => ({ refuse }))]
        for (const effect of effects) {
          const isUnknown = version === 1 && api === endTxn && typeof effect === 'string'
          void it(`survive ${titleOf(effect)} at ${api.name}`, async () => {
            await using proxy = await target.startProxy()
            await using session = await open(version, proxy)
            // These two are asked for at the beginning, and never again where nothing is wrong.
            const isFirst = api === findCoordinator || api === initProducerId
            if (!isFirst) await session.producer.begin()
            if (!isFirst) await session.transact()
            const befell = proxy.inject(api, effect)
            if (isFirst) await session.producer.begin()

            const results = [await session.transact(), await session.transact()]
            await befell
            await session.send()
            await session.abort()
            results.push(await session.transact())

            assert.deepEqual(results, [isUnknown ? 'unknown' : 'committed', 'committed', 'committed'])
            assert.deepEqual(await session.verify(), isUnknown && effect === 'loseAnswer' ? [1] : [])
          })
        }
      }

      for (const effect of ['loseRequest', 'loseAnswer'] as const) {
        void it(`survive ${titleOf(effect)} at the EndTxn of an abort`, async () => {
          await using proxy = await target.startProxy()
          await using session = await open(version, proxy)
          await session.producer.begin()
          await session.transact()
          await session.send()
          const befell = proxy.inject(endTxn, effect)

          await session.abort()

          await befell
          assert.equal(await session.transact(), 'committed')
          await session.verify()
        })
      }

      void it('are not torn by a commit that arrives in a later one', async () => {
        await using proxy = await target.startProxy()
        await using session = await open(version, proxy)
        await session.producer.begin()
        const befell = proxy.inject(endTxn, 'hold')
        const first = await session.transact()
        await befell
        await session.send()

        await proxy.release()
        await session.abort()

        assert.equal(first, version === 1 ? 'unknown' : 'committed')
        assert.deepEqual(await session.verify(), [])
      })
    })
  }
}

function titleOf(effect: ProxyEffect): string {
  if (typeof effect === 'object') return `error ${effect.refuse}`
  return { loseRequest: 'a lost request', loseAnswer: 'a lost answer', hold: 'a delay' }[effect]
}

if (import.meta.main) onEachBroker([faultsSuite])
