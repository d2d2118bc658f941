import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Outbox } from './outbox.ts'
import { encode } from './sendable.ts'

interface Entry {
  readonly type: string
}

function createOutbox() {
  const frames: (readonly Entry[])[] = []
  const deferred: (() => void)[] = []
  const outbox = new Outbox<Entry>(
    (frame) => frames.push(frame),
    (work) => deferred.push(work),
  )
  const runDeferred = () => deferred.splice(0).forEach((work) => work())
  return { outbox, frames, runDeferred }
}

describe('An outbox', () => {
  it('B17 makes one frame of what is posted in a turn, in its order, with messages that follow each other as one', () => {
    const { outbox, frames, runDeferred } = createOutbox()

    outbox.post({ type: 'first' })
    outbox.postMessage(1, -1, encode({ type: 'a' }, 'p'))
    outbox.postMessage(2, -1, encode({ type: 'b' }, 'p'))
    outbox.post({ type: 'last' })
    assert.deepEqual(frames, [])
    runDeferred()

    const flat = [1, -1, { type: 'a' }, undefined, 2, -1, { type: 'b' }, undefined]
    assert.deepEqual(frames, [[{ type: 'first' }, { type: 'messages', flat }, { type: 'last' }]])
  })

  it('B17 sends a full frame at once, with what goes along with all, and nothing when there is nothing', () => {
    const { outbox, frames, runDeferred } = createOutbox()
    let notes = 0
    outbox.beforeSend = () => {
      if (notes < 3) outbox.post({ type: `note ${++notes}` })
    }

    for (let count = 0; count < 256; count++) outbox.post({ type: 'entry' })
    assert.deepEqual(
      frames.map(({ length }) => length),
      [257],
    )
    notes = 3
    runDeferred()
    assert.equal(frames.length, 1)
  })
})
