import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { copyBytes } from './copy-bytes.ts'

const bytesOf = (memory: ArrayBuffer | SharedArrayBuffer) => new Uint8Array(memory, 8, 2_000)

describe('copyBytes', () => {
  for (const [name, from, to] of [
    ['shared memory to other', new SharedArrayBuffer(2_048), new ArrayBuffer(2_048)],
    ['other memory to shared', new ArrayBuffer(2_048), new SharedArrayBuffer(2_048)],
    ['shared memory to shared', new SharedArrayBuffer(2_048), new SharedArrayBuffer(2_048)],
    ['memory that is not shared', new ArrayBuffer(2_048), new ArrayBuffer(2_048)],
  ] as const) {
    it(`copies ${name}, those bytes and no others`, () => {
      const [source, target] = [bytesOf(from), bytesOf(to)]
      source.forEach((_, at) => (source[at] = at * 7 + 1))
      for (const [start, end, at] of [
        [0, 2_000, 0],
        [3, 1_203, 40],
        [1_000, 2_000, 1_000],
        [5, 9, 1_990],
        [700, 700, 3],
      ] as const) {
        target.fill(0)

        copyBytes(source, start, end, target, at)

        const expected = new Uint8Array(2_000)
        expected.set(source.slice(start, end), at)
        assert.deepEqual(new Uint8Array(target), expected)
      }
    })
  }
})
