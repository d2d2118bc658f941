import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { murmur2 as libraryMurmur2 } from '@platformatic/kafka'
import { seededRandom } from '../core/random.ts'
import { murmur2, partitionForKey } from './murmur2.ts'

/** The key in the middle of other bytes, so that reading too far shows. */
function placed(key: Uint8Array): { view: DataView; start: number; end: number } {
  const bytes = new Uint8Array(key.length + 13).fill(0xa5)
  bytes.set(key, 5)
  return { view: new DataView(bytes.buffer), start: 5, end: 5 + key.length }
}

// From org.apache.kafka.common.utils.UtilsTest of Apache Kafka.
const vectors = {
  '21': -973932308,
  foobar: -790332482,
  'a-little-bit-long-string': -985981536,
  'a-little-bit-longer-string': -1486304829,
  lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
  abc: 479470107,
}

describe('murmur2', () => {
  it('is what Java computes', () => {
    for (const [text, expected] of Object.entries(vectors)) {
      const { view, start, end } = placed(new TextEncoder().encode(text))

      assert.equal(murmur2(view, start, end), expected, text)
    }
  })

  it('is what the client library computes, at all lengths', () => {
    const random = seededRandom(1)
    for (let length = 0; length <= 40; length++) {
      const key = Uint8Array.from({ length }, () => random.nextUint32())
      const { view, start, end } = placed(key)

      assert.equal(murmur2(view, start, end), libraryMurmur2(Buffer.from(key)) | 0, `length ${length}`)
    }
  })
})

describe('partitionForKey', () => {
  it("is the remainder of the hash without its sign, as in Java's default partitioner", () => {
    for (const [text, hash] of Object.entries(vectors)) {
      const { view, start, end } = placed(new TextEncoder().encode(text))
      for (const partitionCount of [1, 2, 12, 97]) {
        // Java: (hash & 0x7fffffff) % partitionCount; with whole numbers, to have it another way.
        const positive = hash < 0 ? hash + 2 ** 31 : hash

        assert.equal(partitionForKey(view, start, end, partitionCount), positive % partitionCount)
      }
    }
  })
})
