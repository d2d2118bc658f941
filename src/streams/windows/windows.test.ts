import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { driveTopology } from '../../testing/index.ts'
import { field } from '../topology/field.ts'
import { topology } from '../topology/topology.ts'
import { hopping, tumbling } from '../topology/windows.ts'

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
