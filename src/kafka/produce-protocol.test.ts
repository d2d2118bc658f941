import { createRecordsBatch, produceV9, Reader } from '@platformatic/kafka'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { check } from '../../test/property.ts'
import { decodeProduce, encodeProduce } from './produce-protocol.ts'
import { WireWriter } from './wire.ts'

describe('encodeProduce', () => {
  it('writes what @platformatic/kafka writes', () => {
    // The library orders topics and partitions as an object does its keys.
    const name = fc.string({ unit: 'binary', maxLength: 200 }).map((text) => `t${text}`)
    const partition = fc.record({ partition: fc.nat(), bytes: fc.nat({ max: 1_000 }) })
    const partitions = fc
      .uniqueArray(partition, { selector: (each) => each.partition, minLength: 1, maxLength: 5 })
      .map((each) => each.toSorted((a, b) => a.partition - b.partition))
    const topics = fc.uniqueArray(fc.record({ name, partitions }), { selector: (each) => each.name, maxLength: 4 })

    check(
      fc.property(topics, fc.option(name), fc.nat(), (spec, transactionalId, timeoutMs) => {
        const messages = spec.flatMap((topic) =>
          topic.partitions.map(({ partition, bytes }) => ({
            topic: topic.name,
            partition,
            value: Buffer.alloc(bytes),
            timestamp: 5n,
          })),
        )
        const options = { transactionalId, producerId: 1n, producerEpoch: 0, compression: 'none' } as never
        const encoded = encodeProduce(
          spec.map((topic) => ({
            name: topic.name,
            partitions: topic.partitions.map(({ partition }) => ({
              partition,
              records: createRecordsBatch(
                messages.filter((each) => each.topic === topic.name && each.partition === partition),
                options,
              ).buffer,
            })),
          })),
          transactionalId,
          timeoutMs,
        )

        const wanted = produceV9.createRequest(-1, timeoutMs, messages, options)
        assert.deepEqual(Buffer.concat(encoded), Buffer.concat([Buffer.of(0), wanted.buffer]))
      }),
      200,
    )
  })

  it('does not copy the record batches', () => {
    const records = Buffer.alloc(100)

    assert.ok(encodeProduce([{ name: 'orders', partitions: [{ partition: 0, records }] }], null, 0).includes(records))
  })
})

describe('decodeProduce', () => {
  it('reads what @platformatic/kafka reads', () => {
    const answer = fc.record({
      partition: fc.nat(),
      errorCode: fc.integer({ min: -1, max: 100 }),
      baseOffset: fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER }),
      appendedMs: fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER }),
      recordErrors: fc.array(fc.record({ index: fc.nat(), message: fc.option(fc.string()) }), { maxLength: 3 }),
      errorMessage: fc.option(fc.string({ maxLength: 300 })),
      tags: fc.nat({ max: 200 }),
    })
    const topic = fc.record({ name: fc.string({ minLength: 1 }), answers: fc.array(answer, { maxLength: 3 }) })

    check(
      fc.property(fc.array(topic, { maxLength: 3 }), fc.nat(), (topics, throttleTimeMs) => {
        const response = encodeResponse(topics, throttleTimeMs)
        const memory = Buffer.concat([Buffer.alloc(4), Buffer.of(0), response, Buffer.alloc(9, 0xff)])

        const decoded = decodeProduce(memory, 4, 5 + response.length)

        const wanted = parseAll(response)
        assert.equal(decoded.throttleTimeMs, wanted.throttleTimeMs)
        assert.deepEqual(
          decoded.answers,
          wanted.responses.flatMap(({ name, partitionResponses }) =>
            partitionResponses.map(({ index, errorCode, errorMessage, baseOffset, logAppendTimeMs }) => ({
              topic: name,
              partition: index,
              errorCode,
              errorMessage,
              baseOffset: Number(baseOffset),
              appendedMs: Number(logAppendTimeMs),
            })),
          ),
        )
      }),
      200,
    )
  })

  it('refuses a response that ends anywhere before its end', () => {
    const answer = {
      partition: 0,
      errorCode: 0,
      baseOffset: 7,
      appendedMs: 8,
      recordErrors: [],
      errorMessage: 'text',
      tags: 3,
    }
    const response = Buffer.concat([Buffer.of(0), encodeResponse([{ name: 'orders', answers: [answer] }], 0)])
    // What lies behind the end is a response that was read before.
    const memory = Buffer.concat([response, response])

    for (let end = 0; end < response.length; end++) {
      assert.throws(() => decodeProduce(memory, 0, end), RangeError, `cut at ${end} of ${response.length}`)
    }
  })
})

interface AnswerSpec {
  partition: number
  errorCode: number
  baseOffset: number
  appendedMs: number
  recordErrors: { index: number; message: string | null }[]
  errorMessage: string | null
  tags: number
}

/** A response without the tags of its header. */
function encodeResponse(topics: { name: string; answers: AnswerSpec[] }[], throttleTimeMs: number): Buffer {
  const writer = new WireWriter().compactLength(topics.length)
  for (const { name, answers } of topics) {
    writer.compactString(name).compactLength(answers.length)
    for (const { partition, errorCode, baseOffset, appendedMs, recordErrors, errorMessage, tags } of answers) {
      writer.int32(partition).int16(errorCode).int64(baseOffset).int64(appendedMs).int64(0)
      writer.compactLength(recordErrors.length)
      for (const { index, message } of recordErrors) writer.int32(index).compactString(message).noTags()
      writer
        .compactString(errorMessage)
        .unsignedVarint(1)
        .unsignedVarint(9)
        .unsignedVarint(tags)
        .bytes(Buffer.alloc(tags))
    }
    writer.noTags()
  }
  return writer.int32(throttleTimeMs).noTags().take()
}

/** The library throws when there is an error in a response, but says all it was told. */
function parseAll(response: Buffer): produceV9.ProduceResponse {
  try {
    return produceV9.parseResponse(0, 0, 9, Reader.from(response))
  } catch (error) {
    return (error as { response: produceV9.ProduceResponse }).response
  }
}
