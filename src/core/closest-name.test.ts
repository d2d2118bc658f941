import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { closestName } from './closest-name.ts'

const names = ['--customers', '--seed', '--drain-ms', '--json']

describe('closestName', () => {
  it('finds the name behind a letter left out, added, replaced or of the other case', () => {
    assert.equal(closestName('--custmers', names), '--customers')
    assert.equal(closestName('--seeed', names), '--seed')
    assert.equal(closestName('--jsom', names), '--json')
    assert.equal(closestName('--SEED', names), '--seed')
  })

  it('finds the one name that begins so', () => {
    assert.equal(closestName('--drain', names), '--drain-ms')
  })

  it('finds nothing where nothing is near', () => {
    assert.equal(closestName('--topology', names), undefined)
    assert.equal(closestName('--seed', []), undefined)
  })
})
