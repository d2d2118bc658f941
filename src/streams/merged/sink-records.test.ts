import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { driveTopology } from '../../testing/index.ts'
import { partitionForKey } from '../../kafka/index.ts'
import { field } from '../topology/field.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'

interface Part {
  readonly country: string
  readonly n: number
}

const part = stage<unknown, Part>({ part: field('part') })

/** Merges two sides of numbers. */
const pairs = topology('pairs')
  .source('in')
  .route('by-side', field('side'), { A: part, B: part })
  .correlate('by-id', field('id'), { of: ['A', 'B'] })

/** Both parts of a key, an hour apart. */
function recordsOf(id: unknown, country = 'GB', n = 1): string[] {
  return ['A', 'B'].map((side) => JSON.stringify({ side, id, part: { country, n } }))
}

const valueOf = (id: unknown) => `{"id":${JSON.stringify(id)},"A":{"country":"GB","n":1},"B":{"country":"GB","n":1}}`

describe('a sink', () => {
  it('has the key that a function makes, with the merge key in a header', async () => {
    const program = pairs.sink('out', { key: ({ A }, key) => (key === 7 ? null : `${A.country}-${String(key)}`) })
    await using driver = await driveTopology(program, { partitions: 5 })

    await driver.give([...recordsOf('x'), ...recordsOf(7), ...recordsOf('7')])

    assert.deepEqual(
      driver.merged().map(({ key, text, headers }) => [key, text, headers['millrace.key']]),
      [
        ['GB-x', valueOf('x'), '"x"'],
        ['', valueOf(7), '7'],
        ['GB-7', valueOf('7'), '"7"'],
      ].toSorted(([a], [b]) => partitionOf(a!, 7) - partitionOf(b!, 7)),
    )
    for (const { key, partition } of driver.merged()) assert.equal(partition, partitionOf(key, 7))

    /** Without a key it is that of the merge key. */
    function partitionOf(key: string, mergeKey: number): number {
      return partitionForKey(Buffer.from(key === '' ? String(mergeKey) : key), 5)
    }
  })

  it('has no key where none is asked for', async () => {
    await using driver = await driveTopology(pairs.sink('out', { key: 'none' }))

    await driver.give(recordsOf('x'))

    const [record] = driver.merged()
    assert.deepEqual([record!.key, record!.text, record!.headers['millrace.key']], ['', valueOf('x'), '"x"'])
  })

  it('has constant headers, or those that a function makes, beside where its parts came from', async () => {
    const constant = pairs.sink('out', { headers: { kind: 'pair', version: Buffer.from('2') } })
    const made = pairs
      .map('n', ({ A }) => A.n)
      .sink('out', { headers: (n, key) => ({ [`of-${String(key)}`]: `${n}` }) })
    for (const [program, expected] of [
      [constant, { kind: 'pair', version: '2' }],
      [made, { 'of-x': '1' }],
    ] as const) {
      await using driver = await driveTopology<unknown, unknown>(program)

      await driver.give(recordsOf('x'))

      const { 'millrace.origins': origins, ...others } = driver.merged()[0]!.headers
      assert.equal(origins?.length, 4)
      assert.deepEqual(others, expected)
    }
  })

  for (const [timestamp, expectedMs] of [
    ['greatest', 2_000],
    ['least', 1_000],
    ['processingTime', 5_000],
  ] as const) {
    it(`has the ${timestamp} timestamp`, async () => {
      await using driver = await driveTopology(pairs.sink('out', { timestamp }), { startMs: 5_000 })
      const [a, b] = recordsOf('x')

      await driver.give([b], { timestampMs: 2_000 })
      await driver.give([a], { timestampMs: 1_000 })

      assert.deepEqual(
        driver.merged().map(({ timestampMs }) => timestampMs),
        [expectedMs],
      )
    })
  }

  it('has the partition that a function chooses; one that is none makes dead letters', async () => {
    const program = pairs.sink('out', { partition: ({ A }, _, partitionCount) => partitionCount - A.n })
    await using driver = await driveTopology(program, { partitions: 3 })

    await driver.give([...recordsOf('x', 'GB', 1), ...recordsOf('y', 'GB', 3), ...recordsOf('z', 'GB', 4)])

    assert.deepEqual(
      driver.merged().map(({ key, partition }) => [key, partition]),
      [
        ['y', 0],
        ['x', 2],
      ],
    )
    assert.deepEqual(
      driver.deadLetters().map(({ reason, cause }) => [reason, cause]),
      Array(2).fill(['MERGE_FAILED', '"out" failed: there is no partition -1, but 3, from 0 on']),
    )
  })

  for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    it(`may be compressed with ${compression}, and says the same`, async () => {
      await using driver = await driveTopology(pairs.sink('out', { compression }))

      await driver.give(Array.from({ length: 100 }, (_, id) => recordsOf(id)).flat())

      assert.deepEqual(
        driver.merged().map(({ text }) => text),
        Array.from({ length: 100 }, (_, id) => valueOf(id)),
      )
    })
  }

  for (const [what, options, message] of [
    ['a key', { key: 'first' }, 'key of "out" is "first"; it may be "mergeKey", "none"'],
    ['a timestamp', { timestamp: 'now' }, /^timestamp of "out" is "now"; it may be "greatest", "least", /],
    ['a compression', { compression: 'zip' }, /^compression of "out" is "zip"; it may be "none", "gzip", /],
    ['headers', { headers: { kind: 5 } }, 'the headers of "out" have "kind", whose value is neither text nor bytes'],
    [
      'headers of its own',
      { headers: { 'millrace.origins': '' } },
      'the headers of "out" have "millrace.origins"; names like that are Millrace\'s own',
    ],
    ['a partition', { partition: 1 }, 'what "out" chooses partitions by is 1, where a function belongs'],
  ] as const) {
    it(`refuses what is not ${what}`, () => {
      assert.throws(() => pairs.sink('out', options as never), { code: 'TOPOLOGY_INVALID', message })
    })
  }

  it('makes dead letters where a function makes what is no key or header, and goes on', async () => {
    const program = pairs.sink('out', {
      key: ({ A }) => (A.n === 1 ? (5 as never) : 'k'),
      headers: ({ A }) => (A.n === 2 ? { 'millrace.missing': '' } : {}),
    })
    await using driver = await driveTopology(program)

    await driver.give([...recordsOf('x', 'GB', 1), ...recordsOf('y', 'GB', 2), ...recordsOf('z', 'GB', 3)])

    assert.equal(driver.merged().length, 1)
    assert.deepEqual(
      new Set(driver.deadLetters().map(({ cause }) => cause)),
      new Set([
        '"out" failed: a key is text, bytes or null, and not number',
        '"out" failed: the headers that "out" makes have "millrace.missing"; names like that are Millrace\'s own',
      ]),
    )
  })
})

