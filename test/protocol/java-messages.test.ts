/**
 * Kafka's own message classes decide whether our schemas say what the protocol says: every API, every version,
 * generated values.
 */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { seededRandom, systemRandom } from '../../src/core/random.ts'
import { apis } from '../../src/broker/handlers/index.ts'
import { consumerAssignment, consumerSubscription } from '../../src/protocol/index.ts'
import { skipWithoutJava } from '../apache-kafka.ts'
import { decodeMessage, encodeMessage, inventMessage, type MessageKind } from './invented-message.ts'
import { runJava } from './run-java.ts'

const amongConsumers = {
  ConsumerProtocolSubscription: consumerSubscription,
  ConsumerProtocolAssignment: consumerAssignment,
}
const names = [...apis.map(({ name }) => name), ...Object.keys(amongConsumers)]

const seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())
/** Messages of each kind. */
const runs = Number(process.env['MILLRACE_RUNS'] ?? 20)

interface Sample {
  readonly api: string
  /** What Java finds the class by. */
  readonly key: number | string
  readonly direction: 'request' | 'response' | 'among-consumers'
  readonly kind: MessageKind
  readonly bytes: Buffer
}

describe("Kafka's message classes", { skip: skipWithoutJava, timeout: 120_000 }, () => {
  const samples = generateSamples()
  let answers: string[]
  before(async () => {
    const lines = samples.map(({ key, direction, kind: { version }, bytes }) =>
      [key, direction, version, bytes.toString('hex')].join(' '),
    )
    answers = await runJava('Messages.java', lines)
  })

  for (const name of names) {
    it(`read and write ${name} as its schema does, in every version (MILLRACE_SEED=${seed})`, () => {
      for (const [index, sample] of samples.entries()) {
        if (sample.api === name) compare(sample, answers[index]!)
      }
    })
  }
})

function generateSamples(): Sample[] {
  const random = seededRandom(seed)
  const samplesOf = (message: Pick<Sample, 'api' | 'key' | 'direction'>, kind: MessageKind) =>
    Array.from({ length: runs }, () => ({ ...message, kind, bytes: encodeMessage(kind, inventMessage(random, kind)) }))
  const ofApis = apis.flatMap(({ name: api, key, versions, flexibleSince, request, response }) =>
    each(versions).flatMap((version) => {
      const isFlexible = version >= flexibleSince
      return [
        ...samplesOf({ api, key, direction: 'request' }, { schema: request, version, isFlexible }),
        ...samplesOf({ api, key, direction: 'response' }, { schema: response, version, isFlexible }),
      ]
    }),
  )
  const ofConsumers = Object.entries(amongConsumers).flatMap(([api, { versions, schema }]) =>
    each(versions).flatMap((version) =>
      samplesOf({ api, key: api, direction: 'among-consumers' }, { schema, version, isFlexible: false }),
    ),
  )
  return [...ofApis, ...ofConsumers]
}

function each([first, last]: readonly [first: number, last: number]): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

function compare({ api, direction, kind, bytes }: Sample, answer: string): void {
  const what = `${api} ${direction} version ${kind.version}, ${bytes.toString('hex')}`
  const [format, hex, json] = splitInThree(answer)
  assert.notEqual(format, '!', `${what}: ${hex} ${json}`)
  assert.equal(format, kind.isFlexible ? 'flexible' : 'fixed', what)
  const message = decodeMessage(kind, bytes)
  // Fields with their default are left out where they have a tag, so that the bytes may differ where the fields do not.
  assert.deepEqual(decodeMessage(kind, Buffer.from(hex, 'hex')), message, what)
  assertFields(JSON.parse(renamed(api, json), keepExact), message, what)
}

/** The JSON comes last, as it has spaces of its own. */
function splitInThree(line: string): [string, string, string] {
  const first = line.indexOf(' ')
  const second = line.indexOf(' ', first + 1)
  return [line.slice(0, first), line.slice(first + 1, second), line.slice(second + 1)]
}

/** The only field that releases of Kafka call by two names: up to 4.3 it is `generationId`. */
function renamed(api: string, json: string): string {
  return api === 'TxnOffsetCommit' ? json.replace('"generationId":', '"generationIdOrMemberEpoch":') : json
}

/** Every field that Java names stands in our message, with that name and value. */
function assertFields(theirs: unknown, ours: unknown, what: string): void {
  if (Array.isArray(theirs)) {
    assert.ok(Array.isArray(ours), what)
    assert.equal(ours.length, theirs.length, what)
    for (const [index, element] of theirs.entries()) assertFields(element, ours[index], `${what}[${index}]`)
  } else if (typeof theirs === 'object' && theirs !== null) {
    for (const [name, value] of Object.entries(theirs)) {
      const records = (ours as { records?: Buffer | null }).records
      if (name === 'recordsSizeInBytes') assert.equal(records?.length ?? 0, value, `${what}.${name}`)
      else assertFields(value, (ours as Record<string, unknown>)[name], `${what}.${name}`)
    }
  } else {
    assert.deepEqual(Buffer.isBuffer(ours) ? ours.toString('base64') : ours, theirs, what)
  }
}

/** Numbers beyond doubles would be compared as what they are rounded to. */
function keepExact(_name: string, value: unknown): unknown {
  if (typeof value === 'number') assert.ok(Number.isSafeInteger(value))
  return value
}
