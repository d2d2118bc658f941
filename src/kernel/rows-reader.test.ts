import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RowsReader, VersionedRows } from './index.ts'

function share() {
  const rows = new VersionedRows({ bytesMax: 2 ** 30, isOrdered: false, isShared: true, seed: [1, 2] })
  const put = (key: string, value: string, stamp: number) => {
    rows.ask(rows.bytes.write(key, rows.keyAt))
    const address = rows.put(value.length, stamp)
    rows.bytes.write(value, rows.keyEnd(address))
    return address
  }
  return { rows, put }
}

function valueIn(reader: RowsReader, key: string, stamp: number): string | undefined {
  const address = reader.find(reader.bytes.write(key, reader.keyAt), stamp)
  if (address === undefined || address === 0) return undefined
  const [start, end] = [reader.valueStart(address), reader.valueEnd(address)]
  return reader.bytes.toString('latin1', start, end)
}

// What another thread finds while rows change is tried in test/state: here both are of one thread.
describe('RowsReader', () => {
  it('finds versions as of a stamp, and its key leaves those of others alone', () => {
    const { rows, put } = share()
    const readers = [1, 63].map((thread) => new RowsReader(rows.shared!, thread))
    put('a', 'first', 1)
    put('a', 'second', 2)
    rows.bytes.write('b', rows.keyAt)

    for (const reader of readers) {
      assert.equal(valueIn(reader, 'a', 1), 'first')
      assert.equal(valueIn(reader, 'a', 2), 'second')
      assert.equal(valueIn(reader, 'a', 0), undefined)
      assert.equal(valueIn(reader, 'c', 2), undefined)
    }
    assert.equal(rows.bytes.toString('latin1', rows.keyAt, rows.keyAt + 1), 'b')
  })

  it('reads where the memory has grown since, and the index has been split', () => {
    const { rows, put } = share()
    const reader = new RowsReader(rows.shared!, 1)
    const before = reader.bytes.length
    for (let key = 0; key < 20_000; key++) put(`key ${key}`, String(key), 1)
    // More than the memory grows by at a time.
    const length = 160 * 2 ** 20
    rows.ask(rows.bytes.write('large', rows.keyAt))
    const large = rows.put(length, 1)
    rows.bytes.write('end', rows.valueEnd(large) - 3)

    const end = reader.valueEnd(reader.find(reader.bytes.write('large', reader.keyAt), 1)!)
    assert.equal(reader.bytes.toString('latin1', end - 3, end), 'end')
    assert.equal(end, reader.valueStart(large) + length)
    for (let key = 0; key < 20_000; key += 999) assert.equal(valueIn(reader, `key ${key}`, 1), String(key))
    assert.ok(reader.bytes.length > before)
  })

  it('finds nothing in place of waiting for ever, where the one who changes rows has died over it', () => {
    const { rows, put } = share()
    const reader = new RowsReader(rows.shared!, 1, 2)
    const address = put('a', 'first', 1)
    rows.undo(address)

    // There is no such version any more, so this ends in the midst of a change.
    assert.throws(() => rows.undo(address), { name: 'RuntimeError' })

    assert.equal(reader.find(reader.bytes.write('a', reader.keyAt), 1), undefined)
  })
})
