import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MillraceError } from '../../src/core/errors.ts'
import { seededRandom, systemRandom } from '../../src/core/random.ts'
import { field, onWorkers, stage, topology, type Topology } from '../../src/streams/index.ts'
import { until } from '../until.ts'
import { type CustomerRecord, customerTopology, mergeOf, mergesOf, record, saysOf, valuesOf } from './customers.ts'
import { given } from './mortal-functions.ts'
import { MortalThreads } from '../mortal-threads.ts'
import { assertAccount, assertProved, startQuietly } from './run.ts'
import { onEachBroker, type SourceRecord, type Stream, type Target } from './target.ts'

/** Ends of threads in one run; 50 is the long mode. */
const killsMin = Number(process.env['MILLRACE_KILLS'] ?? 4)
const perRound = 300
/** Rounds that a customer waits for its second record, so that rows are pending whenever a thread ends. */
const roundsBetween = 3
const roundMs = 60_000
const noon = 1_790_000_000_000
/** Longer than any customer waits for its second record. */
const correlation = {
  expireAfterMs: 4 * roundsBetween * roundMs,
  rememberCompleted: { forMs: 1_000 * roundMs },
}

const part = onWorkers(given, new URL('./mortal-functions.ts', import.meta.url))
const asItComes = stage({ part: field('part') })
const sidesAsTheyCome = { A: asItComes, B: asItComes }

/** Who reads the records: the shards themselves, or operators that give them rows. */
const programs = {
  'records that shards read': { sideA: undefined, settings: { workers: 2 } },
  'functions beside shards': { sideA: { part }, settings: { workers: 2, shards: 2 } },
} as const

