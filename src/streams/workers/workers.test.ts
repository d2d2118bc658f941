import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { threadId } from 'node:worker_threads'
import { systemClock } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import { Engine, type EngineOptions } from '../in-memory/engine.ts'
import { order } from '../fixtures/orders.ts'
import { outputOf, settled } from '../fixtures/settled.ts'
import { field } from '../topology/field.ts'
import { rootCause } from '../runtime/root-cause.ts'
import { onWorkers } from '../topology/on-workers.ts'
import { planTopology } from '../topology/plan.ts'
import { type Stage, stage, type StageOptions } from '../topology/stage.ts'
import { number, text } from '../../state/index.ts'
import { table } from '../topology/table.ts'
import { topology, type Topology } from '../topology/topology.ts'
import { tumbling } from '../topology/windows.ts'
import * as functions from './fixtures/functions.ts'
import type { Order } from './fixtures/functions.ts'
import type { part as startingPart } from './fixtures/starting.ts'

const module = new URL('./fixtures/functions.ts', import.meta.url)
const patient = { stageAttempts: 2, stageRetryFirstMs: 1, stageRetryMaxMs: 1, drainMs: 20_000 }

/** A program whose side A is made by a stage, and B is there to complete rows. */
function making(own: Stage) {
  return topology('orders')
    .source('source')
    .route('by-side', field('side'), { A: own, B: stage({ part: field('part') }) })
    .correlate('by-key', field('key'), { of: ['A', 'B'] })
    .sink('sink')
}

const placed = <Part>(part: (value: Order, record: never) => Part, options: StageOptions<Order, Part> = {}) =>
  stage<Order, Part>({ ...options, part: onWorkers(part, module) as never })

/** What comes out of a program for these records, and what is counted. */
async function resultOf(program: Topology, give: (engine: Engine) => void, options: EngineOptions) {
  await using engine = await Engine.start(program, systemClock, { ...patient, ...options })
  give(engine)
  await settled(engine)
  return outputOf(engine)
}

/** Runs a program without workers and with some, and says that nobody could tell. */
async function sameWithWorkers(program: Topology, give: (engine: Engine) => void, options: EngineOptions = {}) {
  const expected = await resultOf(program, give, options)
  for (const workers of [1, 3]) assert.deepEqual(await resultOf(program, give, { ...options, workers }), expected)
  return expected
}

/** Gives both sides of orders, each side at once. */
function giveOrders({ kafka }: Engine, parts: readonly unknown[]): void {
  for (const side of ['A', 'B']) {
    const orders = parts.map((part, key) => order(side, key, part))
    kafka.give(0, orders, { key: `key of ${side}`, headers: { side, more: 'x' } })
  }
}

