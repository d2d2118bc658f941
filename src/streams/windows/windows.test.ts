import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { driveTopology } from '../../testing/index.ts'
import { field } from '../topology/field.ts'
import { topology, type Topology } from '../topology/topology.ts'
import { hopping, sliding, tumbling } from '../topology/windows.ts'

const orders = topology('per-country').source('orders').groupBy('by-country', field('country'))

describe('a program with tumbling windows', () => {
  it('publishes one result of each when the time of the records has passed its end and the grace', async () => {
    const program = orders
      .window(tumbling({ sizeMs: 100, graceMs: 20 }))
      .count()
      .sink('counts')
    await using driver = await driveTopology(program)

    await driver.give([{ country: 'NL' }, { country: 'NL' }, { country: 7 }], { timestampMs: 1_010 })
    await driver.give([{ country: 'NL' }], { timestampMs: 1_119 })
    assert.deepEqual(driver.merged(), [])
    await driver.give([{ country: 'NL' }], { timestampMs: 1_090 })
    await driver.give([{ country: 'NL' }], { timestampMs: 1_120 })
    await driver.give([{ country: 'NL' }], { timestampMs: 1_099 })

    assert.deepEqual(
      driver.merged().map(({ key, text, timestampMs, headers }) => [key, text, timestampMs, headers]),
      [
        ['7', '{"country":7,"start":1000,"end":1100,"value":1}', 1_010, { 'millrace.aggregated': '1/4' }],
        ['NL', '{"country":"NL","start":1000,"end":1100,"value":3}', 1_090, { 'millrace.aggregated': '3/4' }],
      ],
    )
    const { aggregated, late, consumed } = driver.accounting()[0]!
    assert.deepEqual([consumed, aggregated, late], [7, 6, 1])
  })
})

describe('a program with hopping windows', () => {
  it('takes a record into each window that it falls into', async () => {
    const program = orders
      .window(hopping({ sizeMs: 100, advanceMs: 50 }))
      .sum(field('amount'))
      .sink('sums')
    await using driver = await driveTopology(program)

    await driver.give([{ country: 'NL', amount: 2 }], { timestampMs: 1_040 })
    await driver.give([{ country: 'NL', amount: 1.5 }], { timestampMs: 1_060 })
    await driver.give(
      [
        { country: 'BE', amount: 'x' },
        { country: 'BE', amount: 1 },
      ],
      { timestampMs: 1_200 },
    )

    assert.deepEqual(
      driver.merged().map(({ value: { start, end, value } }) => [start, end, value]),
      [
        [950, 1_050, 2],
        [1_000, 1_100, 3.5],
        [1_050, 1_150, 1.5],
      ],
    )
    assert.deepEqual(
      driver.deadLetters().map(({ reason, cause }) => [reason, cause]),
      [['NOT_A_NUMBER', 'the field is "x", where a number belongs']],
    )
  })
})

describe('a program with sliding windows', () => {
  const windowed = orders.window(sliding({ timeDifferenceMs: 10, timestampsMax: 3 }))
  const given = async <Output>(program: Topology<Output, never>, times: readonly number[]) => {
    const driver = await driveTopology(program)
    for (const at of times) await driver.give([{ country: 'NL', at }], { timestampMs: at })
    await driver.give([{ country: 'BE', at: 0 }], { timestampMs: 5_000 })
    return driver
  }

  it('publishes each set of records that lie within the time difference', async () => {
    await using driver = await given(windowed.collect(field('at')).sink('lists'), [80, 91, 91, 92, 3])

    assert.deepEqual(
      driver.merged().map(({ value: { start, end, value }, timestampMs }) => [start, end, value, timestampMs]),
      [
        [70, 81, [80], 80],
        [81, 92, [91, 91], 91],
        [82, 93, [91, 91, 92], 92],
        [92, 103, [92], 92],
      ],
    )
    const { aggregated, late } = driver.accounting()[0]!
    assert.deepEqual([aggregated, late], [5, 1])
  })

  it('has windows that open later have a record that came when its own was closed', async () => {
    const program = windowed.collect(field('at')).sink('lists')
    await using driver = await driveTopology(program)
    for (const [country, at] of [
      ['NL', 92],
      ['BE', 100],
      ['NL', 95],
      ['NL', 101],
      ['BE', 5_000],
    ] as const) {
      await driver.give([{ country, at }], { timestampMs: at })
    }

    assert.deepEqual(
      driver
        .merged()
        .filter(({ key }) => key === 'NL')
        .map(({ value: { start, value } }) => [start, value]),
      [
        [82, [92]],
        [91, [92, 95, 101]],
        [93, [95, 101]],
        [96, [101]],
      ],
    )
  })

  it('refuses a record with one timestamp more than its key may have', async () => {
    await using driver = await given(windowed.count().sink('counts'), [80, 81, 82, 82, 83, 91])

    assert.deepEqual(
      driver.deadLetters().map(({ reason, cause, text }) => [reason, cause, text]),
      [['AGGREGATE_TOO_LARGE', 'its key has 3 timestamps within the time difference', '{"country":"NL","at":83}']],
    )
    assert.deepEqual(
      driver.merged().map(({ value: { start, value } }) => [start, value]),
      [
        [70, 1],
        [71, 2],
        [72, 4],
        [81, 4],
        [82, 3],
        [83, 1],
      ],
    )
  })

  it('makes dead letters of a record that its function does not take, and of a window on which it fails', async () => {
    const joined = windowed.reduce((soFar, order) => {
      const { at } = order as { at: number }
      if (at === 20 || (at === 42 && soFar !== '')) throw new Error(`not ${at}`)
      return `${soFar}${at};`
    }, '')
    await using driver = await given(joined.sink('texts'), [20, 40, 42])

    assert.deepEqual(
      driver.deadLetters().map(({ reason, cause, text }) => [reason, cause, text]),
      [
        ['AGGREGATE_FAILED', 'the function of "by-country" failed: not 20', '{"country":"NL","at":20}'],
        [
          'RESULT_FAILED',
          'the function of "by-country" failed: not 42',
          '{"country":"NL","start":32,"end":43,"value":null}',
        ],
      ],
    )
    assert.deepEqual(
      driver.merged().map(({ value: { start, value } }) => [start, value]),
      [
        [30, '40;'],
        [41, '42;'],
      ],
    )
  })

  it('takes no options out of their ranges', () => {
    for (const options of [
      { timeDifferenceMs: -1 },
      { timeDifferenceMs: 1.5 },
      { timeDifferenceMs: 1, graceMs: -1 },
      { timeDifferenceMs: 1, timestampsMax: 0 },
      { timeDifferenceMs: 1, timestampsMax: 10_001 },
    ]) {
      assert.throws(() => sliding(options), { code: 'TOPOLOGY_INVALID' }, JSON.stringify(options))
    }
  })

  it('publishes each change of them', async () => {
    const counts = orders.window(sliding({ timeDifferenceMs: 10 }), { results: 'changes' }).count()
    await using driver = await given(counts.sink('counts'), [92, 80, 91])

    assert.deepEqual(
      driver
        .merged()
        .filter(({ key }) => key === 'NL')
        .map(({ value: { start, value } }) => [start, value]),
      [
        [82, 1],
        [82, 2],
        [92, 1],
      ],
    )
  })
})