export function programsInShards(target: Target): void {
  describe('B17 E1 a program whose table is in shards', () => {
    for (const [what, { sideA, settings }] of Object.entries(programs)) {
      it(`gives what it gives without, and accounts for each record, through ends of threads: ${what}`, async () => {
        const seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())
        const stream = await target.stream()
        using threads = new MortalThreads(seededRandom(seed))
        let kills = 0
        const onCrash = (error: unknown) => {
          if (MillraceError.is(error) && error.code === 'ACTOR_THREAD_DOWN') kills++
        }
        const topology = customerTopology(stream, sideA, correlation)
        const app = await startQuietly(topology, target.bootstrapServers, { ...settings, onCrash })
        let produced = 0
        const produce = async (records: readonly SourceRecord[]) => {
          await stream.produce(records)
          produced += records.length
        }
        const isConsumed = () =>
          until(`all is consumed; MILLRACE_SEED=${seed}`, () => app.progress().consumed >= produced)
        let round = 0
        for (; kills < killsMin; round++) {
          await produce(
            inRound(round, [...sideOf('A', round), ...endOf(round - roundsBetween), bad(round), alone(round)]),
          )
          await threads.endOne()
          if (round % 2 === 0) await isConsumed()
        }
        for (const end = round; round < end + roundsBetween; round++)
          await produce(inRound(round, endOf(round - roundsBetween)))
        // Until then no time has passed for those that have no second record.
        const last = [alone(round), alone(round + 1)]
        await produce(inRound(100 * round, last))
        await isConsumed()
        await app.stop()

        const customers = perRound * (round - roundsBetween)
        assert.deepEqual(valuesOf(await stream.merged()), mergesOf(customers))
        const letters = (await stream.deadLetters()).map((letter) => `${saysOf(letter).reason} ${letter.value}`)
        const rounds = Array.from({ length: round - roundsBetween }, (_, of) => of)
        const expected = rounds.flatMap((of) => [
          `UNKNOWN_STAGE ${bad(of).value}`,
          `EXPIRED {"id":${aloneId(of)},"A":{"of":"A${aloneId(of)}"}}`,
          `COMPLETED ${String(record('B', of * perRound).value)}`,
        ])
        assert.deepEqual(letters.toSorted(), expected.toSorted())
        const count = rounds.length
        const left = { deadLettered: count, expired: count, duplicate: count, pending: last.length }
        assertAccount(app.report(), { emitted: 2 * customers, ...left })
        await assertProved(target, stream)
      })
    }

    it('merges what lacks an optional side once it has waited, and the latest part, through ends of threads', async () => {
      const seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())
      const stream = await target.stream()
      using threads = new MortalThreads(seededRandom(seed))
      const topology = customerTopology(stream, undefined, {
        ...correlation,
        optional: { sides: ['B'], withinMs: 200 },
        latest: ['B'],
      })
      const app = await startQuietly(topology, target.bootstrapServers, { workers: 2 })
      const sidesOf = (side: string, to: number) => Array.from({ length: to }, (_, id) => record(side, id))
      const former = sidesOf('B', 50).map((each) => ({
        ...each,
        value: String(each.value).replace('"of"', '"before"'),
      }))
      await stream.produce(inRound(0, [...former, ...sidesOf('B', 100), ...sidesOf('A', 200)]))
      await threads.endOne()
      const emitted = () => app.report().accounting.reduce((sum, each) => sum + each.emitted, 0)
      await until(`all are merged; MILLRACE_SEED=${seed}`, () => emitted() === 300)
      await app.stop()

      const lacking = Array.from({ length: 100 }, (_, id) => `{"id":${100 + id},"A":{"of":"A${100 + id}"}}`)
      assert.deepEqual(valuesOf(await stream.merged()), [...mergesOf(100), ...lacking].toSorted())
      assertAccount(app.report(), { emitted: 300, superseded: 50 })
      await assertProved(target, stream)
    })

    it('takes in all that a flatMap has made of a record, in whichever shards, through ends of threads', async () => {
      const seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())
      const stream = await target.stream()
      using threads = new MortalThreads(seededRandom(seed))
      let kills = 0
      const onCrash = (error: unknown) => {
        if (MillraceError.is(error) && error.code === 'ACTOR_THREAD_DOWN') kills++
      }
      const own = topology(stream.app)
        .source<CustomerRecord>(stream.source)
        .flatMap('several', severalOf, { partsMax: 3 })
        .route('by-stage', field('stage'), sidesAsTheyCome)
        .correlate('by-id', field('id'), { of: ['A', 'B'] })
        .sink(stream.sink)
      const app = await startQuietly(own, target.bootstrapServers, { workers: 2, onCrash })
      const isConsumed = (produced: number) =>
        until(`all is consumed; MILLRACE_SEED=${seed}`, () => app.progress().consumed >= produced)
      const endRound = killsMin + roundsBetween
      let produced = 0
      let round = 0
      for (; kills < killsMin || round < endRound; round++) {
        const records = [...sideOf('A', round), ...sideOf('B', round - roundsBetween)]
        await stream.produce(records)
        produced += records.length
        if (kills < killsMin) await threads.endOne()
        if (round % 2 === 0) await isConsumed(produced)
      }
      await isConsumed(produced)
      await app.stop()

      const merged = (id: number) =>
        severalIdsOf(id).map((each) => `{"id":${each},"A":{"of":"A${id}"},"B":{"of":"B${id}"}}`)
      const customers = Array.from({ length: perRound * (round - roundsBetween) }, (_, id) => id)
      const expected = customers.flatMap(merged)
      assert.deepEqual(valuesOf(await stream.merged()), expected.toSorted())
      const open = Array.from({ length: perRound * roundsBetween }, (_, at) => customers.length + at)
      const filtered = 2 * customers.filter(isSplitIntoNone).length + open.filter(isSplitIntoNone).length
      assertAccount(app.report(), {
        emitted: 2 * expected.length,
        filtered,
        pending: open.flatMap(severalIdsOf).length,
      })
      await assertProved(target, stream)
    })

    it('does what comes after the merge as without, through ends of threads: functions, and a key of the sink', async () => {
      const seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())
      const stream = await target.stream()
      using threads = new MortalThreads(seededRandom(seed))
      let kills = 0
      const onCrash = (error: unknown) => {
        if (MillraceError.is(error) && error.code === 'ACTOR_THREAD_DOWN') kills++
      }
      const own = topology(stream.app)
        .source(stream.source)
        .route('by-stage', field('stage'), sidesAsTheyCome)
        .correlate('by-id', field('id'), { of: ['A', 'B'], rememberCompleted: correlation.rememberCompleted })
        .filter('wanted', (_, id) => isWanted(Number(id)))
        .map('named', (_, id) => ({ customer: id }))
        .sink(stream.sink, { key: ({ customer }) => String(Number(customer) % 7) })
      const app = await startQuietly(own, target.bootstrapServers, { workers: 2, onCrash })
      let produced = 0
      let round = 0
      const produce = async (records: readonly SourceRecord[]) => {
        await stream.produce(records)
        produced += records.length
      }
      const next = async () => {
        await produce([...sideOf('A', round), ...sideOf('B', round - roundsBetween)])
        round++
      }
      const isConsumed = () =>
        until(`all is consumed; MILLRACE_SEED=${seed}`, () => app.progress().consumed >= produced)
      while (kills < killsMin) {
        await next()
        await threads.endOne()
        if (round % 2 === 0) await isConsumed()
      }
      await isConsumed()
      // Parts of keys that were merged once, and of those whose merge was refused: these are merged time and again.
      for (let times = 0; times < 2; times++) {
        await produce([...sideOf('B', 0), ...sideOf('B', 0)])
        await isConsumed()
        await threads.endOne()
        await produce([...sideOf('A', 0), ...sideOf('A', 0)])
        await isConsumed()
      }
      await app.stop()

      const count = perRound * (round - roundsBetween)
      const ids = Array.from({ length: count }, (_, id) => id)
      const published = ids.filter((id) => id % 10 > 1)
      assert.deepEqual(
        (await stream.merged()).map(({ key, value }) => `${key} ${value}`).toSorted(),
        published.map((id) => `${id % 7} {"customer":${id}}`).toSorted(),
      )
      const ofTen = count / 10
      const refused = perRound / 10
      const failed = '"wanted" failed: nobody wants it'
      assert.deepEqual(
        Object.fromEntries(countedBy((await stream.deadLetters()).map((letter) => saysOf(letter).cause))),
        {
          [failed]: 2 * ofTen + 3 * 2 * refused,
          'the key has been merged already': 8 * (perRound - refused),
          'the key already has a part of this side': refused,
        },
      )
      assertAccount(app.report(), {
        emitted: 2 * published.length,
        filtered: 2 * ofTen,
        deadLettered: 2 * ofTen + 3 * 2 * refused,
        duplicate: 8 * (perRound - refused) + refused,
        pending: roundsBetween * perRound + refused,
      })
      await assertProved(target, stream)
    })

    it('merges with some of its sides, or with lists, through ends of threads', async () => {
      const seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())
      const sidesOf = (side: string, from: number, to: number) =>
        Array.from({ length: to - from }, (_, at) => record(side, from + at))
      const run = async (stream: Stream, own: Topology, given: readonly (readonly SourceRecord[])[]) => {
        using threads = new MortalThreads(seededRandom(seed))
        const app = await startQuietly(own, target.bootstrapServers, { workers: 2 })
        let produced = 0
        for (const records of given) {
          await stream.produce(records)
          produced += records.length
          await threads.endOne()
          await until(`all is consumed; MILLRACE_SEED=${seed}`, () => app.progress().consumed >= produced)
        }
        await app.stop()
        await assertProved(target, stream)
        return app.report()
      }

      const some = await target.stream()
      const atLeast = topology(some.app)
        .source(some.source)
        .route('by-stage', field('stage'), { ...sidesAsTheyCome, C: sidesAsTheyCome.A })
        .correlate('by-id', field('id'), { of: ['A', 'B', 'C'], atLeast: 2, rememberCompleted: { forMs: 86_400_000 } })
        .sink(some.sink)
      const ofSome = await run(some, atLeast, [
        sidesOf('A', 0, 150),
        [...sidesOf('B', 0, 100), ...sidesOf('C', 0, 150)],
      ])
      const lacking = Array.from({ length: 50 }, (_, at) => 100 + at)
      assert.deepEqual(
        valuesOf(await some.merged()),
        [...mergesOf(100), ...lacking.map((id) => mergeOf(id).replaceAll('B', 'C'))].toSorted(),
      )
      assertAccount(ofSome, { emitted: 300, duplicate: 100 })
      const late = (await some.deadLetters()).map((letter) => saysOf(letter).reason)
      assert.deepEqual(late, Array(100).fill('LATE'))

      const several = await target.stream()
      const lists = topology(several.app)
        .source(several.source)
        .route('by-stage', field('stage'), sidesAsTheyCome)
        .correlate('by-id', field('id'), { of: ['A', 'B'], collect: { B: { count: 2 } } })
        .sink(several.sink)
      const ofSeveral = await run(several, lists, [
        [...sidesOf('A', 0, 100), ...sidesOf('B', 0, 100)],
        sidesOf('B', 0, 100),
      ])
      const merges = mergesOf(100).map((each) => each.replace(/"B":(\{.*?\})/, '"B":[$1,$1]'))
      assert.deepEqual(valuesOf(await several.merged()), merges.toSorted())
      assertAccount(ofSeveral, { emitted: 300 })
    })

    for (const [what, { sideA, settings }] of Object.entries(programs)) {
      it(`goes on with another number of workers from its checkpoint, as if it had always had them: ${what}`, async () => {
        const stream = await target.stream()
        const sidesOf = (side: string) => Array.from({ length: 1_000 }, (_, id) => record(side, id))
        const topology = customerTopology(stream, sideA, correlation)
        await stream.produce(sidesOf('A'))
        const first = await stream.run(topology, { ...settings, shards: 3 })
        await stream.produce(sidesOf('B').slice(0, 500))
        const second = await stream.run(topology)
        await stream.produce([...sidesOf('B').slice(500), ...sidesOf('A').slice(400, 600)])
        const third = await stream.run(topology, settings)

        assert.deepEqual([first.error, second.error, third.error], [undefined, undefined, undefined])
        assert.deepEqual(valuesOf(await stream.merged()), mergesOf(1_000))
        assertAccount(third.report, { emitted: 2_000, duplicate: 200 })
        await assertProved(target, stream)
      })
    }
  })
}