describe('B17 functions on workers', () => {
  it('are called on other threads, and with 0 workers on the main one', async () => {
    const program = making(placed(functions.onThread))
    const give = (engine: Engine) => giveOrders(engine, [1])

    const here = await resultOf(program, give, { workers: 0 })
    const elsewhere = await resultOf(program, give, { workers: 1 })

    const threadOf = ({ written }: typeof here) => JSON.parse(JSON.parse(written[0]!)[1]).A
    assert.equal(threadOf(here), threadId)
    assert.notEqual(threadOf(elsewhere), threadId)
  })

  it('see of a record what they see on the main thread', async () => {
    const parts = Array.from({ length: 1_000 }, (_, key) => ({
      text: `ä${key}`,
      list: [key, null, { deep: 'x'.repeat(key % 200) }],
    }))

    const { accounts } = await sameWithWorkers(making(placed(functions.seen)), (engine) => giveOrders(engine, parts))

    assert.equal(accounts[0]!.emitted, 2_000)
  })

  it('filter, fail, give up and are tried again as on the main thread', async () => {
    const parts = ['one', 'filter', 'throw', 'two', 'give up', 'no JSON', 3].flatMap((part) => [part, 'between'])

    const { accounts } = await sameWithWorkers(making(placed(functions.obey)), (engine) => giveOrders(engine, parts))

    assert.equal(accounts[0]!.deadLettered, 3)
    assert.equal(accounts[0]!.filtered, 1)
  })

  it('see the output of a schema that is on workers too, and what it refuses is a dead letter', async () => {
    const schema = onWorkers(functions.capitals, module, 'capitals')
    const parts = ['a', 1, 'b', null]
    const give = (engine: Engine) => giveOrders(engine, parts)

    const { accounts } = await sameWithWorkers(making(placed(functions.partOf, { schema })), give)
    const alone = await sameWithWorkers(making(stage({ part: field('part'), schema })), give)

    assert.equal(accounts[0]!.deadLettered, 2)
    assert.equal(alone.accounts[0]!.deadLettered, 2)
  })

  it('decode, filter and map before the route', async () => {
    const program = topology('orders')
      .source('source', { decode: onWorkers(functions.decoded, module) })
      .filter('even', onWorkers(functions.isEven, module))
      .map('doubled', onWorkers(functions.doubled, module))
      .route('by-side', field('side'), { A: placed(functions.partOf), B: stage({ part: field('part') }) })
      .correlate('by-key', field('key'), { of: ['A', 'B'] })
      .sink('sink')

    const { accounts } = await sameWithWorkers(program, (engine) => {
      giveOrders(engine, ['a', 'b', 'c', 'd', { deep: 'e' }])
      engine.kafka.give(0, [null, 'no JSON'])
    })

    const { filtered, emitted, deadLettered } = accounts[0]!
    assert.deepEqual([filtered, emitted, deadLettered], [4, 6, 2])
  })

  it('are given integers beyond 2^53 - 1 as asked, and a warning is told once where they lose digits', async () => {
    const give = ({ kafka }: Engine) =>
      ['A', 'B', 'A', 'B'].forEach((side, at) =>
        kafka.give(0, [`{"side":"${side}","key":${2n ** 60n + BigInt(at >> 1)},"part":1}`]),
      )
    await sameWithWorkers(making(placed(functions.nextKey, { bigIntegers: 'bigint' })), give)

    await using engine = await Engine.start(making(placed(functions.seen)), systemClock, { ...patient, workers: 1 })
    give(engine)
    await settled(engine)

    const warnings = engine.lines.filter(([, sentence]) => sentence.startsWith('"stage-A"'))
    const sentence = `"stage-A" is given ${2n ** 60n + 1n} as a number, which loses digits; with bigIntegers: 'bigint' it is a BigInt`
    assert.deepEqual(warnings, [['warn', sentence]])
  })

  it('end their thread over a record: its attempt has failed, and all others are asked again', async () => {
    const parts = Array.from({ length: 300 }, (_, key) => (key === 17 || key === 203 ? 'exit' : key))
    await using engine = await Engine.start(making(placed(functions.obey)), systemClock, { ...patient, workers: 2 })
    giveOrders(engine, parts)

    await settled(engine)

    const { emitted, deadLettered, pending } = engine.accounts[0]!
    assert.deepEqual([emitted, deadLettered, pending], [596, 2, 2])
    const causes = engine.kafka.written.flatMap(({ letter }) => (letter === undefined ? [] : [letter.cause]))
    assert.deepEqual(
      causes.map((cause) => /^thread 'worker-\d' exited/.test(String(cause))),
      [true, true],
    )
    assert.equal(engine.crashes.length, 4)
  })

  it('block their thread for longer than maxStallMs: the thread is replaced', async () => {
    const options = { ...patient, workers: 1, maxStallMs: 400 }
    await using engine = await Engine.start(making(placed(functions.obey)), systemClock, options)
    giveOrders(engine, [1, 'block', 2])

    await settled(engine)

    const { emitted, deadLettered } = engine.accounts[0]!
    assert.deepEqual([emitted, deadLettered], [4, 1])
  })

  it('may take longer than maxStallMs together, as long as none of them does', async () => {
    const options = { ...patient, workers: 1, maxStallMs: 400 }
    await using engine = await Engine.start(making(placed(functions.slow)), systemClock, options)
    giveOrders(engine, Array(12).fill('part'))

    await settled(engine)

    assert.deepEqual(engine.crashes, [])
    assert.equal(engine.accounts[0]!.emitted, 24)
  })

  it('make values for windows, and beside functions that use tables, as they do without workers', async () => {
    const made = onWorkers(functions.seen, module)
    const counts = table('counts', { key: text, value: number })
    const names = table('names', { topic: 'names', key: text, value: text })
    const windowed = topology('windowed')
      .source<Order>('source')
      .map('made', made)
      .groupBy('by-part', field('part'))
      .window(tumbling({ sizeMs: 100, graceMs: 10 }), { late: 'deadLetter' })
      .collect(field('place'))
      .sink('results')
    const counted = topology('counted')
      .tables(counts, names)
      .source<Order>('source')
      .map('made', made)
      .map('numbered', (value, record) => {
        const { part } = value as { readonly part: string }
        const rows = record.table(counts)
        const count = (rows.get(part) ?? 0) + 1
        rows.set(part, count)
        return { part: `${part}-${Math.ceil(count / 2)}`, count, name: record.table(names).get(part) ?? null }
      })
      .side('value')
      .correlate('by-part', field('part'), { of: ['value'], collect: { value: { count: 2 } } })
      .sink('pairs')
    const give = ({ kafka, services }: Engine) => {
      services.lookups?.put(names, 'p1', 'one')
      for (let at = 0; at < 40; at++) {
        const orders = Array.from({ length: 50 }, (_, key) => order('A', key, `p${(key * at) % 7}`))
        kafka.give(0, orders, { timestampMs: 1_000 + 10 * at - (at % 5 === 0 ? 200 : 0) })
      }
    }

    const results = await sameWithWorkers(windowed, give)
    const pairs = await sameWithWorkers(counted, give)

    assert.ok(results.written.length > 20 && results.accounts[0]!.deadLettered > 0)
    assert.equal(pairs.written.length, 1_000)
    assert.ok(pairs.written.some((each) => each.includes('one')))
  })

  it('end the program by a named error where they use a table, or return a promise', async () => {
    for (const [part, message] of [
      [placed(functions.withTable), /uses a table, which functions onWorkers do not have/],
      [placed(functions.obey), /the function of "stage-A" returns a promise/],
    ] as const) {
      const program = making(part as Stage)
      await using engine = await Engine.start(program, systemClock, { ...patient, workers: 1 })
      giveOrders(engine, ['promise'])

      await assert.rejects(
        settled(engine),
        (error) => MillraceError.is(error) && error.code === 'TOPOLOGY_INVALID' && message.test(error.message),
      )
    }
  })

  it('go on with another number of workers, or none, from the same checkpoint', async () => {
    const program = making(placed(functions.partOf))
    const first = await Engine.start(program, systemClock, { ...patient, workers: 2 })
    for (let key = 0; key < 50; key++) first.kafka.give(0, [order('A', key, key)])
    await settled(first)
    await first[Symbol.asyncDispose]()

    await using next = await Engine.resume(first, program, systemClock, patient)
    for (let key = 0; key < 50; key++) next.kafka.give(0, [order('B', key, key)])
    await settled(next)

    assert.equal(next.accounts[0]!.emitted, 100)
  })
})

