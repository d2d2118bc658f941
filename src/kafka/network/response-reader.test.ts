import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { ReceiveBuffer } from './receive-buffer.ts'
import { ResponseReader } from './response-reader.ts'

const bytesMax = 1 << 20

describe('ResponseReader', () => {
  it('finds each response wherever the network cuts what it receives', () => {
    const responses = fc.array(fc.uint8Array({ minLength: 4, maxLength: 40 }), { maxLength: 8 })
    const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 })
    check(
      fc.property(responses, cuts, (sent, sizes) => {
        const { feed, taken } = newReader()
        const stream = Buffer.concat(sent.map(framed))
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length]!
          feed(stream.subarray(at, at + size))
          at += size
        }

        assert.deepEqual(
          taken.map(({ bytes }) => bytes),
          sent.map((each) => Buffer.from(each)),
        )
      }),
      2_000,
    )
  })

  it('reads into the memory of the request, and into new memory what is larger than that', () => {
    const into = new ReceiveBuffer(100)
    const { feed, taken } = newReader({ into })

    feed(framed(Buffer.alloc(100, 1)))
    feed(framed(Buffer.alloc(101, 2)))

    assert.deepEqual(
      taken.map(({ filled, isOwn }) => [filled === into, isOwn]),
      [
        [true, false],
        [false, false],
      ],
    )
  })

  it('reads into its own memory otherwise, which grows to the largest response', () => {
    const { feed, taken } = newReader()

    feed(framed(Buffer.alloc(100_000)))
    feed(framed(Buffer.alloc(8)))

    assert.equal(taken[0]!.filled, taken[1]!.filled)
    assert.ok(taken.every(({ isOwn }) => isOwn))
  })

  for (const size of [-1, 3, bytesMax + 1]) {
    it(`refuses a response of ${size} bytes`, () => {
      const { feed, broken } = newReader()

      feed(int32(size))

      assert.deepEqual(broken, [`the broker announced a response of ${size} bytes; responseBytesMax is ${bytesMax}`])
    })
  }

  it('refuses a response that nobody asked for', () => {
    const { feed, broken } = newReader({ isExpected: false })

    feed(int32(8))

    assert.deepEqual(broken, ['the broker sent a response that nobody asked for'])
  })

  it('writes no more into memory that was lent once it was reset', () => {
    const into = new ReceiveBuffer(100)
    const { feed, reader } = newReader({ into })
    feed(framed(Buffer.alloc(100, 1)).subarray(0, 50))

    reader.reset()

    assert.notEqual(reader.target.buffer, into.buffer.buffer)
  })
})

function newReader({ into, isExpected = true }: { into?: ReceiveBuffer; isExpected?: boolean } = {}) {
  const taken: { bytes: Buffer; filled: ReceiveBuffer; isOwn: boolean }[] = []
  const broken: string[] = []
  const reader = new ResponseReader({
    bytesMax,
    onBegun: () => (isExpected ? { into } : undefined),
    onResponse: (filled, size, isOwn) =>
      taken.push({ bytes: Buffer.from(filled.buffer.subarray(0, size)), filled, isOwn }),
    onBroken: (what) => broken.push(what),
  })
  /** Puts bytes where the reader wants them, as a socket does. */
  const feed = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length && broken.length === 0;) {
      const { target } = reader
      const size = Math.min(target.length, bytes.length - at)
      target.set(bytes.subarray(at, at + size))
      at += size
      reader.received(size)
    }
  }
  return { broken, feed, reader, taken }
}

function framed(response: Uint8Array): Buffer {
  return Buffer.concat([int32(response.length), response])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
