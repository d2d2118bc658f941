import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sourceSlackBytes } from '../../kernel/index.ts'
import { ReceiveBuffer } from './receive-buffer.ts'

describe('ReceiveBuffer', () => {
  it('is little until a response needs more, and then all that one may take', () => {
    const memory = new ReceiveBuffer(1 << 20)
    const first = memory.buffer

    memory.reserve(64 << 10)
    assert.equal(memory.buffer, first)
    memory.reserve((64 << 10) + 1)

    assert.deepEqual(
      [first.length, memory.buffer.length, memory.view.byteLength].map((length) => length - sourceSlackBytes),
      [64 << 10, 1 << 20, 1 << 20],
    )
    assert.equal(memory.view.buffer, memory.buffer.buffer)
  })
})
