import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DeadLetters } from './dead-letters.ts'

describe('DeadLetters', () => {
  it('B16 counts by reason and keeps the latest 16', () => {
    const deadLetters = new DeadLetters()

    for (let index = 0; index < 20; index++) {
      const reason = index % 4 === 0 ? 'failed' : 'ended'
      deadLetters.record({ path: 'root/a', messageType: `type ${index}`, reason })
    }

    const { total, byReason, latest } = deadLetters.snapshot()
    assert.equal(total, 20)
    assert.deepEqual(byReason, { ended: 15, stopped: 0, failed: 5, refused: 0, lost: 0 })
    assert.deepEqual(
      latest.map(({ messageType }) => messageType),
      Array.from({ length: 16 }, (_, index) => `type ${index + 4}`),
    )
  })
})