/** What a function after the merge says of customers: of ten it fails on one, and leaves one out. */
function isWanted(id: number): boolean {
  if (id % 10 === 0) throw new Error('nobody wants it')
  return id % 10 > 1
}

/** A side of the customers of a round. */
function sideOf(side: string, round: number): SourceRecord[] {
  if (round < 0) return []
  return Array.from({ length: perRound }, (_, at) => record(side, round * perRound + at))
}

/** The second records of a round, and one of them once more. */
function endOf(round: number): SourceRecord[] {
  return round < 0 ? [] : [...sideOf('B', round), record('B', round * perRound)]
}

/** The same records at the time of a round. */
function inRound(round: number, records: readonly SourceRecord[]): SourceRecord[] {
  return records.map((each) => ({ ...each, timestampMs: noon + round * roundMs }))
}

function isSplitIntoNone(id: number): boolean {
  return id % 4 === 0
}

/** The keys of what a flatMap makes of the records of a customer: none of some, three of others. */
function severalIdsOf(id: number): number[] {
  return Array.from({ length: id % 4 }, (_, at) => id + at * 1_000_000)
}

function severalOf(value: CustomerRecord): CustomerRecord[] {
  return severalIdsOf(value.id).map((id) => ({ ...value, id }))
}

function aloneId(round: number): number {
  return 10_000_000 + round
}

/** A record whose other one never comes. */
function alone(round: number): SourceRecord {
  return record('A', aloneId(round))
}

/** A record that becomes a dead letter. */
function bad(round: number) {
  return { value: `{"stage":"C","id":${round}}`, partition: round % 2 }
}

function countedBy<Item>(items: readonly Item[]): Map<Item, number> {
  const counts = new Map<Item, number>()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  return counts
}

if (import.meta.main) onEachBroker([programsInShards])