describe('a branch', () => {
  const byCountry = pairs.branch('by-country', ({ A }) => (A.country === '' ? undefined : (A.country as 'GB')), {
    GB: { topic: 'out-gb' },
    FR: { key: ({ A }) => A.country },
  })

  it('sends each record to the sink that it names, and leaves one out for which it names none', async () => {
    await using driver = await driveTopology(byCountry)

    await driver.give([
      ...recordsOf('x', 'GB'),
      ...recordsOf('y', 'FR'),
      ...recordsOf('z', ''),
      ...recordsOf('w', 'GB'),
    ])

    assert.deepEqual(
      driver.merged().map(({ topic, key }) => [topic, key]),
      [
        ['out-gb', 'x'],
        ['out-gb', 'w'],
        ['FR', 'FR'],
      ],
    )
    const [account] = driver.accounting()
    assert.deepEqual([account!.emitted, account!.filtered], [6, 2])
  })

  it('makes dead letters of a record for which it names a sink that is none', async () => {
    await using driver = await driveTopology(byCountry)

    await driver.give(recordsOf('x', 'DE'))

    assert.deepEqual(
      driver.deadLetters().map(({ reason, cause }) => [reason, cause]),
      Array(2).fill(['MERGE_FAILED', '"by-country" failed: there is no sink "DE", but "GB", "FR"']),
    )
  })

  it('writes into a topic of its own for each sink', async () => {
    const one = pairs.branch('both', () => 'a', { a: { topic: 'same' }, b: { topic: 'same' } })

    await assert.rejects(driveTopology(one), { message: 'topology "pairs": two sinks write to the topic "same"' })
    await assert.rejects(driveTopology(pairs.branch('none', () => undefined, {})), {
      message: 'topology "pairs": "none" has no sinks',
    })
  })
})
