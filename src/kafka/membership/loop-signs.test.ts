import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LoopSigns, LoopView } from './loop-signs.ts'

describe('LoopView', () => {
  function pair(places = ['by-stage', 'stage-A', 'stage-B']) {
    const signs = new LoopSigns(places)
    return { signs, view: new LoopView(signs.memory) }
  }

  it('sees how often the loop has turned', () => {
    const { signs, view } = pair()

    signs.tick()
    signs.tick()

    assert.deepEqual([view.ticks, view.isDebugged], [2, false])
  })

  it('sees the function that the loop is in, and its record, also beyond 32 bits', () => {
    const { signs, view } = pair()
    assert.equal(view.place, undefined)

    signs.enter(2, 5, 2 ** 40 + 1)
    assert.deepEqual(view.place, { name: 'stage-B', partition: 5, offset: 2 ** 40 + 1 })

    signs.leave()
    assert.equal(view.place, undefined)
  })

  it('sees whose promises are pending', () => {
    const { signs, view } = pair()
    signs.beginWait(0)
    signs.beginWait(2)
    assert.deepEqual(view.waiting, ['by-stage', 'stage-B'])

    signs.endWait(0)
    assert.deepEqual(view.waiting, ['stage-B'])
  })

  it('knows 32 places and passes over the others', () => {
    const { signs, view } = pair(Array.from({ length: 40 }, (_, place) => `place-${place}`))

    signs.enter(31, 0, 0)
    assert.equal(view.place?.name, 'place-31')
    signs.enter(32, 0, 0)
    assert.equal(view.place, undefined)
  })
})
