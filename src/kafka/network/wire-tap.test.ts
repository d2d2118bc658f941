import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { apiVersions, ScriptedBroker, settled } from '../../../test/kafka-peer/index.ts'
import { apis } from './apis.ts'
import { Connection } from './connection.ts'
import { tapWires, type TappedRequest } from './wire-tap.ts'

describe('a tap', () => {
  it('sees each request before it is sent, and the same one before its answer is handled', async (t) => {
    const { broker, connection } = await start(t)
    const seen: (readonly [what: string, request: TappedRequest | undefined])[] = []
    tapWires({
      onRequest(request, send) {
        seen.push(['request', request])
        send(() => seen.push(['sent', request]))
      },
      onAnswer: (request) => void seen.push(['answer', request]),
    })

    const answered = connection.ask(apis.versions, {}).then(() => seen.push(['handled', undefined]))
    ;(await broker.take(apiVersions)).answer({ errorCode: 0, apiKeys: [] })
    await answered

    assert.deepEqual(
      seen.map(([what]) => what),
      ['request', 'sent', 'answer', 'handled'],
    )
    const [[, request]] = seen as [(typeof seen)[0]]
    assert.equal(request!.api, apis.versions)
    assert.ok(seen.slice(0, 3).every(([, other]) => other === request))
  })

  it('decides when a request is sent, and holds up no other one', async (t) => {
    const { broker, connection } = await start(t)
    const held: (() => void)[] = []
    tapWires({ onRequest: (_, send) => void held.push(send), onAnswer() {} })
    const first = connection.ask(apis.versions, {})
    tapWires(undefined)
    const second = connection.ask(apis.versions, {})

    ;(await broker.take(apiVersions)).answer({ errorCode: 0, apiKeys: [] })
    await second
    assert.equal(broker.waitingCount, 0)
    held[0]!()
    ;(await broker.take(apiVersions)).answer({ errorCode: 0, apiKeys: [] })

    await first
  })

  it('sends nothing on a connection that has failed meanwhile', async (t) => {
    const { broker, connection } = await start(t)
    const held: (() => void)[] = []
    tapWires({ onRequest: (_, send) => void held.push(send), onAnswer() {} })
    const failed = assert.rejects(connection.ask(apis.versions, {}), { code: 'KAFKA_CONNECTION_FAILED' })

    connection.close()
    held[0]!()

    await failed
    await settled()
    assert.equal(broker.waitingCount, 0)
  })
})

async function start(t: TestContext) {
  const broker = await ScriptedBroker.start(1)
  const { host, port } = broker
  broker.hold(apiVersions)
  const connection = await Connection.connect({ host, port, clientId: 'test' })
  t.after(async () => {
    tapWires(undefined)
    connection.close()
    await broker[Symbol.asyncDispose]()
  })
  return { broker, connection }
}
