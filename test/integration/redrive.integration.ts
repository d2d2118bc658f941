import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  audit,
  deadLetters,
  explain,
  field,
  recordKey,
  redrive,
  type RedriveOptions,
  type RecordView,
  reset,
  stage,
  topology,
} from '../../src/streams/index.ts'
import { until } from '../until.ts'
import { customers, type CustomerRecord, customerTopology, mergesOf, record, saysOf, valuesOf } from './customers.ts'
import { assertAccount, startQuietly } from './run.ts'
import { onEachBroker, onEmbeddedBroker, type Stream, type Target } from './target.ts'

/** What the tests have in common. */
function on(target: Target) {
  const redriveOf = ({ app }: Stream, options: Partial<RedriveOptions> = {}) =>
    redrive({ bootstrapServers: target.bootstrapServers, app, ...options })
  const auditOf = ({ app }: Stream) => audit({ bootstrapServers: target.bootstrapServers, app })
  const explainOf = ({ app }: Stream, key: string) => explain({ bootstrapServers: target.bootstrapServers, app, key })
  const lettersOf = ({ app }: Stream) => deadLetters({ bootstrapServers: target.bootstrapServers, app })

  /** Fails on every third customer before it is mended. */
  const program = (stream: Stream, isMended: boolean, onPart: (view: RecordView) => void = () => {}) =>
    customerTopology(stream, {
      part({ id, part }: CustomerRecord, view) {
        if (!isMended && id % 3 === 0) throw new Error('cannot divide')
        onPart(view)
        return part
      },
    })

  /** Customers of whom 0 and 3 are dead letters. */
  async function failed(): Promise<Stream> {
    const stream = await target.stream()
    await stream.produce(
      customers(6).map((each) => ({ ...each, headers: { trace: 't' }, timestampMs: 1_790_000_000_000 })),
    )
    await stream.run(program(stream, false))
    return stream
  }

  async function assertProved(stream: Stream): Promise<void> {
    const report = await auditOf(stream)
    assert.equal(report.verdict, 'proved', JSON.stringify(report))
  }

  return { redriveOf, explainOf, lettersOf, program, failed, assertProved }
}

export function redriving(target: Target): void {
  const { redriveOf, program, failed, assertProved } = on(target)

  describe('redriven dead letters', () => {
    it('go through the program again, once, and a dry run has said so', async () => {
      const stream = await failed()

      const dry = await redriveOf(stream, { dryRun: true })
      const first = await redriveOf(stream)
      const second = await redriveOf(stream)
      const views: RecordView[] = []
      const { report } = await stream.run(program(stream, true, (view) => views.push(view)))

      const counts = {
        reason: 'STAGE_FAILED',
        letters: 2,
        redriven: 2,
        alreadyRedriven: 0,
        gone: 0,
        ofFlatMaps: 0,
        foreign: 0,
      }
      const facts = { app: stream.app, isRunning: false }
      assert.deepEqual(dry, { ...facts, reasons: [counts], redriven: 2, isDryRun: true })
      assert.deepEqual(first, { ...facts, reasons: [counts], redriven: 2, isDryRun: false })
      assert.deepEqual(second.reasons, [{ ...counts, redriven: 0, alreadyRedriven: 2 }])
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(6))
      // The end of a transaction takes an offset in each partition as well.
      assertAccount(report, { emitted: 12, redriven: 2, skipped: 2 })
      await assertProved(stream)
      // As they were in their source.
      assert.deepEqual(
        views.map(({ topic, partition, offset, timestampMs }) => ({ topic, partition, offset, timestampMs })),
        [0, 3].map((id) => ({
          topic: stream.source,
          partition: id % 2,
          offset: BigInt(2 * Math.floor(id / 2)),
          timestampMs: 1_790_000_000_000,
        })),
      )
    })

    it('are taken in by a program that runs', async () => {
      const stream = await failed()
      const app = await startQuietly(program(stream, true), target.bootstrapServers, { sourceRefreshMs: 50 })
      await app.caughtUp

      const { isRunning } = await redriveOf(stream, { origin: `${stream.source}:0@0` })
      await until('the letter of customer 0 is merged', () => app.report().mergedRecords === 1)
      await app.redrive()
      await until('that of customer 3 is', () => app.report().mergedRecords === 2)
      await app.stop()

      assert.equal(isRunning, true)
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(6))
      await assertProved(stream)
    })
  })
}

