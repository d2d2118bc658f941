import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Fifo } from './fifo.ts'

describe('Fifo', () => {
  it('gives back what was put in, in order, while it grows and wraps around', () => {
    const fifo = new Fifo<number>()
    const taken: (number | undefined)[] = []

    let next = 0
    for (let round = 1; round <= 50; round++) {
      for (let count = 0; count < round; count++) fifo.push(next++)
      for (let count = 0; count < round / 2; count++) taken.push(fifo.shift())
    }
    while (fifo.length > 0) taken.push(fifo.shift())
    assert.equal(fifo.shift(), undefined)
    fifo.push(next++)
    taken.push(fifo.shift())

    assert.deepEqual(
      taken,
      Array.from({ length: next }, (_, index) => index),
    )
  })

  it('shows items by their place after the oldest, and nothing after the youngest', () => {
    const fifo = new Fifo<string>()
    for (let index = 0; index < 20; index++) fifo.push(`item ${index}`)
    for (let index = 0; index < 10; index++) fifo.shift()

    assert.equal(fifo.at(0), 'item 10')
    assert.equal(fifo.at(9), 'item 19')
    assert.equal(fifo.at(10), undefined)
  })
})
