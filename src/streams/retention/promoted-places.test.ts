import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type PartPlace, PromotedPlaces } from './promoted-places.ts'

/** The ranges to be read for some parts. */
const rangesFor = (places: PromotedPlaces, ...parts: readonly PartPlace[]) =>
  places.rangesOf(parts).map(({ starts, ends }) => [...starts, ...ends])

describe('PromotedPlaces', () => {
  it('say which ranges have some parts, near ones joined, in the order of the topic', () => {
    const places = new PromotedPlaces()
    for (let offset = 0; offset < 10_000; offset++) places.note([0, offset], 50_000 + offset, 0)
    places.note([1, 7], 3, 0)

    assert.deepEqual(rangesFor(places, [0, 5_000], [0, 5_001], [1, 7]), [
      [3, 4],
      [50_000 + 4_864, 50_000 + 5_120],
    ])
    assert.deepEqual(rangesFor(places, [0, 0], [0, 1_000]), [[50_000, 51_024]])
    assert.deepEqual(rangesFor(places, [0, 20_000], [2, 0]), [])
  })

  it('forget, now and then, ranges of which nothing is promoted any more', () => {
    const places = new PromotedPlaces()
    for (let chunk = 0; chunk < 2_000; chunk++) places.note([0, 256 * chunk], chunk, 0)

    places.forget(() => [[0, 256 * 1_999]])

    assert.deepEqual(rangesFor(places, [0, 0], [0, 256 * 1_999]), [[1_999, 2_000]])
  })
})
