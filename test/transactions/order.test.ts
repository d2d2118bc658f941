import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ServedRequest, startBroker } from '../../src/broker/index.ts'
import { until } from '../until.ts'
import { Session } from './session.ts'

const notEnoughReplicas = 19
const refusedProduces = 3

for (const transactionVersion of [1, 2] as const) {
  void describe(`a commit of version ${transactionVersion}`, () => {
    it('sends offsets once all that was sent is stored, so that never two requests join the transaction at once', async (t) => {
      const requests: ServedRequest[] = []
      const broker = await startBroker({ onRequest: (request) => requests.push(request) })
      t.after(() => broker.stop())
      await using session = await Session.open({ bootstrapServers: broker.bootstrapServers, transactionVersion })
      await session.producer.begin()
      const effect = { kind: 'refuse', errorCode: notEnoughReplicas } as const
      await broker.injectFault({ api: 'Produce', count: refusedProduces, effect })

      assert.equal(await session.transact(), 'committed')

      await until('all requests are told of', () => requests.some(({ api }) => api === 'EndTxn'))
      const names = requests.map(({ api }) => api)
      assert.ok(names.filter((name) => name === 'Produce').length > refusedProduces)
      assert.ok(
        names.lastIndexOf('Produce') < names.indexOf(transactionVersion === 1 ? 'AddOffsetsToTxn' : 'TxnOffsetCommit'),
      )
    })
  })
}
