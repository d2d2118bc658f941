import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type App, type StartOptions } from '../../src/streams/index.ts'
import { turnsOf } from '../crash/in-turns.ts'
import { FaultProxy } from '../transactions/fault-proxy.ts'
import { customers, customerTopology, mergesOf, record, valuesOf } from './customers.ts'
import { assertAccount, assertProved, committed, startProgram, startQuietly } from './run.ts'
import { onEachBroker, type Stream, type Target } from './target.ts'
import { until } from '../until.ts'

/** What a program logs, in its order. */
class Log {
  readonly sentences: string[] = []
  readonly #waiting: { sentence: string; heard: () => void }[] = []
  readonly logger = {
    debug() {},
    info: (_facts: object, sentence: string) => this.#hear(sentence),
    warn: (_facts: object, sentence: string) => this.#hear(sentence),
    error: (_facts: object, sentence: string) => this.#hear(sentence),
  }

  /** Resolves when a sentence is logged from now on. */
  next(sentence: string): Promise<void> {
    return new Promise((heard) => this.#waiting.push({ sentence, heard }))
  }

  #hear(sentence: string): void {
    this.sentences.push(sentence)
    for (const { heard, ...waiting } of this.#waiting) if (waiting.sentence === sentence) heard()
  }
}

const waiting = 'waiting for Kafka'
const over = 'Kafka answers again'
const lost = 'no longer the active process: joining the group again'
/** The shortest that brokers allow by default. */
const sessionTimeoutMs = 6_000

const faults = [
  ['refuse connections', (proxy: FaultProxy) => proxy.close(), (proxy: FaultProxy) => proxy.open()],
  ['accept connections and do not answer', (proxy: FaultProxy) => proxy.freeze(), (proxy: FaultProxy) => proxy.thaw()],
] as const
/** Each fault has its turn with one of the two brokers: these tests wait for sessions. */
const nextTurn = turnsOf(2)

/** What a program does while brokers cannot be reached, or do not answer. */
export function outages(target: Target): void {
  const isTurnOf = nextTurn()
  const startBehind = (stream: Stream, { bootstrapServers }: FaultProxy, log: Log, settings: StartOptions = {}) =>
    startProgram(customerTopology(stream), {
      bootstrapServers,
      epochMs: 20,
      epochIdleMs: 1,
      sessionTimeoutMs,
      heartbeatIntervalMs: 100,
      logger: log.logger,
      ...settings,
    })

  /** Resolves when nobody is left in the group. */
  async function isForgotten({ app }: Stream): Promise<void> {
    await until('the group is empty', async () => {
      const { groups } = await target.admin.describeGroups([app])
      return groups[0]!.members.length === 0
    })
  }

  /** Resolves when an app has the role. */
  async function hasRole(app: App, role: App['role']): Promise<void> {
    await until(`the program is ${role}`, () => app.role === role)
  }

  describe('a start while brokers are away', () => {
    it('waits for them, tells that, and goes on when they are there', async () => {
      const stream = await target.stream()
      await stream.produce(customers(100))
      await using proxy = await FaultProxy.start(target.bootstrapServers)
      await proxy.close()
      const log = new Log()
      const told = log.next(waiting)
      const starting = startBehind(stream, proxy, log)

      await told
      const isOver = log.next(over)
      await proxy.open()
      const app = await starting
      await isOver
      await app.caughtUp
      await app.stop()

      assert.deepEqual(log.sentences.slice(0, 1), [waiting])
      assert.equal(log.sentences.filter((sentence) => sentence === over).length, 1)
      assertAccount(app.report(), { emitted: 200 })
      await assertProved(target, stream)
    })

    it('ends with the error where a bound is set', async () => {
      const stream = await target.stream()
      await using proxy = await FaultProxy.start(target.bootstrapServers)
      await proxy.close()

      await assert.rejects(startBehind(stream, proxy, new Log(), { brokerWaitMs: 100 }), {
        code: 'KAFKA_CONNECTION_FAILED',
        message: /nothing listens there \(ECONNREFUSED\)/,
      })
    })

    it('is not held up by a bootstrap server that accepts connections and never answers', async () => {
      const stream = await target.stream()
      await stream.produce(customers(10))
      await using proxy = await FaultProxy.start(target.bootstrapServers)
      proxy.freeze()
      const log = new Log()

      const bootstrapServers = `${proxy.bootstrapServers},${target.bootstrapServers}`
      const app = await startBehind(stream, proxy, log, { bootstrapServers, brokerWaitMs: 20_000 })
      await app.caughtUp
      await app.stop()

      assertAccount(app.report(), { emitted: 20 })
    })
  })

  for (const [fault, begin, end] of faults.filter((_fault, index) => isTurnOf(index))) {
    describe(`a program whose brokers ${fault}`, () => {
      it('is the active process again after more than its session, and goes on from the checkpoint', async () => {
        const stream = await target.stream()
        await stream.produce([...customers(100), ...Array.from({ length: 50 }, (_, i) => record('A', 100 + i))])
        await using proxy = await FaultProxy.start(target.bootstrapServers)
        const log = new Log()
        const app = await startBehind(stream, proxy, log)
        await app.caughtUp
        const told = log.next(waiting)
        const isLost = log.next(lost)

        await begin(proxy)
        await told
        await isForgotten(stream)
        await stream.produce(Array.from({ length: 50 }, (_, i) => record('B', 100 + i)))
        await end(proxy)
        await isLost
        await hasRole(app, 'standby')
        await committed(app, 300)
        assert.equal(app.role, 'active')
        await app.stop()

        assert.deepEqual(valuesOf(await stream.merged()), mergesOf(150))
        assertAccount(app.report(), { emitted: 300 })
        assert.equal(app.report().mergedRecords, 150)
        await assertProved(target, stream)
      })

      it('stands by where a standby has taken over meanwhile', async () => {
        const stream = await target.stream()
        await stream.produce(customers(100))
        await using proxy = await FaultProxy.start(target.bootstrapServers)
        const log = new Log()
        const first = await startBehind(stream, proxy, log)
        await first.caughtUp
        const second = await startQuietly(customerTopology(stream), target.bootstrapServers, {
          heartbeatIntervalMs: 100,
        })
        assert.equal(second.role, 'standby')
        const standsBy = log.next('standing by: another process is the active one')

        await begin(proxy)
        await second.caughtUp
        await stream.produce(Array.from({ length: 20 }, (_, i) => record('A', 100 + i)))
        await committed(second, 20)
        await end(proxy)
        await standsBy
        assert.deepEqual([first.role, second.role], ['standby', 'active'])
        await second.stop()
        await stream.produce(Array.from({ length: 20 }, (_, i) => record('B', 100 + i)))
        await committed(first, 220)
        await first.stop()

        assert.deepEqual(valuesOf(await stream.merged()), mergesOf(120))
        assertAccount(first.report(), { emitted: 240 })
        await assertProved(target, stream)
      })

      it('is stopped at once', { timeout: 20_000 }, async () => {
        const stream = await target.stream()
        await using proxy = await FaultProxy.start(target.bootstrapServers)
        const log = new Log()
        const app = await startBehind(stream, proxy, log, { drainMs: 60_000 })
        await app.caughtUp
        const told = log.next(waiting)

        await begin(proxy)
        await told
        await app.stop()
      })
    })
  }
}

if (import.meta.main) onEachBroker([outages])
