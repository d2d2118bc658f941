import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { systemClock } from '../../src/core/clock.ts'
import { audit, field, stage, topology } from '../../src/streams/index.ts'
import {
  type CustomerRecord,
  customers,
  customerTopology,
  mergeOf,
  mergesOf,
  record,
  saysOf,
  valuesOf,
} from './customers.ts'
import { assertAccount, assertEndedBy } from './run.ts'
import { onEachBroker, type SourceRecord, type Stream, type Target } from './target.ts'

const minute = 60_000
const hour = 60 * minute

export function poisonedRecords(target: Target): void {
  describe('a record', () => {
    it('that is malformed becomes a dead letter also where the topic for them has fewer partitions', async () => {
      const stream = await target.stream({ sourcePartitions: 2 })
      await target.admin.createTopics({ topics: [{ topic: stream.deadLetterTopic, numPartitions: 1 }] })
      await stream.produce([0, 1].map((partition) => ({ value: 'not json', partition })))

      const { report } = await stream.run(customerTopology(stream))

      const letters = await stream.deadLetters()
      assert.deepEqual(letters.map((letter) => saysOf(letter).partition).sort(), ['0', '1'])
      assertAccount(report, { deadLettered: 2 })
    })

    it('that is malformed becomes a dead letter byte for byte, every hundredth of them, and harms no other', async () => {
      const stream = await target.stream()
      const good = customers(500)
      const malformed = [
        '{"stage":"A","id":1,"part":',
        'not json',
        '',
        '{"stage":"A","id":1,"part":{}} trailing',
        Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
        '{"stage":"A","id":01,"part":{}}',
        '[1,2',
        '{"stage":"A","id":1,"part":"\u0001"}',
        '\uFEFF{"stage":"A","id":1,"part":{}}',
        '{"stage":"A" "id":1}',
      ].map((value, i): SourceRecord => ({
        value,
        key: `key ${i} ü`,
        headers: { trace: `t${i}`, empty: '' },
        partition: 0,
      }))
      await stream.produce(good.flatMap((sent, i) => (i % 100 === 50 ? [malformed[i / 100 - 0.5]!, sent] : [sent])))

      const { report } = await stream.run(customerTopology(stream))

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(500))
      const letters = await stream.deadLetters()
      assert.deepEqual(
        letters.map(({ key, valueBytes, headers }) => ({ key, valueBytes, headers: headers.slice(0, 2) })),
        malformed.map(({ key, value }, i) => ({
          key,
          valueBytes: Buffer.from(value!),
          headers: [
            ['trace', `t${i}`],
            ['empty', ''],
          ],
        })),
      )
      assert.ok(letters.every((letter) => saysOf(letter).reason !== 'STAGE_FAILED' && saysOf(letter).cause !== ''))
      assertAccount(report, { emitted: 1_000, deadLettered: 10 })
    })

    it('that lacks a field of the topology becomes a dead letter that says so', async () => {
      const stream = await target.stream()
      const refused: [string, SourceRecord][] = [
        ['NO_VALUE', { value: null, key: 'k' }],
        ['UNKNOWN_STAGE', { value: '{"stage":"Z","id":9,"part":1}' }],
        ['UNKNOWN_STAGE', { value: '{"id":9,"part":1}' }],
        ['UNKNOWN_STAGE', { value: '{"stage":"toString","id":9,"part":1}' }],
        ['KEY_MISSING', { value: '{"stage":"A","part":1}' }],
        ['KEY_TYPE', { value: '{"stage":"A","id":null,"part":1}' }],
        ['KEY_TYPE', { value: '{"stage":"A","id":{"a":1},"part":1}' }],
        ['KEY_TOO_LONG', { value: `{"stage":"A","id":"${'k'.repeat(2_000)}","part":1}` }],
        ['PART_MISSING', { value: '{"stage":"A","id":9}' }],
        ['NOT_AN_OBJECT', { value: '[]' }],
      ]
      await stream.produce([...customers(3), ...refused.map(([, sent]) => sent)])

      const { report } = await stream.run(customerTopology(stream))

      const letters = await stream.deadLetters()
      assert.deepEqual(
        letters.map((letter) => [saysOf(letter).reason, letter.value]),
        refused.map(([reason, { value }]) => [reason, value]),
      )
      assert.deepEqual(
        letters.map((letter) => ({ ...saysOf(letter), reason: '', cause: '' })),
        refused.map((_, i) => ({ reason: '', cause: '', topic: stream.source, partition: '0', offset: String(4 + i) })),
      )
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(3))
      assertAccount(report, { emitted: 6, deadLettered: refused.length })
    })

    it('becomes a dead letter that says what was seen in the place of what was expected', async () => {
      const stream = await target.stream()
      const framed = (prefix: readonly number[]) => Buffer.concat([Buffer.from(prefix), Buffer.from('{"stage":"A"}')])
      const refused: [cause: RegExp, value: string | Buffer][] = [
        [
          /^the field "stage" of the route has "Z", but there is no such stage; the stages are "A", "B"$/,
          '{"stage":"Z"}',
        ],
        [/^the field "stage" of the route has 5, but /, '{"stage":5}'],
        [/^the field "stage" of the route is missing$/, '{"stages":"A"}'],
        [/^the value is not JSON: byte 12 is "B", and it begins with /, '{"stage":"A"B}'],
        [
          /^the value is not JSON: .* a schema registry prefix of 5 bytes .*: use confluentJson\(\) or apicurioJson\(\)$/,
          framed([0, 0, 0, 0, 1]),
        ],
        [
          /: byte 0 is 0x03, .* a schema registry prefix of 18 bytes \(AWS Glue\): use glueJson\(\)$/,
          framed([3, 0, ...glueId]),
        ],
        [/^the value is not UTF-8: byte 10 is 0xff, /, Buffer.from('{"stage":"\xff"}', 'latin1')],
      ]
      await stream.produce(refused.map(([, value]) => ({ value })))

      await stream.run(customerTopology(stream))

      const causes = (await stream.deadLetters()).map((letter) => saysOf(letter).cause)
      assert.equal(causes.length, refused.length)
      for (const [at, [cause]] of refused.entries()) assert.match(causes[at]!, cause)
    })

    it('that is the second of its side becomes a dead letter, and the first one is merged', async () => {
      const stream = await target.stream()
      const second = { value: '{"stage":"A","id":1,"part":"second"}', partition: 1 }
      await stream.produce([record('A', 1), second, record('B', 1)])

      const { report } = await stream.run(customerTopology(stream))

      assert.deepEqual(valuesOf(await stream.merged()), [mergeOf(1)])
      const letters = await stream.deadLetters()
      assert.deepEqual(
        letters.map((letter) => [saysOf(letter).reason, letter.value]),
        [['DUPLICATE', second.value]],
      )
      assertAccount(report, { emitted: 2, duplicate: 1 })
    })

    it('that its schema refuses becomes a dead letter with the issues; functions are given the output', async () => {
      const stream = await target.stream()
      await stream.produce(customers(20))
      const schema = schemaOf((value) =>
        value.id === 7
          ? { issues: [{ message: 'not seven', path: ['part', { key: 'of' }] }, { message: 'really' }] }
          : { value: { ...value, part: { of: `checked ${value.id}` } } },
      )
      const part = (value: CustomerRecord) => value.part.of

      const { report } = await stream.run(customerTopology(stream, { schema, part }))

      const merged = valuesOf(await stream.merged()).map((value) => JSON.parse(value))
      assert.equal(merged.length, 19)
      for (const { id, A } of merged) assert.equal(A, `checked ${id}`)
      assert.deepEqual(
        (await stream.deadLetters()).map(saysOf).map(({ reason, cause }) => [reason, cause]),
        [['SCHEMA_INVALID', 'part.of: not seven; really']],
      )
      assertAccount(report, { emitted: 38, deadLettered: 1, pending: 1 })
    })

    it('that a schema without a function accepts leaves byte for byte', async () => {
      const stream = await target.stream()
      await stream.produce([
        { value: '{"stage":"A","id":1,"part":{ "n" : 1.0 , "big":9007199254740993 }}' },
        { value: '{"stage":"B","id":1,"part":1}' },
      ])
      const schema = schemaOf((value) => ({ value }))

      const { report } = await stream.run(customerTopology(stream, { schema, part: field('part') }))

      assert.deepEqual(valuesOf(await stream.merged()), ['{"id":1,"A":{ "n" : 1.0 , "big":9007199254740993 },"B":1}'])
      assertAccount(report, { emitted: 2 })
    })

    it('is a dead letter where a schema throws on it, which is asked once, for as many records as there are', async () => {
      const stream = await target.stream()
      await stream.produce(customers(40))
      const seen = new Map<number, number>()
      const schema = schemaOf((value) => {
        seen.set(value.id, (seen.get(value.id) ?? 0) + 1)
        if (value.id % 3 === 0) throw new Error('schema')
        return { value }
      })

      const outcome = await stream.run(customerTopology(stream, { schema, part: field('part') }), {
        maxConsecutivePoison: 3,
      })

      assert.equal(outcome.error, undefined)
      assert.ok([...seen.values()].every((count) => count === 1))
      assertAccount(outcome.report, { emitted: 52, deadLettered: 14, pending: 14 })
    })

    it('that an asynchronous schema sees ends the program with its name', async () => {
      const stream = await target.stream()
      await stream.produce(customers(2))
      const schema = schemaOf((value) => Promise.resolve({ value }))

      const { error, report } = await stream.run(customerTopology(stream, { schema, part: field('part') }))

      assertEndedBy(error, 'STAGE_SCHEMA_ASYNC')
      assertAccount(report, {})
    })

    it('larger than the dead-letter topic takes is named there by where it is', async () => {
      const stream = await target.stream()
      await stream.createDeadLetterTopic({ 'max.message.bytes': '2000' })
      const large = { value: `{"stage":"Z","id":1,"part":"${'x'.repeat(5_000)}"}` }
      await stream.produce([...customers(1), large])

      const { report } = await stream.run(customerTopology(stream))

      const [letter, ...others] = await stream.deadLetters()
      assert.deepEqual(others, [])
      assert.equal(letter!.value, null)
      assert.equal(saysOf(letter!).reason, 'UNKNOWN_STAGE')
      assert.equal(saysOf(letter!).offset, '2')
      assertAccount(report, { emitted: 2, deadLettered: 1 })
    })
  })

  describe('a route by a function', () => {
    it('sends records to the stage it names, and the others to the dead letters', async () => {
      const stream = await target.stream()
      await stream.produce([
        ...customers(10),
        { value: 'not json' },
        { value: null },
        { value: '{"stage":"C","id":1}' },
      ])

      const { report } = await stream.run(functionRouted(stream, (value) => value.stage))

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(10))
      const letters = (await stream.deadLetters()).map(saysOf)
      assert.deepEqual(
        letters.map(({ reason }) => reason),
        ['NOT_JSON', 'NO_VALUE', 'UNKNOWN_STAGE'],
      )
      assert.match(letters[2]!.cause, /the function of the route has named "C", but .* the stages are "A", "B"$/)
      assertAccount(report, { emitted: 20, deadLettered: 3 })
    })

    it('that throws is asked once for each record', async () => {
      const stream = await target.stream()
      await stream.produce(customers(60))
      const asked = new Map<string, number>()

      const { report } = await stream.run(
        functionRouted(stream, (value) => {
          const name = `${value.stage}${value.id}`
          asked.set(name, (asked.get(name) ?? 0) + 1)
          if (value.stage === 'A' && value.id % 4 === 0) throw new Error(`no route for ${name}`)
          return value.stage
        }),
      )

      for (const [name, count] of asked) assert.equal(count, 1, name)
      const letters = (await stream.deadLetters()).map(saysOf)
      assert.equal(letters.length, 15)
      assert.deepEqual(
        letters.slice(0, 2).map(({ reason, cause }) => [reason, cause]),
        [
          ['ROUTE_FAILED', 'no route for A0'],
          ['ROUTE_FAILED', 'no route for A4'],
        ],
      )
      assertAccount(report, { emitted: 90, deadLettered: 15, pending: 15 })
    })

    for (const [kind, promiseOf] of [
      ['a promise', (stage: string) => Promise.resolve(stage)],
      ['what another library has for a promise', foreignPromise],
    ] as const) {
      it(`that returns ${kind} ends the program`, async () => {
        const stream = await target.stream()
        await stream.produce(customers(2))
        const route = (value: CustomerRecord) => promiseOf(value.stage) as unknown as string

        const { error, report } = await stream.run(functionRouted(stream, route))

        assertEndedBy(error, 'TOPOLOGY_INVALID')
        assertAccount(report, {})
      })
    }
  })

  describe('a merge', () => {
    it('larger than the sink takes becomes a dead letter of each of its parts', async () => {
      const stream = await target.stream({ sinkConfig: { 'max.message.bytes': '3000' } })
      const large = (side: string) => ({ value: `{"stage":"${side}","id":99,"part":"${side.repeat(2_000)}"}` })
      await stream.produce([large('A'), ...customers(3), large('B')])

      const { report } = await stream.run(customerTopology(stream))

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(3))
      const letters = await stream.deadLetters()
      assert.deepEqual(
        letters.map((letter) => [saysOf(letter).reason, saysOf(letter).offset, letter.value?.length]),
        [
          ['MERGE_TOO_LARGE', '0', undefined],
          ['MERGE_TOO_LARGE', '5', large('B').value.length],
        ],
      )
      assertAccount(report, { emitted: 6, deadLettered: 2 })
    })
  })

  describe('the pending table', () => {
    it('that is full stops the program, which has committed what it did before', async () => {
      const stream = await target.stream()
      const part = 'x'.repeat(10_000)
      await stream.produce(customers(10))
      for (let i = 0; i < 4; i++) {
        const pending = Array.from({ length: 50 }, (_, id) => ({
          value: `{"stage":"A","id":${1_000 + 50 * i + id},"part":"${part}"}`,
        }))
        await stream.produce(pending)
      }

      const { error, report } = await stream.run(customerTopology(stream), { pendingBytesMax: 1 << 20 })

      assertEndedBy(error, 'TABLE_FULL')
      assert.equal(report.isBalanced, true)
    })

    for (const expireBy of ['eventTime', 'processingTime'] as const) {
      it(`that was full has room at the next start where rows expire by ${expireBy} from then on`, async () => {
        const stream = await target.stream()
        const beganMs = systemClock.nowMs() - 3 * hour
        const minutes = async (from: number, to: number) => {
          for (let i = from; i < to; i++) await stream.produce(largeParts(20 * i, 20, beganMs + i * minute))
        }
        await minutes(0, 4)
        await stream.run(customerTopology(stream), { pendingBytesMax: 1 << 20 })
        await minutes(4, 6)
        const full = await stream.run(customerTopology(stream), { pendingBytesMax: 1 << 20 })

        const expiring = customerTopology(stream, undefined, { expireAfterMs: 2 * minute, expireBy })
        const { report, error } = await stream.run(expiring, { pendingBytesMax: 1 << 20 })

        assertEndedBy(full.error, 'TABLE_FULL')
        assert.equal(error, undefined)
        assert.equal(report.isBalanced, true)
        const total = (name: 'consumed' | 'expired' | 'pending') =>
          report.accounting.reduce((sum, account) => sum + account[name], 0)
        assert.equal(total('consumed'), 120)
        assert.equal(total('expired') + total('pending'), 120)
        const left = (await stream.deadLetters()).map(({ key }) => key)
        assert.equal(left.length, total('expired'))
        assert.equal(new Set(left).size, left.length)
        const { verdict } = await audit({ bootstrapServers: target.bootstrapServers, app: stream.app })
        assert.equal(verdict, 'proved')
      })
    }

    it('takes its pending parts back where less is allowed now, so that rows can expire', async () => {
      const stream = await target.stream()
      const beganMs = systemClock.nowMs() - 3 * hour
      for (let i = 0; i < 6; i++) await stream.produce(largeParts(40 * i, 40, beganMs + i * minute))
      const first = await stream.run(customerTopology(stream), { pendingBytesMax: 4 << 20 })

      const expiring = customerTopology(stream, undefined, { expireAfterMs: 2 * minute })
      const { report, error } = await stream.run(expiring, { pendingBytesMax: 1 << 20 })

      assertAccount(first.report, { pending: 240 })
      assert.equal(error, undefined)
      // By the time that the records tell, which is that of the last 40.
      assertAccount(report, { expired: 160, pending: 80 })
    })
  })
}

