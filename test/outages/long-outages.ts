/**
 * Outages of an Apache Kafka that last for minutes, or that need a disk of their own: what a program with all options at
 * their defaults tells its operator, and that it goes on with nothing lost or done twice. They take a quarter of an
 * hour, so no test run has them: `npm run test:outages`. Outages are time, so these tests sleep.
 */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { sleep, systemClock } from '../../src/core/clock.ts'
import { field, stage, topology } from '../../src/streams/index.ts'
import type { Kafka } from '../../tools/kafka/start.ts'
import { skipWithoutJava, startQuickKafka } from '../apache-kafka.ts'
import { withAdmin } from '../http/with-admin.ts'
import { customers, mergesOf, valuesOf } from '../integration/customers.ts'
import { assertAccount, assertProved, startProgram } from '../integration/run.ts'
import { createStream, type Stream } from '../integration/target.ts'
import { until } from '../until.ts'
import { SmallDisk } from './small-disk.ts'
import { type Sight, WatchedProgram } from './watched-program.ts'

const customerCount = 1_000
const recordsPerSend = 20
/** So that the program works before, during and after an outage. */
const recordsPerSecondMax = 50
/** Within which an outage has to be told. */
const toldMs = 5_000
const waiting = 'waiting for Kafka'

interface Outage {
  readonly title: string
  readonly seconds: number
  readonly begin: (kafka: Kafka) => Promise<void>
  readonly end: (kafka: Kafka) => Promise<void>
}

const outages: readonly Outage[] = [
  ...[10, 60, 600].map((seconds): Outage => ({
    title: `is stopped for ${seconds} s`,
    seconds,
    begin: (kafka) => kafka.stop(),
    end: (kafka) => kafka.restart(),
  })),
  {
    title: 'is killed for 60 s',
    seconds: 60,
    begin: (kafka) => kafka.kill(),
    end: (kafka) => kafka.restart(),
  },
  {
    title: 'is frozen for 60 s',
    seconds: 60,
    begin: async ({ pid }) => void process.kill(pid, 'SIGSTOP'),
    end: async ({ pid }) => void process.kill(pid, 'SIGCONT'),
  },
]

void describe('a program whose broker', { skip: skipWithoutJava }, () => {
  for (const { title, seconds, begin, end } of outages) {
    void it(title, async (t) => {
      await using kafka = await startQuickKafka()
      await outlive(t, kafka, { title, seconds, begin, end })
    })
  }

  void it('has a full disk for 60 s, and ends for it', async (t) => {
    await using disk = await SmallDisk.mount(256)
    await using kafka = await startQuickKafka({ properties: { 'log.dirs': disk.path } })
    await outlive(t, kafka, {
      title: '',
      seconds: 60,
      begin: async () => {
        await disk.fill()
        // The next batch that does not fit takes its only log directory from it, without which a broker ends.
        await until('the broker has ended', () => hasEnded(kafka))
      },
      end: async () => {
        await disk.free()
        await kafka.restart()
      },
    })
  })
})

/** Runs a program through an outage, prints what its operator sees, and judges what it leaves. */
async function outlive(t: TestContext, kafka: Kafka, { seconds, begin, end }: Outage): Promise<void> {
  const stream = await withAdmin(kafka.bootstrapServers, createStream)
  await using program = await WatchedProgram.start((logger) =>
    startProgram(topologyOf(stream), { bootstrapServers: kafka.bootstrapServers, logger }),
  )
  const { app } = program
  await app.caughtUp
  await giveRecords(stream)
  const consumed = (count: number) => until(`${count} records are committed`, () => app.progress().consumed >= count)
  await consumed(customerCount / 2)
  const before = await program.see()

  const beginMs = systemClock.monotonicMs()
  await begin(kafka)
  const begunMs = systemClock.monotonicMs()
  let during = await program.see()
  // As probes do, once a second.
  while (systemClock.monotonicMs() < begunMs + toldMs) {
    await sleep(systemClock, 1_000)
    during = await program.see()
  }
  const told = program.told(beginMs)
  const standsAt = app.progress().consumed
  await sleep(systemClock, Math.max(0, seconds * 1_000 - toldMs))
  const later = await program.see()
  const endMs = systemClock.monotonicMs()
  await end(kafka)
  const backMs = systemClock.monotonicMs()
  await consumed(standsAt + 1)
  const goesOnMs = systemClock.monotonicMs()
  await consumed(2 * customerCount)
  await app.stop()

  const print = (line: string) => t.diagnostic(line.replaceAll(stream.app, 'orders'))
  print(`taken away in ${seconded(begunMs - beginMs)}, and given back in ${seconded(backMs - endMs)}`)
  print(`before: ${textOf(before)}`)
  print(`after 5 s: ${textOf(during)}`)
  print(`at the end: ${textOf(later)}`)
  program.told(beginMs).forEach(print)
  const { rollbacks } = app.report().statistics
  print(`commits ${seconded(goesOnMs - backMs)} after the broker is back; ${rollbacks} rollbacks`)
  assert.deepEqual([before.ready.status, before.metrics.millrace_ready], [200, 1])
  assert.ok(
    told.some((line) => line.includes(waiting)),
    told.join('\n'),
  )
  assert.deepEqual([during.ready.status, during.live], [503, 200])
  assert.deepEqual([during.metrics.millrace_ready, during.metrics.millrace_broker_waiting], [0, 1])
  assert.ok(later.metrics.millrace_broker_wait_time_seconds > during.metrics.millrace_broker_wait_time_seconds)
  assert.deepEqual(valuesOf(await stream.merged()), mergesOf(customerCount))
  assertAccount(app.report(), { emitted: 2 * customerCount })
  await assertProved(kafka, stream)
}

/** All records, in many batches, of which a rate takes one after the other. */
async function giveRecords(stream: Stream): Promise<void> {
  const records = customers(customerCount).map((each) => ({ ...each, timestampMs: systemClock.nowMs() }))
  for (let at = 0; at < records.length; at += recordsPerSend)
    await stream.produce(records.slice(at, at + recordsPerSend))
}

function topologyOf({ app, source, sink }: Stream) {
  const part = field('part')
  return topology(app)
    .source(source, { recordsPerSecondMax })
    .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part }) })
    .correlate('by-id', field('id'), { of: ['A', 'B'] })
    .sink(sink)
}

function hasEnded({ pid }: Kafka): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}

function textOf({ ready, live, metrics }: Sight): string {
  const values = Object.entries(metrics).map(([name, value]) => `${name} ${value}`)
  return [`/ready ${ready.status} "${ready.reason}"`, `/live ${live}`, ...values].join(', ')
}

function seconded(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
