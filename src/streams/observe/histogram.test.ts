import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { Histogram } from './histogram.ts'

describe('a histogram', () => {
  it('counts a value in the first bucket whose bound it does not pass', () => {
    const histogram = new Histogram([1, 2])

    for (const value of [0, 1, 1.5, 2, 2.5, 100]) histogram.observe(value)

    assert.deepEqual(histogram.snapshot(), { bounds: [1, 2], counts: [2, 2, 2], sum: 107, count: 6 })
  })

  it('counts as many values up to each bound as there are', () => {
    const bounds = [-5, 0, 3, 10]
    const property = fc.property(fc.array(fc.integer({ min: -20, max: 20 })), (values) => {
      const histogram = new Histogram(bounds)
      for (const value of values) histogram.observe(value)

      const { counts, count } = histogram.snapshot()
      bounds.forEach((bound, index) => {
        const upTo = counts.slice(0, index + 1).reduce((sum, each) => sum + each, 0)
        assert.equal(upTo, values.filter((value) => value <= bound).length)
      })
      assert.equal(count, values.length)
    })
    check(property, 1_000)
  })
})
