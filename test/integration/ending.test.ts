import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, it, type TestContext } from 'node:test'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { type Broker, startBroker } from '../../src/broker/index.ts'
import { systemClock } from '../../src/core/clock.ts'
import { countGroupMembers } from '../../src/kafka/index.ts'
import { apacheKafka, type RunningBroker, skipWithoutKafka } from '../apache-kafka.ts'
import { atCluster } from './at-cluster.ts'
import { customers, mergesOf, record, valuesOf } from './customers.ts'
import { type Running, startMillrace } from './millrace.ts'
import { createStream, type Stream } from './target.ts'
import { until } from '../until.ts'
import { suiteStack } from '../at-end.ts'

const streams = join(import.meta.dirname, '../../src/streams/index.ts')
/** The sessions of these processes take three times as long. */
const takeoverMsMax = 15_000
const notEnoughReplicas = 19

let embedded: Broker

onBroker('embedded broker', false, async () => {
  embedded = await startBroker()
  return { bootstrapServers: embedded.bootstrapServers, [Symbol.asyncDispose]: () => embedded.stop() }
})
onBroker('Apache Kafka', skipWithoutKafka, apacheKafka)

function onBroker(name: string, skip: string | false, start: () => Promise<RunningBroker>): void {
  void describe(`a process told to stop, with a standby elsewhere, on ${name}`, { skip }, () => {
    let broker: RunningBroker
    let kafka: Kafka
    let admin: Admin
    let folder: string
    const stack = suiteStack()
    before(async () => {
      broker = stack.use(await start())
      kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING })
      admin = kafka.admin()
      await admin.connect()
      stack.defer(() => admin.disconnect())
      folder = await mkdtemp(join(tmpdir(), 'millrace-ending-'))
      stack.defer(() => rm(folder, { recursive: true }))
    })

    it('commits what is on its way and lets the standby take over at once, under load', async (t) => {
      const stream = await newStream()
      const [active, standby] = await startBoth(stream, await topologyFile(stream, `field('part')`))
      let count = 0
      let isTakenOver = false
      const load = (async () => {
        while (!isTakenOver) {
          const batch = Array.from({ length: 100 }, (_, index) => count + index)
          await stream.produce(batch.flatMap((id) => [record('A', id), record('B', id)]))
          count += batch.length
        }
      })()
      await until('a record is merged', async () => (await stream.merged()).length > 0)

      const ended = await assertTakeover(t, active, takesOver(standby))
      isTakenOver = true
      await load
      await until('all records are merged', async () => (await stream.merged()).length >= count)
      standby.signal('SIGTERM')
      const last = await standby.ended

      assert.deepEqual([ended.code, last.code], [0, 0], ended.stderr + last.stderr)
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(count))
    })

    it('leaves the group, and ends, while a promise of a stage never settles', async (t) => {
      const stream = await newStream()
      const part = `() => { process.stderr.write('hangs\\n'); return new Promise((done) => setTimeout(done, 1e9)) }`
      const [active, standby] = await startBoth(stream, await topologyFile(stream, part))
      await stream.produce(customers(1))
      await active.says('hangs')

      const ended = await assertTakeover(t, active, takesOver(standby))
      await standby.says('hangs')
      standby.signal('SIGTERM')
      const last = await standby.ended

      assert.deepEqual([ended.code, last.code], [0, 0], ended.stderr + last.stderr)
      assert.match(ended.stderr, /stopped before everything on its way was committed.*did not drain within 500 ms/)
    })

    if (name === 'embedded broker') whileNothingCommits()

    /**
     * One node of Apache Kafka refuses no record for want of replicas: since 3.7 it asks for no more than there are.
     */
    function whileNothingCommits(): void {
      const effect = { kind: 'refuse', errorCode: notEnoughReplicas } as const
      it('leaves the group, and ends, while no epoch can be committed', async (t) => {
        const stream = await newStream()
        const [active, standby] = await startBoth(stream, await topologyFile(stream, `field('part')`))
        await stream.produce(customers(1))
        await until('a record is merged', async () => (await stream.merged()).length > 0)
        await embedded.injectFault({ api: 'Produce', clientId: stream.app, count: 1e6, effect })
        await stream.produce([record('A', 1)])

        // The standby's records are refused as well.
        const isLeft = until(
          'one member is left',
          async () => (await atCluster(broker, (cluster) => countGroupMembers(cluster, stream.app))) === 1,
        )
        const ended = await assertTakeover(t, active, isLeft)
        standby.signal('SIGTERM')
        const last = await standby.ended

        assert.deepEqual([ended.code, last.code], [0, 0], ended.stderr + last.stderr)
        assert.match(ended.stderr, /stopped before everything on its way was committed/)
      })
    }

    const newStream = () => createStream({ bootstrapServers: broker.bootstrapServers, kafka, admin })

    /** Writes a topology of customers whose stage A has this function; returns the file. */
    async function topologyFile({ app, source, sink }: Stream, part: string): Promise<string> {
      const file = join(folder, `${app}.ts`)
      await writeFile(
        file,
        `import { field, stage, topology } from ${JSON.stringify(streams)}
         export default topology('${app}').source('${source}')
           .route('by-stage', field('stage'), { A: stage({ part: ${part} }), B: stage({ part: field('part') }) })
           .correlate('by-id', field('id'), { of: ['A', 'B'] })
           .sink('${sink}')`,
      )
      return file
    }

    /** Starts an active process, and a standby on another host. */
    async function startBoth({ app }: Stream, file: string): Promise<[Running, Running]> {
      const words = ['run', file, '--bootstrap-servers', broker.bootstrapServers, '--drain-ms', '500']
      const active = startMillrace(words, { MILLRACE_HOST_ID: `${app}-1` })
      await active.says('reading the source from the start')
      const standby = startMillrace(words, { MILLRACE_HOST_ID: `${app}-2` })
      await standby.says('standing by')
      return [active, standby]
    }

    const takesOver = (standby: Running) =>
      Promise.race([standby.says('going on from the checkpoint'), standby.says('reading the source')])

    /**
     * Ends the active process, which must be followed by something that its session would keep from happening for long.
     */
    async function assertTakeover(t: TestContext, active: Running, sign: Promise<unknown>) {
      const toldMs = systemClock.monotonicMs()
      active.signal('SIGTERM')
      await sign
      const tookMs = systemClock.monotonicMs() - toldMs
      const ended = await active.ended
      t.diagnostic(
        `taken over after ${Math.round(tookMs)} ms, ended after ${Math.round(systemClock.monotonicMs() - toldMs)} ms`,
      )
      assert.ok(tookMs < takeoverMsMax, `taken over after ${tookMs} ms`)
      return ended
    }
  })
}
