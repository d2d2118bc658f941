import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeRequest } from '../../protocol/index.ts'
import { apis } from '../network/apis.ts'
import { reread, versionsOf } from '../fixtures/reread.ts'
import { answersIn, produceRequest } from './produce-protocol.ts'

describe('produceRequest', () => {
  const records = Buffer.alloc(2_000, 7)
  const topics = [{ name: 'orders', partitionData: [{ index: 3, records: [records] }] }]

  it('asks to store a batch on all replicas, in every version', () => {
    for (const api of [apis.produce, apis.joiningProduce]) {
      for (const version of versionsOf(api)) {
        const read = reread(api, version, produceRequest(topics, 'app'))

        assert.equal(read.transactionalId, 'app')
        assert.equal(read.acks, -1)
        assert.deepEqual(read.topicData[0]!.partitionData, [{ index: 3, records }])
        assert.equal(read.topicData[0]!.name, 'orders')
      }
    }
  })

  it('does not copy the record batches', () => {
    const request = produceRequest(topics, null)
    const chunks = encodeRequest({ api: apis.produce, version: 9, correlationId: 1, clientId: '' }, request)

    assert.ok(chunks.includes(records))
  })
})

describe('answersIn', () => {
  it('says of each batch what became of it', () => {
    const partition = { logStartOffset: 0, recordErrors: [], errorMessage: null }
    const partitionResponses = [
      { ...partition, index: 0, errorCode: 0, baseOffset: 7, logAppendTimeMs: 99 },
      { ...partition, index: 1, errorCode: 87, baseOffset: -1, logAppendTimeMs: -1, errorMessage: 'no' },
    ]

    const answers = answersIn({ throttleTimeMs: 0, responses: [{ name: 'orders', topicId: '', partitionResponses }] })

    assert.deepEqual(answers, [
      { topic: 'orders', partition: 0, errorCode: 0, errorMessage: null, baseOffset: 7, appendedMs: 99 },
      { topic: 'orders', partition: 1, errorCode: 87, errorMessage: 'no', baseOffset: -1, appendedMs: -1 },
    ])
  })
})
