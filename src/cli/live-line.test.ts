import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Inspection } from '../streams/index.ts'
import { LiveLine } from './live-line.ts'

/** An active process that has consumed so much at a time. */
function seen(atMs: number, records: number): Inspection {
  return {
    role: 'active',
    atMs,
    report: { records, pendingRows: 3_400 },
    partitions: [{ lag: 1_000 }, { lag: 204 }],
    deadLetters: [{ reason: 'NOT_JSON', count: 2 }],
    epochs: { committed: 42 },
  } as unknown as Inspection
}

describe('the live line', () => {
  it('tells role, rate, lag, pending rows, dead letters and epoch', () => {
    const line = new LiveLine()
    line.text(seen(0, 0))

    assert.equal(
      line.text(seen(500, 60_000)),
      'active  120,000 records/s  lag 1,204  pending 3,400  dead letters 2  epoch 42',
    )
  })

  it('has the rate of the last one to two seconds', () => {
    const line = new LiveLine()
    const rates = [0, 500, 1_000, 1_500, 2_000, 2_500, 3_000].map((atMs) => {
      const [, rate] = /([\d,]+) records\/s/.exec(line.text(seen(atMs, Math.max(0, atMs - 1_000))))!
      return Number(rate!.replaceAll(',', ''))
    })

    assert.deepEqual(rates, [0, 0, 0, 333, 1_000, 1_000, 1_000])
  })

  it('tells what is waited for, and how a standby is', () => {
    const line = new LiveLine()
    const waiting = { for: 'reading metadata', sinceMs: 1_000 }

    assert.equal(line.text({ ...seen(13_000, 0), waiting }), 'active  waits for Kafka for 12.0 s: reading metadata')
    assert.equal(line.text({ ...seen(0, 0), role: 'standby' }), 'standby')
    assert.equal(line.text({ ...seen(0, 0), role: 'standby', standbyAgeMs: 250 }), 'standby  its table is 0.3 s old')
  })
})
