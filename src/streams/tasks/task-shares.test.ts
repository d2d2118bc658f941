import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MillraceError } from '../../core/errors.ts'
import { TaskShares } from './task-shares.ts'

/** A membership that notes what it is told. */
function listener() {
  const told: unknown[] = []
  return {
    told,
    gaveUp: (tasks: readonly number[]) => void told.push(['gaveUp', ...tasks]),
    stopped: () => void told.push(['stopped']),
  }
}

const lost = new MillraceError('OWNERSHIP_LOST', 'another member has them', {})

describe('the tasks of a member', () => {
  it('are worked on until they are to be others', async () => {
    const shares = new TaskShares()
    shares.gained([5, 3])
    const { change } = shares

    shares.losing([3])

    assert.deepEqual(await change, { kind: 'changed' })
    assert.deepEqual(shares.own, [5])
  })

  it('are given up when nothing is worked on any more, and not before', () => {
    const shares = new TaskShares()
    const membership = listener()
    shares.gained([1, 2])
    shares.losing([2])
    assert.deepEqual(membership.told, [])

    shares.settle(membership)
    shares.settle(membership)

    assert.deepEqual(membership.told, [['gaveUp', 2]])
  })

  it('come back after they were given up', () => {
    const shares = new TaskShares()
    shares.gained([1, 2])
    shares.losing([2])
    shares.settle(listener())

    shares.gained([2])

    assert.deepEqual(shares.own, [1, 2])
  })

  it('are all gone where the group has taken them, also those that were to be given up', async () => {
    const shares = new TaskShares()
    const membership = listener()
    shares.gained([1, 2])
    shares.losing([2])
    const { change } = shares

    shares.stopping(lost)

    assert.deepEqual(await change, { kind: 'lost', reason: lost })
    assert.notEqual(shares.lost, undefined)
    assert.deepEqual(shares.own, [])
    shares.settle(membership)
    assert.deepEqual(membership.told, [['stopped']])
    assert.equal(shares.lost, undefined)
  })
})
