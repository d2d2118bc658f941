import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  audit,
  field,
  header,
  type Key,
  planUpgrade,
  recordKey,
  stage,
  type StartPosition,
  type Topology,
  topology,
} from '../../src/streams/index.ts'
import { assertAccount, assertRefused } from './run.ts'
import { customers, customerTopology, type CustomerRecord, mergesOf, record, valuesOf } from './customers.ts'
import { onEachBroker, type SourceRecord, type Stream, type Target } from './target.ts'

/** Side A of the program, as another version of its stage makes it. */
const made = (version: number, by: string) => ({
  part: ({ part }: CustomerRecord) => (part.of === 'A1' && by === 'nobody' ? undefined : { of: part.of, by }),
  version,
})

const noteOf = (text: string) => `{"text":"${text}"}`

/** The program with notes of another topic as a third, optional side. */
function withNotes({ app, source, sink, otherSources }: Stream, from: StartPosition = 'earliest'): Topology {
  return topology(app)
    .source(source)
    .route('by-stage', field('stage'), { A: stage({ part: field('part') }), B: stage({ part: field('part') }) })
    .source(otherSources['notes']!, { from })
    .side('note')
    .correlate(
      'by-id',
      { A: field('id'), B: field('id'), note: recordKey('json') },
      {
        of: ['A', 'B', 'note'],
        keyName: 'id',
        optional: { sides: ['note'], withinMs: 60_000 },
        rememberCompleted: { forMs: 86_400_000 },
      },
    )
    .sink(sink)
}

