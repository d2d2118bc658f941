import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Inspection } from '../streams/index.ts'
import { wellInspection } from './fixtures/inspection.ts'
import { readinessOf } from './health.ts'

const bounds = { readyDelayMaxMs: 60_000 }
const [partition] = wellInspection.partitions

function judge(facts: Partial<Inspection>) {
  const { isReady, reason } = readinessOf({ ...wellInspection, ...facts }, bounds)
  return [isReady, reason]
}

describe('a process', () => {
  it('is ready where it is active and has caught up', () => {
    assert.deepEqual(judge({}), [true, 'is the active process, and has caught up'])
  })

  it('is not before it has caught up', () => {
    const partitions = [{ ...partition!, lag: 1_200, delayMs: 5 }]
    assert.deepEqual(judge({ isCaughtUp: false, partitions }), [false, 'has not caught up: 1,200 records to go'])
  })

  it('is not any more when it has fallen behind by more than the bound', () => {
    const late = (delayMs: number) => judge({ partitions: [{ ...partition!, lag: 7, delayMs }] })
    assert.deepEqual(late(60_000)[0], true)
    assert.deepEqual(late(60_001), [false, 'is 60.0 s behind: 7 records to go'])
  })

  it('is not while brokers are waited for, and says what for, since when and why', () => {
    const waiting = { for: 'reading metadata', sinceMs: 1_790_000_000_000, error: 'KAFKA_CONNECTION_FAILED: nothing' }
    assert.deepEqual(judge({ waiting }), [
      false,
      'waits for Kafka since 2026-09-21T14:13:20.000Z: reading metadata; KAFKA_CONNECTION_FAILED: nothing',
    ])
  })

  it('is not while brokers do not answer', () => {
    assert.deepEqual(judge({ unansweredMs: 3_000 })[0], true)
    assert.deepEqual(judge({ unansweredMs: 3_100 }), [false, 'brokers have not answered for 3.1 s'])
  })

  it('is ready where it stands by, with a fresh table or without one', () => {
    const standby = { role: 'standby', isCaughtUp: false, partitions: [] } as const
    assert.deepEqual(judge(standby), [true, 'stands by, without a table'])
    assert.deepEqual(judge({ ...standby, standbyAgeMs: 900 }), [true, 'stands by; its table is 0.9 s old'])
    assert.deepEqual(judge({ ...standby, standbyAgeMs: 61_000 }), [false, 'stands by, but its table is 61.0 s old'])
  })

  it('is only where all subtopologies are, and says which is not', () => {
    const next = { ...wellInspection, app: 'shop.by-customer', isCaughtUp: false }
    assert.deepEqual(judge({ next: { ...next, isCaughtUp: true } })[0], true)
    assert.deepEqual(judge({ next: { ...wellInspection, next } }), [
      false,
      'shop.by-customer has not caught up: 0 records to go',
    ])
  })

  it('is not after its end', () => {
    assert.deepEqual(judge({ hasEnded: true }), [false, 'has ended'])
  })

  it('is not where it could never take over', () => {
    assert.deepEqual(judge({ role: 'incompatible' })[0], false)
  })
})