/** Parts of 10 kB of keys that have no other. */
function largeParts(from: number, count: number, timestampMs: number): SourceRecord[] {
  const part = 'x'.repeat(10_000)
  return Array.from({ length: count }, (_, id) => ({
    value: `{"stage":"A","id":${from + id},"part":"${part}"}`,
    timestampMs,
  }))
}

function functionRouted({ app, source, sink }: Stream, route: (value: CustomerRecord) => string) {
  const part = field('part')
  return topology(app)
    .source(source)
    .route('by-function', (value) => route(value as CustomerRecord), { A: stage({ part }), B: stage({ part }) })
    .correlate('by-id', field('id'), { of: ['A', 'B'] })
    .sink(sink)
}

/** A Standard Schema of one function. */
function schemaOf(
  validate: (
    value: CustomerRecord,
  ) => StandardSchemaV1.Result<CustomerRecord> | Promise<StandardSchemaV1.Result<CustomerRecord>>,
): StandardSchemaV1<unknown, CustomerRecord> {
  return { '~standard': { version: 1, vendor: 'by hand', validate: (value) => validate(value as CustomerRecord) } }
}

/** The id of a schema, as bytes. */
const glueId = Array.from({ length: 16 }, (_, at) => 0x90 + at)

/** A promise that is not JavaScript's own. */
function foreignPromise(value: string) {
  const promise = Promise.resolve(value)
  return new Proxy(
    {},
    { has: (_, name) => name === 'then', get: (_, name) => name === 'then' && promise.then.bind(promise) },
  )
}

if (import.meta.main) onEachBroker([poisonedRecords])
