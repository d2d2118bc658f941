import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pendingText } from './pending-text.ts'

const takenMs = 1_790_000_000_000
const none = { takenMs, rows: 0, byMissing: [], oldest: [], byAge: [] }

describe('the pending rows', () => {
  it('are told by the sides that they lack, by age, and the oldest with their keys', () => {
    const pending = {
      takenMs,
      rows: 4_103,
      oldestMs: takenMs - 120_000,
      byMissing: [
        { missing: ['C'], rows: 4_102 },
        { missing: [], rows: 1 },
      ],
      oldest: [{ key: 'a\u001b[2J', missing: ['C'], oldestMs: takenMs - 120_000 }],
      byAge: [
        { upToMs: 60_000, rows: 1 },
        { upToMs: 600_000, rows: 4_099 },
        { upToMs: 3_600_000, rows: 0 },
        { upToMs: 21_600_000, rows: 1 },
        { upToMs: 86_400_000, rows: 1 },
        { rows: 1 },
      ],
    }

    assert.deepEqual(pendingText('shop', pending).split('\n'), [
      'shop: 4,103 rows pending, counted 2026-09-21T14:13:20.000Z',
      '  4,102 rows lacking C',
      '  1 row lacking parts of a list',
      'by age:',
      '  1 row up to 1 minute',
      '  4,099 rows up to 10 minutes',
      '  1 row up to 6 hours',
      '  1 row up to 1 day',
      '  1 row older than all of these',
      'the oldest:',
      String.raw`  2026-09-21T14:11:20.000Z  "a\u001b[2J"  lacking C`,
    ])
  })

  it('are none where there are none', () => {
    assert.equal(pendingText('shop', none), 'shop: 0 rows pending, counted 2026-09-21T14:13:20.000Z')
  })
})