export function upgrades(target: Target): void {
  const upgradeTo = (program: Topology) => planUpgrade({ bootstrapServers: target.bootstrapServers, topology: program })
  const assertProved = async ({ app }: Stream) => {
    assert.equal((await audit({ bootstrapServers: target.bootstrapServers, app })).verdict, 'proved')
  }

  describe('another version of a program with pending parts', () => {
    it('makes the parts of a stage again whose version has changed', async () => {
      const stream = await target.stream()
      await stream.produce([record('A', 0), record('A', 1), record('B', 1), record('A', 2)])
      await stream.run(customerTopology(stream, made(1, 'one')))
      const two = customerTopology(stream, made(2, 'two'))

      const { verdict, pending, migrations } = await upgradeTo(two)
      await stream.run(two)
      await stream.produce([record('B', 0), record('B', 2)])
      await stream.run(two)

      assert.deepEqual([verdict, pending], ['migrates', 2])
      assert.deepEqual(migrations, [{ kind: 'version', side: 'A', was: 1, is: 2, pendingMax: 2 }])
      const parts = valuesOf(await stream.merged()).map((value) => (JSON.parse(value) as { A: { by: string } }).A.by)
      assert.deepEqual(parts, ['two', 'one', 'two'])
      await assertProved(stream)
      assert.deepEqual((await upgradeTo(two)).verdict, 'same')
    })

    it('does not start where it makes no part of a record that is pending, and the version before goes on', async () => {
      const stream = await target.stream()
      await stream.produce([record('A', 0), record('A', 1)])
      await stream.run(customerTopology(stream, made(1, 'one')))

      await assertEnds(stream, customerTopology(stream, made(2, 'nobody')))
      await stream.produce([record('B', 0), record('B', 1)])
      await stream.run(customerTopology(stream, made(1, 'one')))

      assert.equal((await stream.merged()).length, 2)
      await assertProved(stream)
    })

    it('reads a further topic, whose optional side pending rows wait for', async () => {
      const stream = await target.stream({ otherSources: { notes: 3 } })
      const notes = stream.otherSources['notes']!
      await stream.produce([{ value: noteOf('early'), key: '1', partition: 2 }], notes)
      await stream.produce([...customers(1), record('A', 1), record('A', 2)])
      await stream.run(customerTopology(stream))
      const next = withNotes(stream)

      const { verdict, migrations } = await upgradeTo(next)
      await stream.produce([record('B', 1)])
      await stream.run(next)
      await stream.produce([{ value: noteOf('late'), key: '2' }], notes)
      await stream.run(next)
      await stream.produce([record('B', 2)])
      await stream.run(next)

      assert.equal(verdict, 'migrates')
      assert.deepEqual(migrations, [
        { kind: 'side', side: 'note', pendingMax: 2 },
        { kind: 'source', topic: notes, pendingMax: 0 },
      ])
      const [first, ...others] = mergesOf(3)
      const noted = others.map((merge, at) => merge.replace(/\}$/, `,"note":${noteOf(['early', 'late'][at]!)}}`))
      assert.deepEqual(valuesOf(await stream.merged()), [first!, ...noted].toSorted())
      await assertProved(stream)
    })

    it('begins a further topic where it is told, which its first epoch fixes', async () => {
      const stream = await target.stream({ otherSources: { notes: 1 } })
      const notes = stream.otherSources['notes']!
      await stream.produce([{ value: noteOf('early'), key: '1' }], notes)
      await stream.produce([record('A', 1), record('A', 2)])
      await stream.run(customerTopology(stream))
      const next = withNotes(stream, 'latest')

      await stream.run(next)
      await stream.produce([{ value: noteOf('between'), key: '2' }], notes)
      await stream.run(next)
      await stream.produce([record('B', 2)])
      await stream.run(next)

      const [, , third] = mergesOf(3)
      assert.deepEqual(valuesOf(await stream.merged()), [third!.replace(/\}$/, `,"note":${noteOf('between')}}`)])
      await assertProved(stream)
    })

    it('takes in again what is pending where its keys stand elsewhere, and the plan says what it forgets', async () => {
      const stream = await target.stream()
      const { app, source, sink } = stream
      const part = field('part')
      const byKey = (key: Key) =>
        topology(app)
          .source(source)
          .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part }) })
          .correlate('by-id', key, { of: ['A', 'B'], keyName: 'id', rememberCompleted: { forMs: 86_400_000 } })
          .sink(sink)
      const keyed = (side: string, id: number, order: string): SourceRecord => ({
        ...record(side, id),
        headers: { order },
      })
      await stream.produce([keyed('A', 0, '"0"'), keyed('B', 0, '"0"')])
      await stream.produce([keyed('A', 1, '7'), keyed('A', 2, '7'), keyed('A', 3, '9')])
      await stream.run(byKey(field('id')))
      await stream.produce([keyed('B', 4, '7')])
      await stream.run(byKey(field('id')))
      const next = byKey(header('order', 'json'))

      const { verdict, pending, migrations, forgets } = await upgradeTo(next)
      await stream.produce([keyed('B', 3, '9')])
      const { report } = await stream.run(next)

      const moved = { kind: 'key', was: 'field ["id"]', is: 'header "order" as json', pendingMax: 4 }
      assert.deepEqual(
        [verdict, pending, migrations, forgets],
        ['migrates', 4, ['A', 'B'].map((side) => ({ ...moved, side })), 1],
      )
      assertAccount(report, { emitted: 6, duplicate: 1 })
      assert.deepEqual(
        valuesOf(await stream.merged()).filter((value) => value.includes('B3') || value.includes('B4')).length,
        2,
      )
      await assertProved(stream)
      assert.equal((await upgradeTo(next)).verdict, 'same')
    })

    it('gives up a source of which nothing is pending, and takes it up again from where it left it', async () => {
      const stream = await target.stream({ otherSources: { south: 2, west: 2 } })
      const { app, source: north, sink, otherSources } = stream
      const [south, west] = [otherSources['south']!, otherSources['west']!]
      const sides = { A: stage({ part: field('part') }), B: stage({ part: field('part') }) }
      const begun = topology(app).source(north).route('north', field('stage'), sides)
      const key = field('id')
      const of = ['A', 'B'] as const
      const one = begun.correlate('by-id', key, { of }).sink(sink)
      const withSouth = begun.source(south).route('south', field('stage'), sides)
      const two = withSouth.correlate('by-id', key, { of }).sink(sink)
      const withWest = begun.source(west).route('west', field('stage'), sides)
      const other = withWest.correlate('by-id', key, { of }).sink(sink)
      const three = withWest
        .source(south)
        .route('south', field('stage'), sides)
        .correlate('by-id', key, { of })
        .sink(sink)
      const run = async (program: Topology) => {
        const { report, error } = await stream.run(program)
        assert.equal(error, undefined)
        return report.accounting.reduce((sum, account) => sum + account.emitted, 0)
      }
      await stream.produce([...customers(1), record('A', 1)])
      await stream.produce([record('B', 1), record('A', 2), record('A', 3)], south)
      await run(two)

      const refused = await upgradeTo(one)
      await assertRefused(one, target.bootstrapServers, { code: 'CHECKPOINT_INCOMPATIBLE' })
      await stream.produce([record('B', 2), record('B', 3)])
      await run(two)
      const removed = await upgradeTo(one)
      await stream.produce([record('A', 4)])
      await stream.produce([record('B', 4)], south)
      await run(one)
      await assertProved(stream)
      const after = await upgradeTo(one)
      await stream.produce([record('A', 5)], west)
      await run(other)
      const returned = await upgradeTo(three)
      await stream.produce([record('B', 5)], south)

      const total = await run(three)

      assert.equal(refused.verdict, 'refused')
      assert.match(refused.refusal!.message, new RegExp(`source "${south}" is removed, of which 2 parts are pending`))
      assert.deepEqual(
        [removed.verdict, removed.migrations],
        ['migrates', [{ kind: 'removed', topic: south, pendingMax: 0 }]],
      )
      assert.equal(after.verdict, 'same')
      assert.deepEqual(returned.migrations, [{ kind: 'returned', topic: south, pendingMax: 0 }])
      assert.deepEqual([total, valuesOf(await stream.merged())], [12, mergesOf(6)])
      await assertProved(stream)
      await run(other)
      await target.deleteTopic(south)
      await target.admin.createTopics({ topics: [{ topic: south, numPartitions: 2 }] })
      await assertRefused(three, target.bootstrapServers, { code: 'SOURCE_RECREATED' })
      await run(other)
    })

    it('is refused where pending parts would mean something else, and the plan says so before', async () => {
      const stream = await target.stream({ otherSources: { notes: 1 } })
      await stream.produce([record('A', 0)])
      await stream.run(customerTopology(stream))
      const { app, source, sink } = stream
      const [part, begun] = [field('part'), topology(app).source(source)]
      const sides = { A: stage({ part }), B: stage({ part }) }
      const refusedPrograms = {
        'another route': begun
          .route('by-stage', field('kind'), sides)
          .correlate('by-id', field('id'), { of: ['A', 'B'] }),
        'a required side': begun
          .route('by-stage', field('stage'), { ...sides, C: stage({ part }) })
          .correlate('by-id', field('id'), { of: ['A', 'B', 'C'] }),
        'an optional side before others': begun
          .route('by-stage', field('stage'), { ...sides, C: stage({ part }) })
          .correlate('by-id', field('id'), {
            of: ['C', 'A', 'B'],
            optional: { sides: ['C'], withinMs: 100 },
            rememberCompleted: { forMs: 1_000 },
          }),
        'another topic': topology(app)
          .source(stream.otherSources['notes']!)
          .route('by-stage', field('stage'), sides)
          .correlate('by-id', field('id'), { of: ['A', 'B'] }),
      }
      for (const [name, correlated] of Object.entries(refusedPrograms)) {
        const program = correlated.sink(sink)
        const { verdict, refusal } = await upgradeTo(program)
        assert.deepEqual([name, verdict, refusal?.code], [name, 'refused', 'CHECKPOINT_INCOMPATIBLE'])
        await assertRefused(program, target.bootstrapServers, { code: 'CHECKPOINT_INCOMPATIBLE' })
      }
    })
  })

  async function assertEnds(stream: Stream, program: Topology): Promise<void> {
    const { error } = await stream.run(program)
    assert.equal((error as { code?: string }).code, 'CHECKPOINT_INCOMPATIBLE')
  }
}

if (import.meta.main) onEachBroker([upgrades])
