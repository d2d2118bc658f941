import { int16, int32, struct, apiVersions, heartbeat, metadata, produce } from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Target } from './target.ts'

const anyApi = { name: 'NobodyKnows', key: 999, flexibleSince: 99, request: struct({}), response: struct({}) }

export function malformedContract(target: Target): void {
  const survives = async () => {
    await using client = await target.connect()
    const { errorCode } = await client.call(apiVersions, 0, {})
    assert.equal(errorCode, 0)
  }

  const frames: [title: string, frame: Buffer][] = [
    ['a request of negative length', Buffer.from('ffffffff', 'hex')],
    ['a request longer than any may be', Buffer.from('7fffffff0003', 'hex')],
    ['a request without a header', Buffer.from('000000020003', 'hex')],
    ['a client id longer than its request', Buffer.from('0000000c' + '00030001' + '00000001' + '7fff' + '0000', 'hex')],
  ]
  describe('a connection is closed, and the broker goes on, after', () => {
    for (const [title, frame] of frames) {
      it(title, async () => {
        await using client = await target.connect()

        client.sendRaw(frame)

        await client.closed()
        await survives()
      })
    }

    it('an API that nobody knows', async () => {
      await using client = await target.connect()

      await assert.rejects(client.call(anyApi, 0, {}), /closed the connection/)
      await survives()
    })

    it('a version that is not served', async () => {
      await using client = await target.connect()

      await assert.rejects(client.call(metadata, 98, { topics: null }), /closed the connection/)
      await survives()
    })

    it('a retired version of Produce, although ApiVersions claims it', async () => {
      await using client = await target.connect()
      const request = { transactionalId: null, acks: 1, timeoutMs: 1_000, topicData: [] }

      await assert.rejects(client.call(produce, 2, request), /closed the connection/)
      await survives()
    })

    it('an array of more elements than there are bytes', async () => {
      await using client = await target.connect()
      const request = struct({ count: int32 })

      await assert.rejects(client.call({ ...metadata, request }, 1, { count: 1_000_000_000 }), /closed the connection/)
      await survives()
    })

    it('a null where there must be a text', async () => {
      await using client = await target.connect()
      const request = struct({ groupIdLength: int16 })

      await assert.rejects(client.call({ ...heartbeat, request }, 0, { groupIdLength: -1 }), /closed the connection/)
      await survives()
    })
  })
}
