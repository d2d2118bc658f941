import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { driveTopology } from '../../testing/index.ts'
import {
  compressedJson,
  confluentJson,
  type DecodeFunction,
  type Decoding,
  glueJson,
  rawBytes,
} from '../topology/decoding.ts'
import { field } from '../topology/field.ts'
import { header, recordKey } from '../topology/key.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'

const prefix = Buffer.of(0, 0, 0, 0, 7)
const framed = (json: string) => Buffer.concat([prefix, Buffer.from(json)])

/** A program whose first source has another decoding than its second one. */
function decodedBy<Value>(decode?: Decoding<Value> | DecodeFunction<Value>) {
  return topology('orders')
    .source('framed', decode === undefined ? {} : { decode })
    .side('A')
    .source('plain')
    .side('B', stage({ part: field('part') }))
    .correlate('by-key', field('key'), { of: ['A', 'B'] })
    .sink('sink')
}

/** The reason and cause of the dead letter that a value becomes. */
async function causeOf(value: string | Uint8Array, decode?: Decoding<unknown> | DecodeFunction<unknown>) {
  await using driver = await driveTopology(decodedBy(decode))
  await driver.give([value])
  const [letter, ...others] = driver.deadLetters()
  assert.deepEqual(others, [])
  return `${letter!.reason}: ${letter!.cause}`
}

