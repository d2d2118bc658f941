import { Writer } from '@platformatic/kafka'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { check } from '../../test/property.ts'
import { WireReader, WireWriter } from './wire.ts'

describe('WireWriter and WireReader', () => {
  it('write numbers as @platformatic/kafka does, and read them back', () => {
    const widths = fc.integer({ min: 0, max: 32 }).chain((bits) => fc.integer({ min: 0, max: 2 ** bits - 1 }))
    const longs = fc.maxSafeInteger()

    check(
      fc.property(widths, longs, fc.integer(), (varint, int64, int32) => {
        const encoded = new WireWriter(1).unsignedVarint(varint).int64(int64).int32(int32).take()

        const wanted = Writer.create().appendUnsignedVarInt(varint).appendInt64(BigInt(int64)).appendInt32(int32)
        assert.deepEqual(encoded, wanted.buffer)
        const reader = new WireReader(encoded, 0, encoded.length)
        assert.deepEqual([reader.unsignedVarint(), reader.int64(), reader.int32()], [varint, int64, int32])
        assert.equal(reader.at, encoded.length)
      }),
      2_000,
    )
  })

  it('write and read texts, also those that are null or not ASCII', () => {
    check(
      fc.property(fc.option(fc.string({ unit: 'binary', maxLength: 300 })), (text) => {
        const encoded = new WireWriter(1).compactString(text).noTags().take()

        assert.deepEqual(encoded, Writer.create().appendString(text).appendUnsignedVarInt(0).buffer)
        assert.equal(new WireReader(encoded, 0, encoded.length).compactString(), text)
      }),
      100,
    )
  })
})
