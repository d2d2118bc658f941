import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nextInt, type Random, seededRandom } from '../../core/random.ts'
import { partitionBits, timestampHighBits } from '../constants/block.ts'
import { ColdIndex } from './cold-index.ts'

interface Part {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
}

type Hash = readonly [low: number, high: number]

/** The words 4 to 7 of a block. */
function originOf({ partition, offset, timestamp }: Part, side = 0): Int32Array {
  const high = Math.floor(offset / 2 ** 32) * 2 ** timestampHighBits
  const timestampHigh = Math.floor(timestamp / 2 ** 32)
  return Int32Array.of(
    partition | (side << partitionBits),
    offset | 0,
    (high + (timestampHigh & (2 ** timestampHighBits - 1))) | 0,
    timestamp | 0,
  )
}

function text(hash: Hash): string {
  return hash.join('/')
}

/** Few values of each word, so that many keys have one home, and some one hash. */
function randomHash(random: Random): Hash {
  const low = [1, 2, 2 ** 31, 2 ** 32 - 1, 1 + nextInt(random, 2 ** 31)][nextInt(random, 5)]!
  return [low, nextInt(random, 3) * 2 ** 24 + nextInt(random, 40)]
}

function partsOf(index: ColdIndex, [low, high]: Hash): Part[] {
  const parts: Part[] = []
  const count = index.partsOf(low, high, (partition, offset, timestamp) => parts.push({ partition, offset, timestamp }))
  assert.equal(count, parts.length)
  return inOrder(parts)
}

function byNumber(a: number, b: number): number {
  return a - b
}

function inOrder(parts: readonly Part[]): Part[] {
  return parts.toSorted((a, b) => a.offset - b.offset)
}

describe('the index of cold parts', () => {
  for (const seed of Array.from({ length: 20 }, (_, at) => at + 1)) {
    it(`knows what a map knows: ${seed}`, () => {
      const random = seededRandom(seed)
      const index = new ColdIndex()
      const model = new Map<string, { readonly hash: Hash; readonly parts: Part[] }>()
      const steps = [200, 3_000][seed % 2]!
      for (let step = 0; step < steps; step++) {
        const hash = randomHash(random)
        if (nextInt(random, 5) < (step < steps / 2 ? 4 : 1)) {
          const part = { partition: nextInt(random, 9), offset: step * 2 ** 31, timestamp: nextInt(random, 100) - 1 }
          const row = model.get(text(hash)) ?? { hash, parts: [] }
          row.parts.push(part)
          model.set(text(hash), row)
          index.add(...hash, originOf(part, 3), 0)
        } else {
          const deleted = index.delete(...hash)
          assert.equal(deleted, model.get(text(hash))?.parts.length ?? 0)
          model.delete(text(hash))
        }
        assert.equal(index.has(...hash), model.has(text(hash)))
      }
      const parts = [...model.values()].flatMap((row) => row.parts)
      assert.deepEqual([index.rowCount, index.partCount], [model.size, parts.length])
      for (const row of model.values()) assert.deepEqual(partsOf(index, row.hash), inOrder(row.parts))

      const old = new Set<string>()
      index.olderThan(50, Infinity, (low, high) => old.add(text([low, high])))
      const expected = [...model.values()].filter((row) => row.parts.some(({ timestamp }) => timestamp <= 50))
      assert.deepEqual([...old].sort(), expected.map(({ hash }) => text(hash)).sort())

      const surveyed: number[] = []
      for (let piece = 0; piece < index.pieces; piece++) {
        index.survey(piece, (sides, oldestMs) => {
          assert.equal(sides, 1 << 3)
          surveyed.push(oldestMs)
        })
      }
      const oldest = [...model.values()].map((row) => Math.min(...row.parts.map(({ timestamp }) => timestamp)))
      assert.deepEqual(surveyed.sort(byNumber), oldest.sort(byNumber))

      for (const { hash } of model.values()) index.delete(...hash)
      assert.deepEqual([index.rowCount, index.partCount, index.bytes], [0, 0, 0])
    })
  }

  it('takes 28 to 35 bytes for a part', () => {
    const random = seededRandom(1)
    const index = new ColdIndex()
    const words = originOf({ partition: 0, offset: 0, timestamp: 0 })
    for (let parts = 1; parts <= 300_000; parts++) {
      index.add(random.nextUint32() || 1, random.nextUint32(), words, 0)
      if (parts < 100_000 || parts % 10_000 !== 0) continue
      const bytes = index.bytes / parts
      assert.ok(bytes >= 28 && bytes <= 36, `${bytes} bytes`)
    }
  })
})
