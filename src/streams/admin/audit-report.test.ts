import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OffsetSet } from '../../kernel/index.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { PromotedParts } from '../retention/promoted-parts.ts'
import { CheckpointTables } from '../tables/checkpoint-tables.ts'
import type { OutputPlace } from '../merged/published-records.ts'
import { partitionsOfSource } from '../fixtures/partitions.ts'
import type { AppCheckpoint } from './app-checkpoint.ts'
import type { Log } from './app-logs.ts'
import { judge } from './audit-report.ts'
import { Evidence } from './evidence.ts'

describe('judge', () => {
  /** Of ten offsets of a partition, the first two are merged and the next ones have no trace. */
  const judged = (
    counts: { skipped: number; filtered: number },
    gaps: number,
    isCompacted: boolean,
    outputs?: readonly OutputPlace[],
  ) => {
    const manifest = {
      topology: { sides: [{}, {}] },
      startOffsets: [0],
      nextOffsets: [10],
      totals: {
        emitted: [2],
        duplicate: [0],
        deadLettered: [0],
        filtered: [counts.filtered],
        expired: [0],
        aggregated: [0],
        late: [0],
        superseded: [0],
        redriven: [0],
        lost: [0],
        skipped: [counts.skipped],
      },
    } as unknown as Manifest
    const partitions = partitionsOfSource()
    const pending = [new OffsetSet()]
    const evidence = new Evidence({ manifest, partitions, pending } as unknown as AppCheckpoint)
    const origins = [0, 1].map((offset) => ({ partition: 0, offset }))
    for (const place of outputs ?? [undefined]) evidence.addOutput(origins, place)
    evidence.addGap(0, 2, 2 + gaps)
    const log: Log = { name: 'log', isWhole: true, isRecreated: false, isCompacted: false }
    const logs = { outputs: [log], deadLetters: log, sources: [{ ...log, isCompacted }] }
    const { verdict, unseen, miscounts, unclassified } = judge(
      'app',
      { manifest, partitions, pending, promoted: new PromotedParts(pending), tables: new CheckpointTables() },
      evidence,
      logs,
    )
    return { verdict, unseen, miscounts: miscounts.length, unclassified: unclassified.count }
  }
  const right = { miscounts: 0, unclassified: 0 }

  it('has every gap of a source counted as skipped, and nothing else', () => {
    const counts = { skipped: 3, filtered: 5 }

    assert.deepEqual(judged(counts, 3, false), { ...right, verdict: 'proved', unseen: 0 })
    assert.deepEqual(judged(counts, 4, false), { verdict: 'wrong', unseen: 0, miscounts: 1, unclassified: 0 })
    assert.deepEqual(judged(counts, 2, false), { verdict: 'wrong', unseen: 0, miscounts: 1, unclassified: 1 })
  })

  it('takes a gap of a compacted source for a record that was filtered, unless it was skipped', () => {
    const counts = { skipped: 3, filtered: 5 }

    assert.deepEqual(judged(counts, 3, true), { ...right, verdict: 'provedAsSeen', unseen: 3 })
    assert.deepEqual(judged(counts, 8, true), { ...right, verdict: 'provedAsSeen', unseen: 8 })
    assert.deepEqual(judged({ skipped: 0, filtered: 8 }, 1, true), { ...right, verdict: 'provedAsSeen', unseen: 1 })
  })

  it('does not say less of a compacted source in which no gap needs to be explained', () => {
    assert.deepEqual(judged({ skipped: 0, filtered: 8 }, 0, true), { ...right, verdict: 'proved', unseen: 0 })
  })

  it('finds records of a compacted source where the account says that some were skipped', () => {
    assert.equal(judged({ skipped: 3, filtered: 5 }, 2, true).verdict, 'wrong')
  })

  it('has all records that a flatMap has made of a merge, once', () => {
    const verdictOf = (...indexes: readonly number[]) =>
      judged(
        { skipped: 0, filtered: 8 },
        0,
        false,
        indexes.map((index) => ({ index, of: 3 })),
      ).verdict

    assert.equal(verdictOf(0, 1, 2), 'proved')
    assert.equal(verdictOf(2, 0, 1), 'proved')
    assert.equal(verdictOf(0, 1), 'wrong')
    assert.equal(verdictOf(0, 1, 2, 2), 'wrong')
    assert.equal(verdictOf(1, 2), 'wrong')
    assert.equal(verdictOf(0, 0, 1, 2), 'wrong')
  })
})
