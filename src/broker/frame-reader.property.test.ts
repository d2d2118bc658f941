import { MalformedMessage } from '../protocol/index.ts'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../test/property.ts'
import { FrameReader } from './frame-reader.ts'

const runs = 500
const frames = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.uint8Array({ maxLength: 50 }) },
    { weight: 1, arbitrary: fc.nat({ max: 200_000 }).map((size) => new Uint8Array(size).fill(size)) },
  ),
  { maxLength: 8 },
)
const cuts = fc.infiniteStream(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 70_000 })))

describe('a frame reader', () => {
  it('finds the same requests however the bytes are cut', () => {
    check(
      fc.property(frames, cuts, (sent, sizes) => {
        const reader = new FrameReader(1_000_000)
        let stream = Buffer.concat(sent.flatMap((frame) => [lengthOf(frame.length), frame]))

        const received: Buffer[] = []
        while (stream.length > 0) {
          const size = sizes.next().value as number
          reader.push(Buffer.from(stream.subarray(0, size)))
          stream = stream.subarray(size)
          for (let frame = reader.next(); frame !== undefined; frame = reader.next()) received.push(Buffer.from(frame))
        }

        assert.deepEqual(
          received,
          sent.map((frame) => Buffer.from(frame)),
        )
      }),
      runs,
    )
  })

  it('keeps what comes while nobody asks', () => {
    const reader = new FrameReader(100)
    for (const byte of [0, 0, 0, 1, 7, 0, 0, 0, 1, 8]) reader.push(Buffer.from([byte]))

    assert.deepEqual([reader.next()?.[0], reader.next()?.[0], reader.next()], [7, 8, undefined])
  })

  it('refuses lengths that no request has', () => {
    for (const length of [-1, 101]) {
      const reader = new FrameReader(100)
      reader.push(lengthOf(length))

      assert.throws(() => reader.next(), MalformedMessage)
    }
  })
})

function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(length)
  return bytes
}
