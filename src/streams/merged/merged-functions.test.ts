import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { driveTopology } from '../../testing/index.ts'
import { isBalanced } from '../epochs/accounting.ts'
import { PermanentFailure } from '../functions/permanent-failure.ts'
import { field } from '../topology/field.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'

const part = field('n')

/** Merges two sides of numbers. */
const pairs = topology('pairs')
  .source('in')
  .route('by-side', field('side'), { A: stage<unknown, number>({ part }), B: stage<unknown, number>({ part }) })
  .correlate('by-id', field('id'), { of: ['A', 'B'], rememberCompleted: { forMs: 60_000 } })

/** Both parts of a key. */
const pair = (id: unknown, a: unknown, b: unknown) => [
  { side: 'A', id, n: a },
  { side: 'B', id, n: b },
]

describe('functions after the merge', () => {
  it('publish what a map makes of the merged record and its key, under the key of the merge', async () => {
    const sums = pairs.map('sum', ({ A, B }, key) => ({ [`of ${String(key)}`]: A + B })).sink('out')
    await using driver = await driveTopology(sums)

    await driver.give([...pair('x', 1, 2), ...pair(7, 3, 4)])

    assert.deepEqual(
      driver.merged().map(({ key, text }) => [key, text]),
      [
        ['x', '{"of x":3}'],
        ['7', '{"of 7":7}'],
      ],
    )
    const [account] = driver.accounting()
    assert.equal(account!.emitted, 4)
  })

  it('publish each record that a flatMap makes, or none, and say which one it is', async () => {
    const program = pairs
      .flatMap('each', (merged, key) => (key === 'none' ? [] : [merged, null, { sum: merged.A + merged.B }]))
      .filter('large', (made) => made === null || !('sum' in made) || made.sum > 3)
      .sink('out', { headers: { own: 'x' } })
    await using driver = await driveTopology(program)

    await driver.give([...pair('x', 1, 2), ...pair('none', 1, 2), ...pair('y', 3, '4')])

    assert.deepEqual(
      driver.merged().map(({ key, text, headers }) => [key, text, headers['millrace.output'], headers['own']]),
      [
        ['x', '{"id":"x","A":1,"B":2}', '0/2', 'x'],
        ['x', '', '1/2', 'x'],
        ['y', '{"id":"y","A":3,"B":"4"}', '0/3', 'x'],
        ['y', '', '1/3', 'x'],
        ['y', '{"sum":"34"}', '2/3', 'x'],
      ],
    )
    const [account] = driver.accounting()
    assert.deepEqual([account!.emitted, account!.filtered], [4, 2])
  })

  it('publish none of the records of a flatMap where one of them cannot be written', async () => {
    const made: Record<string, unknown> = { text: 'no list', json: [{ ok: 1 }, undefined], large: [1, 'x'.repeat(2e6)] }
    const program = pairs.flatMap('each', (_, key) => made[key as string] as unknown[]).sink('out')
    await using driver = await driveTopology(program)

    for (const key of Object.keys(made)) await driver.give(pair(key, 1, 2))

    assert.deepEqual(driver.merged(), [])
    const letters = driver.deadLetters()
    assert.deepEqual(
      letters.map(({ reason }) => reason),
      ['MERGE_FAILED', 'MERGE_FAILED', 'MERGE_NOT_JSON', 'MERGE_NOT_JSON', 'MERGE_TOO_LARGE', 'MERGE_TOO_LARGE'],
    )
    assert.equal(letters[0]!.cause, '"each" failed: it returned the text "no list", where a list belongs')
  })

  it('leave a record as it stands that a filter keeps, byte for byte', async () => {
    const kept = pairs.filter('large', ({ A }) => A > 1).sink('out')
    await using driver = await driveTopology(kept)

    await driver.give(['{"side":"A","id":"\\u0078","n":2.0}', '{"side":"B","id":"x","n":9007199254740993}'])

    assert.deepEqual(
      driver.merged().map(({ text }) => text),
      ['{"id":"\\u0078","A":2.0,"B":9007199254740993}'],
    )
  })

  it('count the parts of a record that a filter leaves out as filtered, and remember its key', async () => {
    const kept = pairs.filter('large', ({ A }) => A > 1).sink('out')
    await using driver = await driveTopology(kept)

    await driver.give([...pair('x', 0, 1), ...pair('y', 2, 1), ...pair('x', 5, 5)])

    assert.deepEqual(
      driver.merged().map(({ key }) => key),
      ['y'],
    )
    const [account] = driver.accounting()
    assert.deepEqual([account!.filtered, account!.emitted, account!.duplicate], [2, 2, 2])
    assert.ok(isBalanced(account!))
    assert.deepEqual(
      driver.deadLetters().map(({ reason }) => reason),
      ['COMPLETED', 'COMPLETED'],
    )
  })

  it('run in their order, each on what the one before has made', async () => {
    const seen: string[] = []
    const chain = pairs
      .map('sum', ({ A, B }) => (seen.push('sum'), { sum: A + B }))
      .filter('even', ({ sum }) => (seen.push('even'), sum % 2 === 0))
      .map('text', ({ sum }, key) => (seen.push('text'), `${String(key)}: ${sum}`))
      .sink('out')
    await using driver = await driveTopology(chain)

    await driver.give([...pair('x', 1, 2), ...pair('y', 2, 2)])

    assert.deepEqual(
      driver.merged().map(({ value }) => value),
      ['y: 4'],
    )
    assert.deepEqual(seen, ['sum', 'even', 'sum', 'even', 'text'])
  })

  it('make dead letters of all parts of a record on which one throws, with its cause', async () => {
    const failing = pairs
      .map('odd', ({ A }) => {
        if (A === 1) throw new Error('one is odd')
        return A
      })
      .sink('out')
    await using driver = await driveTopology(failing)

    await driver.give([...pair('x', 1, 2), ...pair('y', 2, 2)])

    assert.deepEqual(
      driver.deadLetters().map(({ reason, cause, origins }) => [reason, cause, origins[0]!.offset]),
      [
        ['MERGE_FAILED', '"odd" failed: one is odd', 0],
        ['MERGE_FAILED', '"odd" failed: one is odd', 1],
      ],
    )
    const [account] = driver.accounting()
    assert.deepEqual([account!.deadLettered, account!.emitted], [2, 2])
    // Its key has not been merged.
    await driver.give(pair('x', 3, 3))
    assert.deepEqual(
      driver.merged().map(({ key }) => key),
      ['y', 'x'],
    )
  })

  it('make dead letters of a record that becomes no JSON', async () => {
    const unwritable = pairs.map('none', ({ A }) => (A === 1 ? undefined : A === 2 ? 2n : 3)).sink('out')
    await using driver = await driveTopology(unwritable)

    await driver.give([...pair('x', 1, 1), ...pair('y', 2, 1), ...pair('z', 3, 1)])

    const letters = driver.deadLetters().map(({ reason, cause, origins: [origin] }) => [origin!.offset, reason, cause])
    const undefinedText = 'a map has made undefined, which is no JSON'
    assert.deepEqual(
      letters.toSorted(([a], [b]) => Number(a) - Number(b)),
      [
        [0, 'MERGE_NOT_JSON', undefinedText],
        [1, 'MERGE_NOT_JSON', undefinedText],
        [2, 'MERGE_NOT_JSON', 'Do not know how to serialize a BigInt'],
        [3, 'MERGE_NOT_JSON', 'Do not know how to serialize a BigInt'],
      ],
    )
    assert.deepEqual(
      driver.merged().map(({ value }) => value),
      [3],
    )
  })

  it('give and take integers that numbers do not hold as BigInt where they are asked for so', async () => {
    const exact = pairs.map('next', ({ A }, key) => [BigInt(A) + 1n, key], { bigIntegers: 'bigint' }).sink('out')
    await using driver = await driveTopology(exact)

    await driver.give([
      '{"side":"A","id":9007199254740993,"n":9007199254740993}',
      '{"side":"B","id":9007199254740993,"n":1}',
    ])

    assert.deepEqual(
      driver.merged().map(({ text }) => text),
      ['[9007199254740994,9007199254740993]'],
    )
  })

  it('end the program when one returns a promise, and commit nothing of it', async () => {
    const promising = pairs.map('later', async ({ A }) => Promise.reject(new Error(String(A)))).sink('out')
    await using driver = await driveTopology(promising)

    await assert.rejects(driver.give(pair('x', 1, 1)), {
      code: 'TOPOLOGY_INVALID',
      message: 'the function of "later" returns a promise',
    })
    assert.deepEqual([driver.merged(), driver.deadLetters()], [[], []])
  })

  it('end the program when they fail on everything, and commit none of that', async () => {
    const broken = pairs
      .filter('broken', ({ A }) => {
        if (A < 0) return true
        throw new Error('always')
      })
      .sink('out')
    await using driver = await driveTopology(broken)
    await driver.give(pair('good', -1, 0))

    const rows = Array.from({ length: 100 }, (_, i) => pair(`x${i}`, i, 1)).flat()
    await assert.rejects(driver.give(rows), {
      code: 'STAGE_FAILS_ON_EVERYTHING',
      message: /^"broken" failed on 100 merged records in a row, last on that of offset 201 of partition 0/,
    })
    assert.equal(driver.merged().length, 1)
    assert.deepEqual(driver.deadLetters(), [])
  })

  it('may refuse any number of records for good', async () => {
    const choosy = pairs
      .map('choosy', ({ A }) => {
        throw new PermanentFailure(`no ${A}`)
      })
      .sink('out')
    await using driver = await driveTopology(choosy)

    await driver.give(Array.from({ length: 150 }, (_, i) => pair(`x${i}`, i, 1)).flat())

    assert.equal(driver.deadLetters().length, 300)
    assert.equal(driver.deadLetters().at(-1)!.cause, '"choosy" failed: no 149')
  })

  it('see a record without the optional sides that have not come', async () => {
    const optional = topology('optional')
      .source('in')
      .route('by-side', field('side'), { A: stage({ part }), B: stage({ part }), C: stage({ part }) })
      .correlate('by-id', field('id'), {
        of: ['A', 'B', 'C'],
        optional: { sides: ['C'], withinMs: 80 },
        rememberCompleted: { forMs: 60_000 },
      })
      .filter('wanted', ({ A }) => A !== 'unwanted')
      .map('sides', (merged) => Object.keys(merged))
      .sink('out')
    await using driver = await driveTopology(optional)

    await driver.give([...pair('x', 1, 2), ...pair('y', 'unwanted', 2)])
    await driver.advance(200)

    assert.deepEqual(
      driver.merged().map(({ key, value }) => [key, value]),
      [['x', ['id', 'A', 'B']]],
    )
    const [account] = driver.accounting()
    assert.deepEqual([account!.emitted, account!.filtered], [2, 2])
    await driver.give([{ side: 'C', id: 'y', n: 3 }])
    assert.deepEqual(
      driver.deadLetters().map(({ reason }) => reason),
      ['LATE'],
    )
  })

  it('are refused where they take integers in two ways', async () => {
    const both = pairs
      .map('a', ({ A }) => A, { bigIntegers: 'bigint' })
      .filter('b', () => true)
      .sink('out')

    await assert.rejects(driveTopology(both), {
      message:
        'topology "pairs": "b" takes integers beyond 2^53 - 1 as number and "a" as bigint; a record is parsed once for both',
    })
  })
})
