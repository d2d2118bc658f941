import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chooseOwner } from './assignor.ts'

describe('chooseOwner', () => {
  it('lets the present owner stay, whoever came before it', () => {
    const owner = chooseOwner([
      { memberId: 'a', ownerIn: -1, memberSince: 1 },
      { memberId: 'b', ownerIn: 5, memberSince: 4 },
      { memberId: 'c', ownerIn: -1, memberSince: -1 },
    ])

    assert.equal(owner, 'b')
  })

  it('believes the one of two that was owner last', () => {
    const owner = chooseOwner([
      { memberId: 'a', ownerIn: 4, memberSince: 1 },
      { memberId: 'b', ownerIn: 5, memberSince: 4 },
    ])

    assert.equal(owner, 'b')
  })

  it('else takes the one that has stood by longest', () => {
    const owner = chooseOwner([
      { memberId: 'a', ownerIn: -1, memberSince: -1 },
      { memberId: 'b', ownerIn: -1, memberSince: 4 },
      { memberId: 'c', ownerIn: -1, memberSince: 3 },
    ])

    assert.equal(owner, 'c')
  })

  it('chooses the same of two newcomers in whatever order they come', () => {
    const [a, b] = ['a', 'b'].map((memberId) => ({ memberId, ownerIn: -1, memberSince: -1 }))

    assert.equal(chooseOwner([a!, b!]), 'a')
    assert.equal(chooseOwner([b!, a!]), 'a')
  })
})
