import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PendingOffsets } from '../checkpoint/pending-offsets.ts'
import { Accounting } from '../epochs/accounting.ts'
import { closingEpoch } from '../fixtures/closing-epoch.ts'
import { stateAt } from '../fixtures/program-state.ts'
import { topicOf } from '../in-memory/memory-kafka.ts'
import { PromotedParts } from '../retention/promoted-parts.ts'
import { Sources } from '../topics/sources.ts'
import { neededFrom } from './internal-topic-cleaner.ts'

/** A subtopology that reads two partitions of an internal topic, and another source before it. */
function reading(nextOffsets: readonly number[], pendingOffsets: readonly (readonly number[])[]) {
  const sources = new Sources([topicOf('names', 1), topicOf('shop.paid', 2)])
  const pending = new PendingOffsets(3)
  pendingOffsets.forEach((offsets, number) => {
    for (const offset of offsets) pending.sets[number]!.add(offset)
    pending.sets[number]!.settle()
  })
  const promoted = new PromotedParts(pending.sets)
  const state = stateAt(1, undefined, { pending, promoted, accounting: Accounting.from(nextOffsets) })
  return { sources, state, promoted }
}

describe('what a subtopology needs of an internal topic', () => {
  it('begins at what it reads next where nothing is pending, by partition of that topic', () => {
    assert.deepEqual(neededFrom(reading([900, 20, 30], [[], [], []]), 'shop.paid'), [20, 30])
  })

  it('begins at the first pending part, which a start reads again', () => {
    assert.deepEqual(neededFrom(reading([900, 20, 30], [[3], [7, 19], []]), 'shop.paid'), [7, 30])
  })

  it('begins after pending parts once the checkpoint has them, and not while they are on the way there', () => {
    const { promoted, ...session } = reading([900, 20, 30], [[], [7, 19], []])
    promoted.add({ partition: 1, offset: 7, bytes: 1, encode: () => new Uint8Array(1) })
    promoted.close(closingEpoch())
    assert.deepEqual(neededFrom(session, 'shop.paid'), [7, 30])

    promoted.commit()
    assert.deepEqual(neededFrom(session, 'shop.paid'), [19, 30])
  })
})