describe('the decoding of a source', () => {
  it('merges what it finds in the values, byte for byte, beside values of other sources', async () => {
    await using driver = await driveTopology(decodedBy(confluentJson()))

    await driver.give([framed('{ "key":17, "big":12345678901234567890 }'), framed('{"key":18}')])
    await driver.give([{ key: 17, part: 1 }], { topic: 'plain' })

    assert.deepEqual(
      driver.merged().map(({ text }) => text),
      ['{"key":17,"A":{ "key":17, "big":12345678901234567890 },"B":1}'],
    )
  })

  it('opens compressed values, and more of them than there is memory for at a time', async () => {
    await using driver = await driveTopology(decodedBy(compressedJson('gzip', { bytesMax: 8 << 20 })))
    const value = (key: number) => gzipSync(JSON.stringify({ key, rest: ' '.repeat(7 << 20) }))

    await driver.give(Array.from({ length: 12 }, (_, key) => value(key)))

    const { pending, consumed, skipped } = driver.accounting()[0]!
    assert.deepEqual([pending, consumed, skipped], [12, 12, 0])
  })

  it('keeps any bytes as a text in base64, by the key of the record or a header', async () => {
    const program = topology('orders')
      .source('bytes', { decode: rawBytes() })
      .route('by-type', header('type'), {
        A: stage(),
        B: stage({ part: (text: string, { value }) => [text.length, value?.length] }),
      })
      .correlate('by-key', recordKey(), { of: ['A', 'B'], keyName: 'key' })
      .sink('sink')
    await using driver = await driveTopology(program)

    await driver.give([Buffer.of(0, 255, 34)], { key: 'k', headers: { type: 'A' } })
    await driver.give([Buffer.of(1)], { key: 'k', headers: { type: 'B' } })
    await driver.give([Buffer.of(2)], { key: 'k', headers: { type: 'C' } })
    await driver.give([Buffer.of(3)], { key: 'k' })
    await driver.give([null], { key: 'k', headers: { type: 'A' } })
    await driver.give([Buffer.of(4)], { headers: { type: 'A' } })

    assert.equal(driver.merged()[0]!.text, '{"key":"k","A":"AP8i","B":[4,1]}')
    assert.deepEqual(
      driver.deadLetters().map(({ reason, cause }) => [reason, cause]),
      [
        [
          'UNKNOWN_STAGE',
          'the header "type" of the route has "C", but there is no such stage; the stages are "A", "B"',
        ],
        ['UNKNOWN_STAGE', 'the header "type" of the route is missing'],
        ['NO_VALUE', 'the record has no value'],
        ['KEY_MISSING', 'the key of the record is missing'],
      ],
    )
  })

  it('asks a function, which may give a promise, and routes the JSON of what it returns', async () => {
    const decode: DecodeFunction<unknown> = async (bytes, { headers }) => {
      const [key, part] = bytes.toString('latin1').split(':')
      return { key: Number(key), part, encoding: headers.text('encoding') }
    }
    await using driver = await driveTopology(decodedBy(decode))

    await driver.give([Buffer.from('1:\xe9', 'latin1')], { headers: { encoding: 'latin1' } })
    await driver.give([null])
    await driver.give([{ key: 1, part: 2 }], { topic: 'plain' })

    assert.deepEqual(driver.merged()[0]?.value.A, { key: 1, part: 'é', encoding: 'latin1' })
    assert.deepEqual(
      driver.deadLetters().map(({ reason }) => reason),
      ['NO_VALUE'],
    )
  })

  it('makes a dead letter with the bytes as they came of what it cannot decode', async () => {
    await using driver = await driveTopology(
      decodedBy(() => {
        throw new Error('unknown schema')
      }),
    )

    await driver.give(['as it came'])

    assert.deepEqual(
      driver.deadLetters().map(({ reason, cause, text }) => [reason, cause, text]),
      [['UNDECODABLE', 'unknown schema', 'as it came']],
    )
  })

  it('says what a value looks like that it cannot decode', async () => {
    const missing = 'the value has no prefix of a Confluent schema registry, nor its header'
    const glue = Buffer.concat([Buffer.of(3, 0), Buffer.alloc(16, 1), Buffer.from('{}')])

    assert.equal(
      await causeOf('{"key":1}', confluentJson()),
      `UNDECODABLE: ${missing}; byte 0 is "{": it looks like JSON as it stands`,
    )
    assert.equal(
      await causeOf(glue, confluentJson()),
      `UNDECODABLE: ${missing}; byte 0 is 0x03: it looks like JSON after a schema registry prefix of 18 bytes (AWS Glue): use glueJson()`,
    )
    assert.equal(await causeOf('', confluentJson()), `UNDECODABLE: ${missing}; it is empty`)
    assert.equal(
      await causeOf(gzipSync('{}'), glueJson()),
      "UNDECODABLE: the value has no prefix of the AWS Glue schema registry; byte 0 is 0x1f: it looks like a value that is compressed by itself (gzip): use compressedJson('gzip')",
    )
    assert.equal(
      await causeOf('', () => undefined),
      'UNDECODABLE: the decoder returned a value of the type undefined, which is no JSON',
    )
  })

  it('is what the dead letter of a value that is no JSON says to use', async () => {
    assert.match(await causeOf(framed('{"key":1}')), /^NOT_JSON: .*: use confluentJson\(\) or apicurioJson\(\)$/)
    assert.match(await causeOf(gzipSync('{"key":1}')), /^NOT_UTF8: .*: use compressedJson\('gzip'\)$/)
    assert.match(await causeOf(framed('{"key":')), /^NOT_JSON: .*: it looks like JSON after .*: use confluentJson/)
    // Where the prefix is known, it is what follows that is looked at.
    assert.equal(
      await causeOf(framed('{"key":'), confluentJson()),
      'NOT_JSON: the value is not JSON: it ends at byte 7 before it is complete, and it begins with "{\\"ke"',
    )
  })

  it('finds the same, and keeps its dead letters, behind filters and maps', async () => {
    const program = topology('orders')
      .source('framed', { decode: confluentJson<{ key: number }>() })
      .map('next', ({ key }) => ({ key: key + 1 }))
      .side('A')
      .source('plain')
      .side('B')
      .correlate('by-key', field('key'), { of: ['A', 'B'] })
      .sink('sink')
    await using driver = await driveTopology(program)

    await driver.give([framed('{"key":1}'), '{"key":1}', framed('{"key":2}')])
    await driver.give([{ key: 2 }, { key: 3 }], { topic: 'plain' })

    assert.deepEqual(
      driver.merged().map(({ text }) => text),
      ['{"key":2,"A":{"key":2},"B":{"key":2}}', '{"key":3,"A":{"key":3},"B":{"key":3}}'],
    )
    assert.deepEqual(
      driver.deadLetters().map(({ reason, text }) => [reason, text]),
      [['UNDECODABLE', '{"key":1}']],
    )
  })
})
