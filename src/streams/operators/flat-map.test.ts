import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nextInt, seededRandom, systemRandom } from '../../core/random.ts'
import { driveTopology, VirtualClock } from '../../testing/index.ts'
import { isBalanced } from '../epochs/accounting.ts'
import { Engine } from '../in-memory/engine.ts'
import { field } from '../topology/field.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'

interface Line {
  readonly kind: 'A' | 'B'
  readonly id: string
  readonly n?: number
}

/** Records are lists of lines, each of which is a part. */
const lines = (make: (record: readonly Line[], index: number) => unknown = (record) => record) =>
  topology('lines')
    .source<readonly Line[]>('source')
    .flatMap('lines', (record, { index }) => make(record, index) as readonly Line[], { partsMax: 8 })
    .filter('wanted', ({ n }) => n !== 0)

const joined = (make?: Parameters<typeof lines>[0]) =>
  lines(make)
    .route('by-kind', ({ kind }) => kind, stagesOf())
    .correlate('by-id', field('id'), { of: ['A', 'B'] })
    .sink('sink')

describe('a flatMap', () => {
  it('makes several records of each, none of an empty list, and counts every one', async () => {
    await using driver = await driveTopology(joined())
    const line = (kind: Line['kind'], id: string, n = 1): Line => ({ kind, id, n })

    await driver.give([[line('A', 'x'), line('A', 'y'), line('B', 'x')], [], [line('B', 'y', 0), line('B', 'z')]])

    assert.deepEqual(
      driver.merged().map(({ key }) => key),
      ['x'],
    )
    const [account] = driver.accounting()
    const { consumed, expanded, emitted, pending, filtered, skipped } = account!
    assert.deepEqual(
      { consumed, expanded, emitted, pending, filtered, skipped },
      {
        consumed: 3,
        expanded: 3,
        emitted: 2,
        pending: 2,
        filtered: 2,
        skipped: 0,
      },
    )
    assert.ok(isBalanced(account!))
  })

  it('keeps the order of what it makes, also between records', async () => {
    const latest = lines()
      .route('by-kind', ({ kind }) => kind, stagesOf())
      .correlate('by-id', field('id'), { of: ['A', 'B'], latest: ['A'] })
      .sink('sink')
    await using driver = await driveTopology(latest)
    const a = (id: string, n: number): Line => ({ kind: 'A', id, n })

    await driver.give([
      [a('x', 1), a('y', 1)],
      [a('y', 2)],
      [a('y', 3), a('x', 2), { kind: 'B', id: 'y' }, { kind: 'B', id: 'x' }],
    ])

    assert.deepEqual(
      driver.merged().map(({ value }) => value.A),
      [a('y', 3), a('x', 2)],
    )
  })

  it('says in dead letters and to functions after it which of the records it was', async () => {
    const seen: number[] = []
    const program = lines()
      .filter('seen', (_, { index }) => seen.push(index) > 0)
      .route('by-kind', ({ kind }) => kind, stagesOf())
      .correlate('by-id', field('id'), { of: ['A', 'B'] })
      .sink('sink')
    await using driver = await driveTopology(program)

    await driver.give([[{ kind: 'A', id: 'x' }, { kind: 'A' }, { kind: 'C', id: 'x' }]])

    assert.deepEqual(seen, [0, 1, 2])
    assert.deepEqual(
      driver.deadLetters().map(({ reason, origins }) => [reason, origins]),
      [
        ['KEY_MISSING', [{ topic: 'source', partition: 0, offset: 0, index: 1 }]],
        ['UNKNOWN_STAGE', [{ topic: 'source', partition: 0, offset: 0, index: 2 }]],
      ],
    )
  })

  it('makes one dead letter of a record for which it returns what it may not', async () => {
    const made = [42, Array(9).fill({ kind: 'A', id: 'x' }), [() => {}], undefined]
    await using driver = await driveTopology(joined((record) => made[record[0]!.n!]))

    await driver.give(made.map((_, n) => [{ kind: 'A', id: 'x', n }]))

    assert.deepEqual(
      driver.deadLetters().map(({ reason, cause }) => `${reason}: ${cause}`),
      [
        'MAP_FAILED: the flatMap returned 42, where a list belongs',
        'MAP_FAILED: the flatMap returned 9 records, where partsMax is 8',
        'VALUE_NOT_JSON: the flatMap returned at index 0 a value of the type function, which is no JSON',
        'MAP_FAILED: the flatMap returned undefined, where a list belongs',
      ],
    )
    assert.equal(driver.accounting()[0]!.deadLettered, 4)
  })

  it('is one at most of a source, with a number of records that has bounds', () => {
    const invalid = { code: 'TOPOLOGY_INVALID' }
    for (const partsMax of [0, 257, 1.5]) {
      assert.throws(
        () =>
          topology('t')
            .source('s')
            .flatMap('f', () => [], { partsMax }),
        invalid,
      )
    }
    const twice = lines()
      .flatMap('again', (line) => [line])
      .side('A')
      .correlate('by-id', field('id'), { of: ['A'], collect: { A: { count: 2 } } })
      .sink('sink')
    return assert.rejects(driveTopology(twice), { ...invalid, message: /second flatMap/ })
  })

  it('loses and repeats nothing where epochs are cut within a record and rolled back', async (t) => {
    const seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())
    t.diagnostic(`MILLRACE_SEED=${seed} repeats it`)
    for (let run = 0; run < 6; run++) await runWithRollbacks(seed + run)
  })
})

function stagesOf() {
  return { A: stage(), B: stage() }
}

async function runWithRollbacks(seed: number): Promise<void> {
  const random = seededRandom(seed)
  const time = new VirtualClock()
  // Fewer bytes than the merges of one record take.
  await using engine = await Engine.start(joined(), time, { epochBytes: 1_024, batchBytes: 1_024 })
  const whole: string[] = []
  let open = 0
  for (let round = 0; round < 6; round++) {
    const committed = Array.from({ length: nextInt(random, 6) }, () => 'committed' as const)
    engine.kafka.outcomes.push(...committed, nextInt(random, 2) === 0 ? 'aborted' : 'answer lost')
    for (let each = 0; each < 5; each++) {
      const length = nextInt(random, 9)
      const idOf = (n: number) => `${round}-${each}-${n >> 1}`
      const record = Array.from({ length }, (_, n) => {
        return { kind: n % 2 === 0 ? 'A' : 'B', id: idOf(n), pad: 'x'.repeat(nextInt(random, 400)) }
      })
      whole.push(...Array.from({ length: length >> 1 }, (_, pair) => idOf(2 * pair)))
      open += length % 2
      engine.kafka.give(0, [JSON.stringify(record)])
    }
    await time.advance(60_000)
  }
  engine.kafka.outcomes.splice(0)
  await time.until(engine.drain())

  const keys = engine.kafka.written.map(({ key }) => String(key))
  assert.deepEqual(keys.toSorted(), whole.toSorted(), `MILLRACE_SEED=${seed}`)
  const [account] = engine.accounts
  assert.ok(isBalanced(account!))
  assert.deepEqual([account!.emitted, account!.pending, account!.skipped], [2 * whole.length, open, 0])
  assert.ok(engine.crashes.length > 0, 'operators were restarted')
}