describe('B17 a topology', () => {
  const refusal = (message: RegExp) => (error: unknown) =>
    MillraceError.is(error) && error.code === 'TOPOLOGY_INVALID' && message.test(error.message)

  it('is refused where a stage has one of its function and schema onWorkers', () => {
    const own = placed(functions.partOf, { schema: { ...functions.capitals } })

    assert.throws(() => planTopology(making(own)), refusal(/stage "A" has its function or its schema onWorkers/))
  })

  it('is refused where something else is onWorkers', () => {
    const route = onWorkers(() => 'A', module, 'route')
    const stages = { A: stage(), B: stage() }
    const program = topology('orders')
      .source('source')
      .route('by-side', route, stages)
      .correlate('by-key', field('key'), { of: ['A', 'B'] })
      .sink('sink')

    assert.throws(() => planTopology(program), refusal(/"by-side" has a function onWorkers/))
  })

  it('is refused where a name is missing, or a module is no URL', () => {
    assert.throws(() => onWorkers(functions.capitals, module), refusal(/without a name/))
    assert.throws(() => onWorkers(functions.partOf, './functions.ts'), refusal(/where a URL belongs/))
    assert.throws(() => onWorkers('partOf' as never, module), refusal(/is given the text/))
  })

  it('does not start where a module has no such export, or another one, or cannot be loaded', async () => {
    const start = (part: (value: Order) => unknown, from: URL, name?: string) =>
      Engine.start(making(stage<Order, never>({ part: onWorkers(part, from, name) as never })), systemClock, {
        workers: 1,
      }).then(
        () => assert.fail('it started'),
        (error) => {
          throw rootCause(error)
        },
      )

    await assert.rejects(
      start(({ part }) => part, module, 'absent'),
      refusal(/does not export, as "absent"/),
    )
    await assert.rejects(
      start(({ part }) => part, module, 'obey'),
      refusal(/does not export, as "obey"/),
    )
    const missing = new URL('./fixtures/missing.ts', import.meta.url)
    await assert.rejects(
      start(({ part }) => part, missing, 'x'),
      refusal(/missing.ts cannot be loaded/),
    )
    const starting = new URL('./fixtures/starting.ts', import.meta.url)
    const part: typeof startingPart = () => 'part'
    await assert.rejects(start(part, starting, 'part'), refusal(/"orders" is started by a module that exports/))
  })
})
