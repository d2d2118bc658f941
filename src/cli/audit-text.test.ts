import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { auditText } from './audit-text.ts'

const nothing = { count: 0, first: [] }
const proved = {
  app: 'orders',
  epoch: 7,
  closedMs: Date.UTC(2026, 10, 30),
  verdict: 'proved',
  startedAt: [],
  accounting: [],
  contradictions: nothing,
  unclassified: nothing,
  miscounts: [],
  unbalanced: [],
  removedFrom: [],
  recreated: [],
  unseen: 0,
  missingOutputs: 0,
  foreignRecords: 0,
} as const

describe('the text of an audit', () => {
  it('tells what is gone of a program whose account is proved', () => {
    const place = (partition: number) => ({ topic: 'placed', partition })
    const goneParts = [
      { ...place(0), count: 2_000 },
      { ...place(3), count: 1 },
    ]

    const text = auditText({ ...proved, goneParts, removedFrom: ['placed', 'paid'], recreated: ['placed'] })

    assert.deepEqual(text.split('\n'), [
      'orders, epoch 7 of 2026-11-30T00:00:00.000Z',
      'proved: each of 0 consumed offsets has exactly one class',
      'partition 0: 2,000 pending parts are gone from the source, and a start cannot read them again',
      'partition 3: 1 pending part is gone from the source, and a start cannot read it again',
      'topic placed was deleted and created again',
    ])
  })

  it('tells what became of the offsets before the start', () => {
    const startedAt = [{ topic: 'placed', partition: 1, offset: 7 }]
    const text = (more: object) => auditText({ ...proved, startedAt, ...more }).split('\n')[2]

    assert.equal(text({}), 'partition 1: what is before offset 7 is before the start, and was never consumed')
    assert.equal(
      text({ layoutBefore: 'routed' }),
      'partition 1: what is before offset 7 is before the start, and was consumed in the layout routed, which the program has left',
    )
  })
})