/** What becomes of single letters. */
export function redrivenLetters(target: Target): void {
  const { redriveOf, explainOf, lettersOf, program, failed, assertProved } = on(target)

  describe('redriven dead letters', () => {
    it('say how often where they are dead again, and what has become of them', async () => {
      const stream = await failed()
      await redriveOf(stream)
      const unread = await explainOf(stream, '3')
      // They are no streak that stops a program, which would meet them again at each start.
      await stream.run(program(stream, false), { maxConsecutivePoison: 2 })
      await redriveOf(stream)
      await stream.run(program(stream, false), { maxConsecutivePoison: 2 })
      await redriveOf(stream)

      const letters = (await stream.deadLetters()).map(saysOf) as Readonly<Record<string, string>>[]

      assert.deepEqual(letters.map(({ redriven = '0' }) => redriven).sort(), ['0', '0', '1', '1', '2', '2'])
      for (const letter of letters) {
        assert.ok(['0/0', '1/2'].includes(`${letter['partition']}/${letter['offset']}`), JSON.stringify(letter))
        assert.equal(letter['topic'], stream.source)
      }
      assert.deepEqual(
        unread.deadLetters.map(({ redriven }) => redriven?.fate),
        ['unread'],
      )
      const { deadLetters: explained } = await explainOf(stream, '3')
      const kept = await lettersOf(stream)
      const fates = [undefined, 1, 2].map((redriven) => [redriven, redriven === 2 ? 'unread' : 'deadLetter'])
      assert.deepEqual(
        explained.map(({ letter, redriven }) => [letter.redriven, redriven?.fate]),
        fates,
      )
      assert.deepEqual(
        kept
          .filter(({ origins }) => origins[0]!.partition === 1)
          .map(({ redriven, redrive: again }) => [redriven, again?.fate])
          .reverse(),
        fates,
      )

      await stream.run(program(stream, true))

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(6))
      assert.deepEqual((await explainOf(stream, '3')).deadLetters.at(-1)!.redriven?.fate, 'processed')
      await assertProved(stream)
    })

    it('wait for other parts like records of a source, over restarts and promoted, and die as what they are', async () => {
      const stream = await target.stream()
      await stream.produce([record('A', 0)])
      await stream.run(program(stream, false))
      await redriveOf(stream)
      const failing = (isMended: boolean) => {
        const { app, source, sink } = stream
        return topology(app)
          .source(source)
          .route('by-stage', field('stage'), {
            A: stage({ part: ({ part }: CustomerRecord) => part }),
            B: stage({ part: field('part') }),
          })
          .correlate('by-id', field('id'), { of: ['A', 'B'] })
          .map('merged', (value) => {
            if (!isMended) throw new Error('cannot merge')
            return value
          })
          .sink(sink)
      }
      await stream.run(program(stream, true), { replayRecordsMax: 0 })
      const { pending } = await explainOf(stream, '0')
      await stream.run(program(stream, true), { replayRecordsMax: 0 })
      await stream.produce([record('B', 0)])
      await stream.run(failing(false))

      const letters = (await stream.deadLetters()).map(saysOf) as Readonly<Record<string, string>>[]
      await redriveOf(stream)
      const { report } = await stream.run(failing(true))

      assert.deepEqual(
        pending?.parts.map(({ topic, side }) => [topic, side]),
        [[`${stream.app}.redrive`, 'A']],
      )
      assert.deepEqual(
        letters.map(({ reason, topic, offset, redriven }) => [reason, topic, offset, redriven]),
        [
          ['STAGE_FAILED', stream.source, '0', undefined],
          ['MERGE_FAILED', stream.source, '0', '1'],
          ['MERGE_FAILED', stream.source, '1', undefined],
        ],
      )
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(1))
      assert.deepEqual(
        [report.isBalanced, report.accounting.reduce((sum, { redriven }) => sum + redriven, 0)],
        [true, 3],
      )
      await assertProved(stream)
    })

    it('are those of a row that has expired where its reason is named', async () => {
      const stream = await target.stream()
      const expiring = customerTopology(stream, undefined, { expireAfterMs: 1_000, expireBy: 'eventTime' })
      const at = (ms: number) => ({ timestampMs: 1_790_000_000_000 + ms })
      await stream.produce([
        { ...record('B', 0), ...at(0) },
        { ...record('B', 2), ...at(5_000) },
      ])
      await stream.run(expiring)

      const all = await redriveOf(stream)
      const expired = await redriveOf(stream, { reason: 'EXPIRED' })
      await stream.produce([{ ...record('A', 0), ...at(5_000) }])
      const { report } = await stream.run(customerTopology(stream))

      assert.deepEqual([all.redriven, expired.redriven], [0, 1])
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(1))
      assertAccount(report, { emitted: 2, expired: 1, pending: 1, skipped: 1 })
      await assertProved(stream)
    })

    it('that only refer to a record which is gone are an error, unless they are to be skipped', async () => {
      const stream = await target.stream()
      await stream.produce(customers(2))
      await stream.run(program(stream, true))
      await stream.produce([
        { value: `{"stage":"A","id":8,"part":"${'x'.repeat(3_000)}"}` },
        { value: '{"stage":"Z"}' },
      ])
      await target.setConfigs(stream.deadLetterTopic, { 'max.message.bytes': '2048' })
      await stream.run(customerTopology(stream, { part: () => Promise.reject(new Error('no')) }))
      await target.deleteRecords(stream.source, { 0: 3 })

      const { reasons } = await redriveOf(stream, { dryRun: true })
      await assert.rejects(redriveOf(stream), {
        code: 'REDRIVE_RECORD_GONE',
        details: { app: stream.app, reason: 'STAGE_FAILED', topic: stream.source, partition: 0, offset: 2 },
      })
      const skipping = await redriveOf(stream, { skipGone: true })

      assert.deepEqual(reasons.map(({ reason, redriven, gone }) => `${reason} ${redriven} ${gone}`).sort(), [
        'STAGE_FAILED 0 1',
        'UNKNOWN_STAGE 1 0',
      ])
      assert.equal(skipping.redriven, 1)
    })

    it('go the way of the source that they came from, also of one that was added since', async () => {
      const stream = await target.stream({ otherSources: { payments: 1 } })
      const { app, source, sink, otherSources } = stream
      const payments = otherSources['payments']!
      const check = (isMended: boolean) => (value: unknown) => {
        if (!isMended) throw new Error('no')
        return value
      }
      const [order, payment] = [stage(), stage()]
      const one = (isMended: boolean) =>
        topology(app)
          .source(source)
          .map('orders', check(isMended))
          .route('by-side', field('side'), { order, payment })
          .correlate('by-key', recordKey(), { of: ['order', 'payment'], keyName: 'key' })
          .sink(sink)
      const two = (isMended: boolean) =>
        topology(app)
          .source(payments)
          .map('payments', check(isMended))
          .route('by-kind', field('side'), { payment })
          .source(source)
          .map('orders', check(isMended))
          .route('by-side', field('side'), { order, payment })
          .correlate('by-key', recordKey(), { of: ['order', 'payment'], keyName: 'key' })
          .sink(sink)
      await stream.produce([{ key: 'a', value: '{"side":"order"}' }])
      await stream.run(one(false))
      await redriveOf(stream)
      await stream.produce([{ key: 'a', value: '{"side":"payment"}' }], payments)
      await stream.run(two(false))

      await redriveOf(stream)
      const { report } = await stream.run(two(true))

      assert.deepEqual(
        (await stream.merged()).map(({ value }) => value),
        ['{"key":"a","order":{"side":"order"},"payment":{"side":"payment"}}'],
      )
      assertAccount(report, { emitted: 2, redriven: 3, skipped: 3 })
      await assertProved(stream)
    })

    it('are forgotten when the application starts over', async () => {
      const stream = await failed()
      await redriveOf(stream)
      const redriveTopic = `${stream.app}.redrive`

      const remains = await reset({ bootstrapServers: target.bootstrapServers, app: stream.app })
      await until('their topic is gone', async () => !(await target.admin.listTopics()).includes(redriveTopic))
      const { report } = await stream.run(program(stream, true))

      assert.equal(remains.redriveTopic, redriveTopic)
      assertAccount(report, { emitted: 12 })
    })
  })
}

if (import.meta.main) {
  onEachBroker([redriving])
  onEmbeddedBroker([redrivenLetters])
}
