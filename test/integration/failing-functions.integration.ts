import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { field, type Logger, PermanentFailure, stage, topology } from '../../src/streams/index.ts'
import { type CustomerRecord, customers, customerTopology, mergesOf, record, saysOf, valuesOf } from './customers.ts'
import { assertAccount, assertEndedBy, assertProved, committed, startProgram, startQuietly } from './run.ts'
import { onEachBroker, type SourceRecord, type Stream, type Target } from './target.ts'

const outage = new Error('connect ECONNREFUSED')

/** A service that stages ask, and that is down for so many calls. */
class Service {
  calls = 0
  #isDown = false
  #callsDown = 0

  goDown(calls = Infinity): void {
    this.#isDown = true
    this.#callsDown = calls
  }

  comeBack(): void {
    this.#isDown = false
  }

  readonly askAtOnce = ({ part }: CustomerRecord) => {
    this.calls++
    if (!this.#isDown) return part
    if (--this.#callsDown === 0) this.comeBack()
    throw outage
  }

  readonly ask = async (value: CustomerRecord) => this.askAtOnce(value)
}

/** A record that is larger than a fetch asks for. */
function padded(side: string, id: number): SourceRecord {
  const { value, ...rest } = record(side, id)
  return { ...rest, value: `${String(value).slice(0, -1)},"padding":"${'x'.repeat(1_024)}"}` }
}

/** Functions that fail for what they call, and not for the record. */
export function failingFunctions(target: Target): void {
  describe('a function whose service is down', () => {
    it('diverts no record when that passes after a while', async () => {
      const stream = await target.stream()
      await stream.produce(customers(300))
      const service = new Service()
      service.goDown(500)

      const { report } = await stream.run(customerTopology(stream, { part: service.ask }), { stageAttempts: 10 })

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(300))
      assert.deepEqual(await stream.deadLetters(), [])
      assertAccount(report, { emitted: 600 })
      await assertProved(target, stream)
    })

    for (const [how, partOf] of [
      ['synchronous', (service: Service) => service.askAtOnce],
      ['asynchronous', (service: Service) => service.ask],
    ] as const) {
      it(`stops the program before any record is diverted when that does not pass, in whatever batches they come (${how})`, async () => {
        const stream = await target.stream()
        await stream.produce(customers(50))
        // A fetch has few of them, so that they are in many batches.
        for (let id = 50; id < 60; id++) await stream.produce([padded('B', id), padded('A', id)])
        const service = new Service()
        service.goDown()
        const part = partOf(service)
        const declared = customerTopology(stream, {
          part: (value: CustomerRecord) => (value.id < 50 ? value.part : part(value)),
        })
        const settings = { maxConsecutivePoison: 10, partitionFetchBytes: 1_024 }

        const { error } = await stream.run(declared, settings)

        assertEndedBy(error, 'STAGE_FAILS_ON_EVERYTHING')
        assert.equal((error as Error).cause, outage)
        assert.deepEqual(await stream.deadLetters(), [])
        service.comeBack()
        const { report } = await stream.run(declared)
        assert.deepEqual(valuesOf(await stream.merged()), mergesOf(60))
        assertAccount(report, { emitted: 120 })
        await assertProved(target, stream)
      })
    }

    it('stops the program before more records than the limit are diverted where each batch had a good one', async () => {
      const stream = await target.stream({ sourcePartitions: 1 })
      const records = Array.from({ length: 2_048 }, (_, id) => ({ ...record('A', id), partition: 0 }))
      await stream.produce(records)
      const part = (value: CustomerRecord) => {
        if (value.id > 0) throw outage
        return value.part
      }

      const { error } = await stream.run(customerTopology(stream, { part }))

      assertEndedBy(error, 'STAGE_FAILS_ON_EVERYTHING')
      assert.deepEqual(await stream.deadLetters(), [])
    })

    it('makes dead letters of the records in doubt once no more come', async () => {
      const stream = await target.stream()
      const service = new Service()
      await stream.produce([record('A', 0), record('A', 1), record('B', 1)])
      service.goDown()

      const { report } = await stream.run(customerTopology(stream, { part: service.ask }))

      const letters = (await stream.deadLetters()).map(saysOf)
      assert.deepEqual(
        letters.map(({ reason, cause }) => [reason, cause]),
        Array(2).fill(['STAGE_FAILED', outage.message]),
      )
      assertAccount(report, { pending: 1, deadLettered: 2 })
    })
  })

  describe('a function that chooses sides', () => {
    const routed = ({ app, source, sink }: Stream, by: (value: unknown) => string) =>
      topology(app)
        .source(source)
        .route('by-stage', by, { A: stage({ part: field('part') }), B: stage({ part: field('part') }) })
        .correlate('by-id', field('id'), { of: ['A', 'B'] })
        .sink(sink)

    it('stops the program before any record is diverted when it fails for good', async () => {
      const stream = await target.stream()
      await stream.produce(customers(100))
      const by = (value: unknown) => {
        if ((value as CustomerRecord).id > 50) throw outage
        return (value as CustomerRecord).stage
      }

      const { error } = await stream.run(routed(stream, by), { maxConsecutivePoison: 30 })

      assertEndedBy(error, 'STAGE_FAILS_ON_EVERYTHING')
      assert.deepEqual(await stream.deadLetters(), [])
    })
  })

  it('a record of which a function says that no retry can help is a dead letter after one attempt', async () => {
    const stream = await target.stream()
    await stream.produce(customers(20))
    let calls = 0
    const part = async ({ id, part: made }: CustomerRecord) => {
      if (id !== 7) return made
      calls++
      throw new PermanentFailure('no such customer')
    }

    const { report } = await stream.run(customerTopology(stream, { part }))

    assert.equal(calls, 1)
    assert.deepEqual(valuesOf(await stream.merged()), mergesOf(20, [7]))
    assert.deepEqual((await stream.deadLetters()).map(saysOf), [
      { reason: 'STAGE_FAILED', cause: 'no such customer', topic: stream.source, partition: '1', offset: '6' },
    ])
    assertAccount(report, { emitted: 38, deadLettered: 1, pending: 1 })
  })

  describe('a function that fails while pending parts are read again', () => {
    it('is tried again as in the stream', async () => {
      const stream = await target.stream()
      const service = new Service()
      const declared = customerTopology(stream, { part: service.ask })
      await stream.produce(Array.from({ length: 40 }, (_, id) => record('A', id)))
      await stream.run(declared)
      service.goDown(70)
      await stream.produce(Array.from({ length: 40 }, (_, id) => record('B', id)))

      const { report, error } = await stream.run(declared, { stageAttempts: 10 })

      assert.equal(error, undefined)
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(40))
      assertAccount(report, { emitted: 80 })
    })

    it('ends the program with its own error, and the next start goes on', async () => {
      const stream = await target.stream()
      const service = new Service()
      const declared = customerTopology(stream, { part: service.ask })
      await stream.produce(Array.from({ length: 40 }, (_, id) => record('A', id)))
      await stream.run(declared)
      service.goDown()
      await stream.produce(Array.from({ length: 40 }, (_, id) => record('B', id)))

      // More often than processes may die at an epoch: none of these did.
      for (let starts = 0; starts < 4; starts++) {
        const { error } = await stream.run(declared)
        assertEndedBy(error, 'STAGE_FAILS_ON_PENDING')
        assert.deepEqual([(error as Error).cause, (error as { retryable?: boolean }).retryable], [outage, true])
      }
      service.comeBack()
      const warnings: string[] = []
      const warn = (_: object, sentence: string) => warnings.push(sentence)
      const logger: Logger = { debug() {}, info() {}, warn, error() {} }
      const app = await startProgram(declared, { bootstrapServers: target.bootstrapServers, logger })
      await app.caughtUp
      await app.stop()

      assert.deepEqual(warnings, [])
      assert.deepEqual(await stream.deadLetters(), [])
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(40))
    })

    it('has a standby drop its table only', async () => {
      const stream = await target.stream()
      const service = new Service()
      await stream.produce(Array.from({ length: 40 }, (_, id) => record('A', id)))
      const first = await startQuietly(
        customerTopology(stream, { part: ({ part }) => part }),
        target.bootstrapServers,
        { heartbeatIntervalMs: 100 },
      )
      await first.caughtUp
      service.goDown()
      const told = Promise.withResolvers<unknown>()
      const logger: Logger = {
        debug() {},
        info() {},
        warn: (facts, sentence) => sentence.includes('table warm') && told.resolve((facts as { err: unknown }).err),
        error: (_, sentence) => told.reject(new Error(sentence)),
      }
      const standby = await startProgram(customerTopology(stream, { part: service.ask }), {
        bootstrapServers: target.bootstrapServers,
        logger,
        standbyRefreshMs: 10,
        heartbeatIntervalMs: 100,
        stageAttempts: 3,
        stageRetryFirstMs: 1,
      })

      const error = await told.promise
      assertEndedBy(error, 'STAGE_FAILS_ON_PENDING')
      assert.deepEqual([standby.role, standby.report().pendingRows], ['standby', 0])

      service.comeBack()
      await first.stop()
      await stream.produce(Array.from({ length: 40 }, (_, id) => record('B', id)))
      await committed(standby, 40)
      await standby.stop()
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(40))
    })
  })
}

if (import.meta.main) onEachBroker([failingFunctions])
