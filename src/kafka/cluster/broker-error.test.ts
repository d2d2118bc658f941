import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { refusal } from './broker-error.ts'

describe('refusal', () => {
  for (const [code, option, setting] of [
    [26, 'sessionTimeoutMs', 'group.max.session.timeout.ms'],
    [50, 'transactionTimeoutMs', 'transaction.max.timeout.ms'],
    [23, 'consumer of another program', 'named after the application'],
    [15, 'fewer brokers', 'transaction.state.log.replication.factor'],
  ] as const) {
    it(`of error ${code} tells what of ours, and which setting of the broker, it is about`, () => {
      const { message } = refusal(code, 'joining group "orders"')

      assert.ok(message.startsWith('joining group "orders": '), message)
      assert.ok(message.includes(option) && message.includes(setting), message)
    })
  }

  it('of another error is its name', () => {
    assert.equal(refusal(29, 'writing').message, 'writing: TOPIC_AUTHORIZATION_FAILED')
  })
})
