import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { KafkaError } from '../../core/errors.ts'
import { VirtualClock } from '../../testing/index.ts'
import { mergeOf, order, orders } from '../fixtures/orders.ts'
import { field } from '../topology/field.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'
import { Engine } from '../in-memory/engine.ts'
import { loggedWaits } from '../logs/broker-wait-log.ts'
import { type AppEventName, appEvents, type AppEvents } from './app-events.ts'
import { ProgramEvents } from './program-events.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** All that is told from now on, in order. */
function listen(events: ProgramEvents): [AppEventName, unknown][] {
  const told: [AppEventName, unknown][] = []
  for (const name of Object.keys(appEvents) as AppEventName[]) events.on(name, (event) => void told.push([name, event]))
  return told
}

describe('the listeners of a program', () => {
  it('are called at once, until they are taken back, or once', () => {
    const events = new ProgramEvents('shop', silent)
    const calls: string[] = []
    const always = ({ epoch }: { epoch: number }) => calls.push(`always ${epoch}`)
    events.on('rollback', always)
    events.once('rollback', ({ epoch }) => calls.push(`once ${epoch}`))
    events.tell('rollback', () => ({ epoch: 1 }))
    events.tell('rollback', () => ({ epoch: 2 }))

    events.off('rollback', always)
    events.tell('rollback', () => assert.fail('nobody listens'))

    assert.deepEqual(calls, ['always 1', 'once 1', 'always 2'])
  })

  it('harm neither the program nor each other when they fail, which is logged', async () => {
    const logged: [object, string][] = []
    const events = new ProgramEvents('shop', { ...silent, error: (...line) => void logged.push(line) })
    const [thrown, rejected] = [new Error('thrown'), new Error('rejected')]
    let calls = 0
    events.on('rollback', () => {
      throw thrown
    })
    events.on('rollback', () => Promise.reject(rejected))
    events.on('rollback', () => calls++)

    events.tell('rollback', () => ({ epoch: 1 }))
    await Promise.resolve()

    const sentence = 'a listener of "rollback" has failed'
    const lines = [thrown, rejected].map((err) => [{ app: 'shop', event: 'rollback', err }, sentence])
    assert.deepEqual([calls, logged], [1, lines])
  })

  it('may be those of node:events', async () => {
    const events = new ProgramEvents('shop', silent)
    const next = once(events as never, 'rollback')

    events.tell('rollback', () => ({ epoch: 3 }))

    assert.deepEqual(await next, [{ epoch: 3 }])
  })

  it('may have no app at hand: they subscribe to the channel of an event', () => {
    const events = new ProgramEvents('shop', silent)
    const told: unknown[] = []
    const hear = (message: unknown, name: string | symbol) => void told.push([name, message])
    subscribe('millrace:rollback', hear)
    events.tell('rollback', () => ({ epoch: 3 }))
    events.of('shop-later').tell('rollback', () => ({ epoch: 4 }))
    events.tell('expired', () => assert.fail('nobody listens'))

    unsubscribe('millrace:rollback', hear)
    events.tell('rollback', () => assert.fail('nobody listens'))

    assert.deepEqual(told, [
      ['millrace:rollback', { app: 'shop', epoch: 3 }],
      ['millrace:rollback', { app: 'shop-later', epoch: 4 }],
    ])
  })
})

describe('the events of epochs', () => {
  const expiring = topology('orders')
    .source('source')
    .route('by-side', field('side'), { A: stage({ part: field('part') }), B: stage({ part: field('part') }) })
    .correlate('by-key', field('key'), {
      of: ['A', 'B'],
      expireAfterMs: 10_000,
      expireBy: 'processingTime',
      expireTo: 'late',
    })
    .sink('sink')

  it('tell what each has done, once it has committed', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(expiring, time)
    const told = listen(engine.services.events)
    engine.kafka.give(0, [order('A', 1), order('B', 1), order('A', 2), order('A', 3), '{', '[', order('Z', 1)], {
      timestampMs: time.nowMs(),
    })
    await time.until(engine.drain())

    const [first, ...letters] = told
    const { durationMs, commitMs, ...facts } = first![1] as AppEvents['epochCommitted']
    assert.deepEqual(facts, { epoch: 1, records: 7, mergedRecords: 1 })
    assert.ok(durationMs! >= commitMs! && commitMs! >= 0, `${durationMs} ms, ${commitMs} ms`)
    assert.deepEqual(letters, [['deadLettered', { epoch: 1, reasons: { NOT_JSON: 2, UNKNOWN_STAGE: 1 } }]])
    told.splice(0)
    await time.advance(30_000)

    assert.deepEqual(
      told.filter(([name]) => name !== 'epochCommitted'),
      [['expired', { epoch: engine.kafka.lastEpoch, rows: 2 }]],
    )
  })

  it('tell of an epoch whose commit was not acknowledged, without how long it took', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(orders, time)
    const told = listen(engine.services.events)
    engine.kafka.outcomes.push('answer lost')
    engine.kafka.give(0, [order('A', 1), order('B', 1)])

    await time.advance(60_000)

    assert.deepEqual(told.slice(0, 2), [
      ['epochCommitted', { epoch: 1, records: 2, mergedRecords: 1 }],
      ['rollback', { epoch: 1 }],
    ])
  })

  it('tell of a rollback, and nothing of what was rolled back', async () => {
    const time = new VirtualClock()
    await using engine = await Engine.start(orders, time)
    const told = listen(engine.services.events)
    engine.kafka.held = Promise.reject(new KafkaError('KAFKA_UNAVAILABLE', 'the broker is away', {}))
    engine.kafka.held.catch(() => {})
    engine.kafka.give(0, [order('A', 1), order('B', 1), '{'])
    await time.advance(50)
    assert.equal(told.length, 0)
    engine.kafka.held = Promise.resolve()

    await time.until(engine.drain())

    assert.deepEqual(
      told.map(([name]) => name),
      ['rollback', 'epochCommitted', 'deadLettered'],
    )
    assert.deepEqual(told[0]![1], { epoch: 0 })
    assert.ok(engine.kafka.written.some(({ value }) => value === mergeOf(1)))
  })
})

describe('the events of brokers', () => {
  it('tell once that they were lost, and that they were found again', async () => {
    const clock = new VirtualClock()
    const events = new ProgramEvents('shop', silent)
    const told = listen(events)
    const waits = loggedWaits('shop', silent, clock, events)
    const error = new KafkaError('KAFKA_CONNECTION_FAILED', 'nothing listens there', {})
    const sinceMs = clock.nowMs()
    const wait = waits.begin('reading metadata')
    wait.failed(error)

    await clock.advance(150_000)
    assert.deepEqual(told, [['brokerLost', { waitingFor: 'reading metadata', sinceMs, error }]])
    wait.end()
    await clock.advance(10_000)

    assert.deepEqual(told.slice(1), [['brokerFound', { waitedMs: 150_000 }]])
  })
})
