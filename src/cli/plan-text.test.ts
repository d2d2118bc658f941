import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  describePlan,
  field,
  hopping,
  planTopology,
  session,
  sliding,
  topology,
  tumbling,
  type Windows,
} from '../streams/index.ts'
import { planText } from './plan-text.ts'

describe('the text of a plan', () => {
  it('says which windows records are put into, and when they close', () => {
    const lineOf = (windows: Windows) => {
      const program = topology('counts')
        .source('orders')
        .groupBy('by-country', field('country'))
        .window(windows)
        .count()
      const text = planText(describePlan(planTopology(program.sink('counts'))))
      return text
        .split('\n')
        .find((line) => line.includes('closes'))!
        .trim()
    }
    const end = 'each closes 5 ms after its end; late records are dropped'

    assert.deepEqual(
      [
        tumbling({ sizeMs: 10, graceMs: 5 }),
        hopping({ sizeMs: 10, advanceMs: 2, graceMs: 5 }),
        sliding({ timeDifferenceMs: 10, graceMs: 5 }),
        session({ gapMs: 10, graceMs: 5 }),
      ].map(lineOf),
      [
        `│  of 10 ms, ${end}`,
        `│  of 10 ms, one every 2 ms, ${end}`,
        `│  of records within 10 ms of one another, ${end}`,
        `│  with gaps of 10 ms at most, ${end}`,
      ],
    )
  })
})