describe('functions after windows', () => {
  const counted = orders.window(tumbling({ sizeMs: 100 })).count()
  const give = async <Output>(program: Topology<Output, never>) => {
    const driver = await driveTopology(program)
    for (const [at, country] of ['NL', 'BE', 'NL', 'DK', 'NL'].entries()) {
      await driver.give([{ country }], { timestampMs: 1_000 + 10 * at })
    }
    await driver.give([{ country: 'SE' }], { timestampMs: 5_000 })
    return driver
  }

  it('choose results, make values of them, and send them to sinks with keys and headers', async () => {
    const program = counted
      .filter('not-dk', (_, key) => key !== 'DK')
      .map('named', ({ start, value }, key) => ({ country: key, from: start, orders: value }))
      .branch('by-size', ({ orders: many }) => (many > 1 ? 'many' : 'few'), {
        many: { key: ({ country }) => `many-${country}`, headers: ({ orders: many }) => ({ orders: String(many) }) },
        few: {},
      })
    await using driver = await give(program)

    assert.deepEqual(
      // Those of one topic come in the order of their windows.
      driver
        .merged()
        .map(({ topic, key, value, headers }) => [topic, key, value, headers])
        .toSorted(([left], [right]) => (left! < right! ? -1 : 1)),
      [
        ['few', 'BE', { country: 'BE', from: 1_000, orders: 1 }, { 'millrace.aggregated': '1/6' }],
        [
          'many',
          'many-NL',
          { country: 'NL', from: 1_000, orders: 3 },
          { 'millrace.aggregated': '3/6', orders: '3', 'millrace.key': '"NL"' },
        ],
      ],
    )
  })

  it('make a dead letter of a result on which they fail, and let the others on', async () => {
    const program = counted
      .map('picky', (result, key) => {
        if (key === 'NL') throw new Error('not the Netherlands')
        return key === 'BE' ? 10n : result.value
      })
      .sink('counts')
    await using driver = await give(program)

    assert.deepEqual(
      driver.merged().map(({ key, text }) => [key, text]),
      [['DK', '1']],
    )
    assert.deepEqual(
      driver.deadLetters().map(({ reason, cause, origins, text }) => [reason, cause, origins, text]),
      [
        [
          'RESULT_FAILED',
          'Do not know how to serialize a BigInt',
          [],
          '{"country":"BE","start":1000,"end":1100,"value":1}',
        ],
        [
          'RESULT_FAILED',
          '"picky" failed: not the Netherlands',
          [],
          '{"country":"NL","start":1000,"end":1100,"value":3}',
        ],
      ],
    )
    assert.equal(driver.accounting()[0]!.deadLettered, 0)
  })

  it('end the program where one fails on all results, or returns a promise', async () => {
    const failing = counted
      .map('broken', () => {
        throw new Error('no')
      })
      .sink('counts')
    const promising = counted.map('late', () => Promise.resolve(1)).sink('counts')
    const many = Array.from({ length: 200 }, (_, country) => ({ country: `c-${country}` }))
    const ended = async (program: Topology<unknown, never>) => {
      await using driver = await driveTopology(program)
      await driver.give(many, { timestampMs: 1_000 })
      await driver.give([{ country: 'SE' }], { timestampMs: 5_000 })
    }

    await assert.rejects(ended(failing), { code: 'STAGE_FAILS_ON_EVERYTHING', message: /results of windows in a row/ })
    await assert.rejects(ended(promising), { code: 'TOPOLOGY_INVALID', message: /"late" returns a promise/ })
  })
})
