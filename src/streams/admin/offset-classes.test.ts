import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OffsetClasses } from './offset-classes.ts'

describe('OffsetClasses', () => {
  it('tells the class of each offset, however far apart they are', () => {
    const classes = new OffsetClasses()
    const offsets = [0, 65_535, 65_536, 2 ** 32 + 1, 2 ** 43 - 1]

    for (const offset of offsets) classes.set(offset, 'emitted')
    classes.set(1, 'skipped')

    for (const offset of offsets) assert.equal(classes.of(offset), 'emitted', String(offset))
    assert.equal(classes.of(1), 'skipped')
    for (const offset of [2, 65_534, 65_537, 2 ** 32, 2 ** 43]) assert.equal(classes.of(offset), undefined)
    assert.deepEqual([classes.count('emitted'), classes.count('skipped'), classes.count('pending')], [5, 1, 0])
  })

  it('lists the first offsets of a range that have none', () => {
    const classes = new OffsetClasses()
    for (let offset = 65_530; offset < 65_540; offset += 2) classes.set(offset, 'pending')

    assert.deepEqual(classes.without(65_530, 65_540, 3), [65_531, 65_533, 65_535])
    assert.deepEqual(classes.without(65_537, 65_540, 3), [65_537, 65_539])
    assert.deepEqual(classes.without(65_532, 65_533, 3), [])
  })
})
