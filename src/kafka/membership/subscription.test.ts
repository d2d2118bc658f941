import { AssignerProtocol } from 'kafkajs'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { decodeSubscription, encodeAssignment, encodeSubscription, isOwnership, newcomer } from './subscription.ts'

describe('a subscription', () => {
  it('tells what decides among members', () => {
    for (const candidacy of [newcomer, { ownerIn: -1, memberSince: 7 }, { ownerIn: 9, memberSince: 7 }]) {
      assert.deepEqual(decodeSubscription(encodeSubscription('app.checkpoint', candidacy)), candidacy)
    }
  })

  it('names the topic to all who know the consumer protocol', () => {
    const metadata = AssignerProtocol.MemberMetadata.decode(encodeSubscription('app.checkpoint', newcomer))

    assert.deepEqual(metadata?.topics, ['app.checkpoint'])
  })

  it('of a member that says less is that of a newcomer', () => {
    const foreign = AssignerProtocol.MemberMetadata.encode({
      version: 0,
      topics: ['orders'],
      userData: Buffer.alloc(0),
    })

    assert.deepEqual(decodeSubscription(foreign), newcomer)
    assert.deepEqual(decodeSubscription(Buffer.alloc(0)), newcomer)
  })

  it('may be any bytes, and is read in no time', () => {
    const whole = encodeSubscription('app.checkpoint', { ownerIn: 9, memberSince: 7 })
    const damaged = fc.tuple(fc.nat(whole.length - 1), fc.uint8Array({ maxLength: 8 })).map(([at, bytes]) => {
      const copy = Buffer.from(whole)
      copy.set(bytes.subarray(0, whole.length - at), at)
      return copy
    })
    const anything = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes))

    check(
      fc.property(fc.oneof(damaged, anything), (bytes) => {
        const { ownerIn, memberSince } = decodeSubscription(bytes)

        assert.ok(Number.isInteger(ownerIn) && Number.isInteger(memberSince))
      }),
      2_000,
    )
  })
})

describe('an assignment', () => {
  it('makes its member the owner of a topic', () => {
    assert.equal(isOwnership(encodeAssignment('app.checkpoint'), 'app.checkpoint'), true)
    assert.equal(isOwnership(encodeAssignment('other'), 'app.checkpoint'), false)
    assert.equal(isOwnership(encodeAssignment(), 'app.checkpoint'), false)
  })

  it('is none where the leader has given none', () => {
    assert.equal(isOwnership(Buffer.alloc(0), 'app.checkpoint'), false)
  })

  it('is the same to all who know the consumer protocol', () => {
    const { MemberAssignment } = AssignerProtocol
    const foreign = MemberAssignment.encode({ version: 1, assignment: { orders: [1, 0] }, userData: Buffer.alloc(3) })

    assert.deepEqual(MemberAssignment.decode(encodeAssignment('orders'))?.assignment, { orders: [0] })
    assert.equal(isOwnership(foreign, 'orders'), true)
  })
})
