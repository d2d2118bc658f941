import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { findCoordinator, ScriptedBroker } from '../../../test/kafka-peer/index.ts'
import { apis } from '../network/apis.ts'
import { errorCode, heartbeat } from '../../protocol/index.ts'
import { Cluster } from './cluster.ts'
import { answerOf, Coordinator } from './coordinator.ts'

const beat = { groupId: 'group', generationId: 1, memberId: 'member' }

describe('Coordinator', () => {
  it('is looked for once, however often it is asked', async (t) => {
    const { ask, broker, searches } = await start(t)
    broker.serve(heartbeat, () => ({ errorCode: errorCode.none }))

    await ask()
    assert.equal((await ask()).type, 'answered')

    assert.equal(searches(), 1)
  })

  it('is looked for by its kind and name', async (t) => {
    const { broker, cluster } = await start(t)
    broker.hold(findCoordinator)

    void new Coordinator(cluster, 'transaction', 'orders').ask(apis.heartbeat, beat)
    const { request } = await broker.take(findCoordinator)

    assert.deepEqual([request.keyType, request.coordinatorKeys], [1, ['orders']])
  })

  const kept = {
    'an error that is none of the coordinator': errorCode.rebalanceInProgress,
    'a coordinator that is still loading': errorCode.coordinatorLoadInProgress,
  }
  for (const [what, code] of Object.entries(kept)) {
    it(`is not looked for again after ${what}`, async (t) => {
      const { ask, broker, searches } = await start(t)
      broker.serve(heartbeat, () => ({ errorCode: code }))

      assert.deepEqual(await ask(), { type: 'refused', code })
      await ask()

      assert.equal(searches(), 1)
    })
  }

  for (const code of [errorCode.notCoordinator, errorCode.coordinatorNotAvailable]) {
    it(`is looked for again after error ${code}`, async (t) => {
      const { ask, broker, searches } = await start(t)
      broker.serve(heartbeat, () => ({ errorCode: code }))

      await ask()
      await ask()

      assert.equal(searches(), 2)
    })
  }

  it('is looked for again after a connection that broke, and tells that the request may have arrived', async (t) => {
    const { ask, broker, searches } = await start(t)
    const lost = ask()
    ;(await broker.take(heartbeat)).raw.reset()
    assert.equal((await lost).type, 'lost')

    const again = ask()
    ;(await broker.take(heartbeat)).answer({ errorCode: errorCode.none })

    assert.equal((await again).type, 'answered')
    assert.equal(searches(), 2)
  })

  it('is refused where nobody knows it for now', async (t) => {
    const { ask, broker } = await start(t)
    const code = errorCode.coordinatorNotAvailable
    broker.serve(findCoordinator, () => ({ coordinators: [{ ...placeOf(broker), errorCode: code }] }))

    assert.deepEqual(await ask(), { type: 'refused', code })
  })

  it('is unreachable where no broker answers', async (t) => {
    const { ask, broker } = await start(t)
    await broker[Symbol.asyncDispose]()

    assert.equal((await ask()).type, 'unreachable')
  })
})

describe('answerOf', () => {
  it('raises a refusal under its name', () => {
    assert.throws(() => answerOf({ type: 'refused', code: 16 }, 'joining group "orders"', { group: 'orders' }), {
      code: 'KAFKA_UNAVAILABLE',
      message: /^joining group "orders": NOT_COORDINATOR/,
      details: { group: 'orders', brokerError: 'NOT_COORDINATOR' },
    })
  })
})

async function start(t: TestContext) {
  const broker = await ScriptedBroker.start(1)
  let count = 0
  broker.serve(findCoordinator, () => {
    count++
    return { coordinators: [placeOf(broker)] }
  })
  const cluster = new Cluster({ bootstrapServers: broker.bootstrapServers })
  t.after(async () => {
    await cluster.close()
    await broker[Symbol.asyncDispose]()
  })
  const coordinator = new Coordinator(cluster, 'group', 'group')
  return { broker, cluster, ask: () => coordinator.ask(apis.heartbeat, beat), searches: () => count }
}

function placeOf({ nodeId, host, port }: ScriptedBroker) {
  return { key: 'group', nodeId, host, port, errorCode: errorCode.none, errorMessage: null }
}
