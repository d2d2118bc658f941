import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { startBroker } from '../../src/broker/index.ts'

// SaslHandshake in version 0, of a client without a name, for PLAIN.
const handshake = Buffer.from('001100000000000100000005504c41494e', 'hex')

describe('a client of before SaslAuthenticate', () => {
  for (const [password, outcome] of [
    ['pa55word', 'let in'],
    ['password', 'refused'],
  ] as const) {
    it(`is ${outcome} by messages without requests around them`, async (t) => {
      await using broker = await startBroker({ sasl: { users: { alice: 'pa55word' } } })
      const socket = connect(broker.port, broker.host)
      t.after(() => socket.destroy())
      const ended = once(socket, 'close')

      socket.write(framed(handshake))
      const [accepted] = (await once(socket, 'data')) as [Buffer]
      assert.equal(accepted.readInt16BE(8), 0)
      socket.write(framed(Buffer.from(`\0alice\0${password}`)))

      if (outcome === 'refused') await ended
      else assert.deepEqual(await once(socket, 'data'), [framed(Buffer.alloc(0))])
    })
  }
})

function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(message.length)
  return Buffer.concat([length, message])
}
