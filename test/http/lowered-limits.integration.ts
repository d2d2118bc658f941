import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Topology } from '../../src/streams/index.ts'
import { customers, customerTopology, mergesOf, record, saysOf, valuesOf } from '../integration/customers.ts'
import { assertAccount, assertProved, committed, startQuietly } from '../integration/run.ts'
import { onEachBroker, type SourceRecord, type Stream, type Target } from '../integration/target.ts'
import { until } from '../until.ts'
import { serveQuietly } from './serve-quietly.ts'

const lowered = '3000'
const largeText = 'x'.repeat(4_000)
/** Fits into the sources, and into nothing that takes `lowered` bytes. */
const large: SourceRecord = { value: `{"stage":"B","id":6,"part":"${largeText}"}` }

/** What a program tells and does for which `max.message.bytes` of a topic is lowered while it runs. */
export function loweredLimits(target: Target): void {
  describe('a topic whose max.message.bytes is lowered below what a program writes', () => {
    it('is a sink: the program ends for it, and the next start makes dead letters of what is too large', async () => {
      const stream = await target.stream()
      const topology = customerTopology(stream)
      await endsFor(stream, stream.sink, topology, large)

      const app = await startQuietly(topology, target.bootstrapServers)
      await stream.produce([record('A', 7), record('B', 7)])
      await committed(app, 3)
      await app.stop()

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(8, [6]))
      const letters = (await stream.deadLetters()).map(saysOf)
      assert.deepEqual(
        letters.map(({ reason }) => reason),
        ['MERGE_TOO_LARGE', 'MERGE_TOO_LARGE'],
      )
      assertAccount(app.report(), { emitted: 14, deadLettered: 2 })
      await assertProved(target, stream)
    })

    it('is that of dead letters: the program ends for it, and the next start tells of what is too large by reference', async () => {
      const stream = await target.stream()
      const topology = customerTopology(stream)
      await endsFor(stream, stream.deadLetterTopic, topology, { value: largeText })

      const app = await startQuietly(topology, target.bootstrapServers)
      await app.caughtUp
      await app.stop()

      const [letter, ...others] = await stream.deadLetters()
      assert.deepEqual([saysOf(letter!).reason, letter!.value, others.length], ['NOT_JSON', null, 0])
      assertAccount(app.report(), { emitted: 12, pending: 1, deadLettered: 1 })
      await assertProved(target, stream)
    })

    it('is the checkpoint: the program ends for it, and the next start leaves in the source what is too large', async () => {
      const stream = await target.stream()
      const topology = customerTopology(stream)
      const settings = { replayRecordsMax: 0 }
      const other = { ...large, value: large.value!.toString().replace('6', '9') }
      await endsFor(stream, stream.checkpointTopic, topology, other, settings)

      const warnings: string[] = []
      const onWarning = (_facts: object, sentence: string) => void warnings.push(sentence)
      const app = await startQuietly(topology, target.bootstrapServers, { ...settings, onWarning })
      // After an epoch is looked for what to promote.
      await stream.produce([record('A', 7), record('B', 7)])
      await until('it is told', () => warnings.some((warning) => warning.includes('stay in the source only')))
      await stream.produce([record('B', 6), record('A', 9)])
      await committed(app, 4)
      await app.stop()

      assertAccount(app.report(), { emitted: 18 })
      await assertProved(target, stream)
    })
  })

  /** Runs a program with customers merged and one pending, until it ends for a record that a topic does not take any more. */
  async function endsFor(
    stream: Stream,
    topic: string,
    topology: Topology,
    tooLarge: SourceRecord,
    settings: Parameters<typeof startQuietly>[2] = {},
  ): Promise<void> {
    const errors: unknown[] = []
    const onCrash = (error: unknown) => void errors.push(error)
    await stream.produce([...customers(6), record('A', 6)])
    const app = await startQuietly(topology, target.bootstrapServers, { ...settings, onCrash })
    await committed(app, 13)
    await using server = await serveQuietly(app)
    assert.deepEqual(await server.metrics('millrace_ready'), { '': 1 })

    const others = topic === stream.checkpointTopic ? { 'cleanup.policy': 'compact' } : {}
    await target.setConfigs(topic, { ...others, 'max.message.bytes': lowered })
    await stream.produce([tooLarge])

    const refused = new RegExp(`^writing to topic "${topic}", partition \\d+: MESSAGE_TOO_LARGE`)
    await assert.rejects(app.done, { code: 'KAFKA_REFUSED', message: refused })
    assert.match((errors[0] as Error).message, refused)
    const [ready, live] = [await server.ask('/ready'), await server.ask('/live')]
    assert.equal(ready.text, `not ready: has ended: ${(errors[0] as Error).message}\n`)
    assert.deepEqual([ready.status, live.status], [503, 503])
    assert.deepEqual(await server.metrics('millrace_ready'), { '': 0 })
    // Nothing is left open that an audit, or a reader of the sink, would have to wait for.
    await stream.whenStable()
    await assertProved(target, stream)
  }
}

if (import.meta.main) onEachBroker([loweredLimits])
