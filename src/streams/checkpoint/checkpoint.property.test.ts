import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkAsync } from '../../../test/property.ts'
import { type OutputBatch, OutputBuilder } from '../../kernel/index.ts'
import { manifestOf, replay } from './checkpoint-records.ts'
import { CheckpointWriter, pieceBytesOf, putInto } from './checkpoint-writer.ts'
import { noTotals } from '../epochs/epoch-counts.ts'
import { ManifestWriter } from './manifest-writer.ts'
import type { Manifest } from './manifest.ts'
import { PendingOffsets } from './pending-offsets.ts'
import { closingEpoch } from '../fixtures/closing-epoch.ts'
import { storeIn } from '../in-memory/memory-kafka.ts'
import { PromotedParts } from '../retention/promoted-parts.ts'

const partitionCount = 2

/** What an epoch does to each partition: how many offsets it consumes, which of them stay, which older ones leave. */
const epoch = fc.record({
  consumed: fc.tuple(fc.nat(60_000), fc.nat(200)),
  stride: fc.integer({ min: 1, max: 7 }),
  leaving: fc.integer({ min: 2, max: 9 }),
  outcome: fc.constantFrom('committed', 'committed', 'rolled back', 'restarted'),
})

/** What the topic takes. */
const batchBytesMax = fc.constantFrom(1 << 16, 3_000)

/** By partition. */
function membersOf(topic: ReadonlyMap<string, Uint8Array>, manifest: Manifest): number[][] {
  const members = manifest.nextOffsets.map(() => new Set<number>())
  replay(topic, manifest, (partition, from, to) => {
    const set = members[partition]!
    for (let offset = from; offset < to; offset++) if (!set.delete(offset)) set.add(offset)
  })
  return members.map((set) => [...set].sort((a, b) => a - b))
}

describe('the checkpoint', () => {
  it('says what is pending, after any epochs that commit, are rolled back, or are followed by a restart', async () => {
    await checkAsync(
      fc.asyncProperty(fc.array(epoch, { minLength: 10, maxLength: 25 }), batchBytesMax, async (epochs, batchBytes) => {
        const topic = new Map<string, Uint8Array>()
        const pending = new PendingOffsets(partitionCount)
        const promoted = new PromotedParts(pending.sets)
        const manifest = new ManifestWriter(someProgram)
        let deltas = new CheckpointWriter(pending)
        let model = Array.from({ length: partitionCount }, () => new Set<number>())
        const next = [0, 2 ** 33]
        let number = 0
        for (const { consumed, stride, leaving, outcome } of epochs) {
          const after = model.map((waiting, partition) => {
            const set = new Set(waiting)
            for (const offset of waiting) {
              if (offset % leaving !== 0) continue
              set.delete(offset)
              pending.sets[partition]!.delete(offset)
            }
            const end = next[partition]! + consumed[partition]!
            for (let offset = next[partition]!; offset < end; offset += stride) {
              set.add(offset)
              pending.sets[partition]!.add(offset)
            }
            return set
          })
          const batches: OutputBatch[] = []
          const onFilled = (batch: OutputBatch) => batches.push(batch)
          const out = new OutputBuilder({ sink: 2, partitionCount: 1, batchBytes, onFilled })
          const nextOffsets = next.map((offset, partition) => offset + consumed[partition]!)
          const closing = {
            ...closingEpoch({ put: putInto(out) }),
            number: number + 1,
            pieceBytes: pieceBytesOf(out),
            manifest: { startOffsets: none, totals, nextOffsets },
          }
          for (const participant of [pending, deltas, promoted, manifest]) participant.close(closing)
          out.flush()
          for (const { position } of batches) assert.ok(position <= batchBytes, `${position} bytes in a batch`)
          if (outcome === 'rolled back') {
            pending.rollback()
            deltas.rollback()
            continue
          }
          for (const batch of batches) storeIn(topic, batch)
          pending.commit()
          deltas.commit()
          number++
          model = after
          nextOffsets.forEach((offset, partition) => (next[partition] = offset))
          const stored = manifestOf(topic)!
          assert.equal(stored.epoch, number)
          assert.deepEqual(
            membersOf(topic, stored),
            model.map((waiting) => [...waiting].sort((a, b) => a - b)),
          )
          if (outcome === 'restarted') deltas = CheckpointWriter.after(topic, stored, pending)
        }
        // What was replaced is gone: the topic is bound to what is pending, not to how long the program runs.
        const last = manifestOf(topic)
        const count = (prefix: string) => [...topic.keys()].filter((key) => key.startsWith(prefix)).length
        assert.equal(count('delta/'), sum(last?.deltaPieces ?? none))
        assert.equal(count('base/'), sum(last?.basePieces ?? none))
      }),
      20,
    )
  })
})

const none = [0, 0]
const totals = noTotals(none.length)
const someProgram = {
  topology: { sources: [{ topic: 'source', route: null }], keyName: 'id', sides: [] },
  outputs: ['sink'],
  sourceIds: ['id'],
  partitions: [
    { source: 0, partition: 0 },
    { source: 0, partition: 1 },
  ],
  hashSeed: [0, 0],
} as const

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
