import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { murmur2 as libraryMurmur2 } from '@platformatic/kafka'
import { seededRandom } from '../core/random.ts'
import { newTableMachine } from './fixtures/table-machine.ts'
import { murmur2 } from './murmur2.ts'

const machine = newTableMachine()
machine.run.start(1, 2, 2, 0)
const stage = machine.run.takeStage(256)

/** The hash of a key in the middle of other bytes, so that reading too far shows. */
function inMachine(key: Uint8Array): number {
  machine.bytes.fill(0xa5, stage, stage + key.length + 13).set(key, stage + 5)
  return machine.run.murmur2(stage + 5, key.length)
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

for (const [where, hash] of Object.entries({ TypeScript: murmur2, WebAssembly: inMachine })) {
  describe(`murmur2 in ${where}`, () => {
    it('is what Java computes', () => {
      for (const [text, expected] of Object.entries(vectors)) {
        assert.equal(hash(new TextEncoder().encode(text)), expected, text)
      }
    })

    it('is what the client library computes, at all lengths', () => {
      const random = seededRandom(1)
      for (let length = 0; length <= 40; length++) {
        const key = Uint8Array.from({ length }, () => random.nextUint32())

        assert.equal(hash(key), libraryMurmur2(Buffer.from(key)) | 0, `length ${length}`)
      }
    })
  })
}
