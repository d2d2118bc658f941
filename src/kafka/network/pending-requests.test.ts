import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PauseClock } from '../../../test/kafka-peer/index.ts'
import type { Api } from '../../protocol/index.ts'
import { apis } from './apis.ts'
import type { Exchange } from './exchange.ts'
import { PendingRequests } from './pending-requests.ts'

describe('PendingRequests', () => {
  it('gives each request an id of its own, and keeps them in their order', () => {
    const { add, pending } = start()
    const ids = [add(), add(), add()].map(({ correlationId }) => correlationId)

    assert.deepEqual(ids, [1, 2, 3])
    assert.equal(pending.oldest!.correlationId, 1)
    pending.removeOldest()
    assert.deepEqual([pending.oldest!.correlationId, pending.count], [2, 2])
    assert.deepEqual(
      pending.removeAll().map(({ correlationId }) => correlationId),
      [2, 3],
    )
    assert.equal(pending.count, 0)
  })

  it('tells when the oldest is not answered in time', async () => {
    const { add, clock, overdue, pending } = start()
    add(1_000)
    await clock.advance(500)
    add(1_000)
    pending.removeOldest()

    await clock.advance(999)
    assert.equal(overdue(), 0)
    await clock.advance(1)

    assert.equal(overdue(), 1)
  })

  it('gives all of them more time where a broker throttles', async () => {
    const { add, clock, overdue, pending } = start()
    add(1_000)
    pending.extend(700)

    await clock.advance(1_699)
    assert.equal(overdue(), 0)
    await clock.advance(1)

    assert.equal(overdue(), 1)
  })

  it('watches nothing while nothing is pending', () => {
    const { add, clock, pending } = start()
    add()
    assert.equal(clock.pauseCount, 1)
    pending.removeOldest()
    assert.equal(clock.pauseCount, 0)
    add()
    pending.removeAll()

    assert.equal(clock.pauseCount, 0)
  })

  it('takes no answer where nothing was asked', () => {
    const { pending } = start()

    assert.throws(() => pending.removeOldest(), /assertion failed: only what was asked is answered/)
  })
})

function start() {
  const clock = new PauseClock()
  let count = 0
  const pending = new PendingRequests(clock, () => count++)
  const exchange: Exchange<typeof apis.versions> = { api: apis.versions, request: {}, onResponse() {}, onFailed() {} }
  return {
    add: (timeoutMs = 1_000) => pending.add(exchange as Exchange<Api>, 0, timeoutMs),
    clock,
    overdue: () => count,
    pending,
  }
}
