import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nextInt, seededRandom } from '../core/random.ts'
import { bytes, json, loadRow, number, type RowBytes, Store, text, visitRows } from './index.ts'

const code = (expected: string) => ({ code: expected })

describe('A table', () => {
  it('gets what was set, until it is deleted', () => {
    const table = new Store().table('cities', { key: text, value: json<{ people: number }>() })

    table.set('Bern', { people: 134_794 })
    table.set('Zürich', { people: 443_037 })
    table.set('Bern', { people: 137_995 })

    assert.deepEqual(
      [table.get('Bern'), table.get('Zürich'), table.get('Basel')],
      [{ people: 137_995 }, { people: 443_037 }, undefined],
    )
    assert.deepEqual([table.has('Bern'), table.has('Basel'), table.size], [true, false, 2])
    assert.deepEqual(
      [table.delete('Bern'), table.delete('Bern'), table.has('Bern'), table.size],
      [true, false, false, 1],
    )
  })

  it('takes rows as bytes, and shows them so, as its codecs would have written them', () => {
    const row = (key: string, value: string | undefined): RowBytes => {
      const content = Buffer.from(`..${key}|${value ?? ''}`)
      const [keyStart, keyEnd] = [2, 2 + Buffer.byteLength(key)]
      const valueStart = keyEnd + 1
      const valueEnd = value === undefined ? valueStart - 1 : content.length
      return { bytes: content, keyStart, keyEnd, valueStart, valueEnd }
    }
    for (const ordered of [false, true]) {
      const table = new Store().table('cities', { key: text, value: text, ordered })
      table.set('Bern', 'set')
      loadRow(table, row('Zürich', 'x'.repeat(1_000)))
      for (const value of ['first', 'last']) loadRow(table, row('Bern', value))
      for (const value of ['there', undefined]) loadRow(table, row('Basel', value))
      loadRow(table, row('Genf', undefined))
      assert.throws(() => loadRow(table, row('x'.repeat(4_097), '')), code('STATE_VALUE_INVALID'))

      const shown = new Map<string, string>()
      visitRows(table, (found) => {
        const [key, value] = [
          found.bytes.subarray(found.keyStart, found.keyEnd),
          found.bytes.subarray(found.valueStart, found.valueEnd),
        ]
        shown.set(Buffer.from(key).toString(), Buffer.from(value).toString())
      })

      const expected = new Map([
        ['Bern', 'last'],
        ['Zürich', 'x'.repeat(1_000)],
      ])
      assert.deepEqual([new Map(table.scan()), shown, table.size], [expected, expected, 2])
    }
  })

  it('keeps strings, numbers, bytes and JSON exactly', () => {
    const store = new Store()
    const strings = store.table('strings', { key: text, value: text })
    const numbers = store.table('numbers', { key: number, value: number })
    const binary = store.table('binary', { key: bytes, value: bytes })

    for (const value of ['', 'a', 'ä', '💧 drop', 'x'.repeat(100_000), 'é'.repeat(40_000)]) {
      strings.set(value.slice(0, 100), value)
      assert.equal(strings.get(value.slice(0, 100)), value)
    }
    for (const value of [0, -0, 1.5, -1.5, 2 ** 53, -(2 ** 53), 5e-324, Infinity, -Infinity]) {
      numbers.set(value, value)
      assert.equal(numbers.get(value), value + 0)
    }
    for (const value of [[], [0], [255, 0, 128]]) {
      binary.set(Uint8Array.from(value), Uint8Array.from(value))
      assert.deepEqual(binary.get(Uint8Array.from(value)), Uint8Array.from(value))
    }
    assert.deepEqual([strings.size, numbers.size, binary.size], [6, 8, 3])
  })

  it('copies values in and out, so that later changes of an object change no row', () => {
    const table = new Store().table('rows', { key: text, value: json<{ count: number }>() })
    const value = { count: 1 }

    table.set('a', value)
    value.count = 2
    table.get('a')!.count = 3

    assert.deepEqual(table.get('a'), { count: 1 })
  })

  it('scans ranges in the order of the keys', () => {
    const table = new Store().table('numbers', { key: number, value: number, ordered: true })
    for (let n = 0; n < 3_000; n++) table.set(((n * 1_009) % 3_000) - 1_500, n)
    const keys = (range: object) => [...table.scan(range)].map(([key]) => key)

    assert.deepEqual(
      keys({}),
      Array.from({ length: 3_000 }, (_, index) => index - 1_500),
    )
    assert.deepEqual(keys({ from: -2, to: 1 }), [-2, -1, 0, 1])
    assert.deepEqual(keys({ after: -2, before: 1 }), [-1, 0])
    assert.deepEqual(keys({ from: 0.5, before: 2.5 }), [1, 2])
    assert.deepEqual(keys({ after: 1_499 }), [])
    assert.equal(keys({ before: 0 }).length, 1_500)
  })

  it('scans ranges backwards, and as many rows as are asked for, at versions before too', () => {
    const store = new Store()
    const table = store.table('numbers', { key: number, value: number, ordered: true })
    const random = seededRandom(3)
    for (let count = 0; count < 4_000; count++) table.set(nextInt(random, 2_000), count)
    using snapshot = table.at(store.version)
    const before = [...table.scan()]
    for (let count = 0; count < 1_500; count++) table.delete(nextInt(random, 2_000))
    const after = [...table.scan()]

    for (let round = 0; round < 300; round++) {
      const [low, high] = [nextInt(random, 2_010) - 5, nextInt(random, 2_010) - 5]
      const [isAfter, isOpen] = [round % 2 === 0, round % 3 === 0]
      const limit = round % 5 === 0 ? Infinity : nextInt(random, 600)
      const range = { ...(isAfter ? { after: low } : { from: low }), ...(isOpen ? { before: high } : { to: high }) }
      const isIn = ([key]: [number, number]) =>
        (isAfter ? key > low : key >= low) && (isOpen ? key < high : key <= high)
      for (const [rows, expected] of [
        [snapshot, before.filter(isIn)],
        [table, after.filter(isIn)],
      ] as const) {
        assert.deepEqual([...rows.scan({ ...range, limit })], expected.slice(0, limit))
        assert.deepEqual([...rows.scan({ ...range, limit, reverse: true })], expected.toReversed().slice(0, limit))
      }
    }
    assert.deepEqual([...table.scan({ reverse: true, limit: 3 })], after.toReversed().slice(0, 3))
    assert.deepEqual(
      [...new Store().table('none', { key: text, value: text, ordered: true }).scan({ reverse: true })],
      [],
    )
  })

  it('refuses a range that is none, in whatever way it is asked for', async () => {
    const store = new Store()
    const options = { value: number, zones: { value: (value: number) => value } }
    const table = store.table('ordered', { key: number, ordered: true, ...options })
    const unordered = store.table('unordered', { key: number, ...options })
    using snapshot = table.at(0)
    for (const range of [
      { gte: 1 },
      { from: 1, after: 1 },
      { to: 1, before: 2 },
      { limit: -1 },
      { limit: 0.5 },
      { reverse: 1 },
    ])
      for (const scan of [
        () => table.scan(range as object),
        () => snapshot.scan(range as object),
        () => store.transactSync((tx) => [...tx.scan(table, range as object)]),
      ])
        assert.throws(() => [...scan()], code('STATE_RANGE_INVALID'))
    for (const range of [{ gte: 1 }, { limit: 1 }, { from: 1, after: 1 }, { from: '1' }, { to: NaN }])
      for (const where of [
        () => table.where('value', range as object),
        () => snapshot.where('value', range as object),
        () => store.transactSync((tx) => [...tx.where(table, 'value', range as object)]),
      ])
        assert.throws(() => [...where()], code('STATE_RANGE_INVALID'))
    assert.throws(() => [...table.scan({ gte: 1 } as object)], /no gte, but from, after, to, before, reverse, limit/)
    assert.throws(() => [...unordered.scan({ reverse: true })], code('STATE_TABLE_UNORDERED'))
    unordered.set(1, 1)
    assert.deepEqual([...unordered.scan({ limit: 0 }), ...unordered.scan({ limit: 1 })], [[1, 1]])
  })

  it('orders strings by code points, and bytes byte by byte', () => {
    const store = new Store()
    const strings = store.table('strings', { key: text, value: number, ordered: true })
    const binary = store.table('binary', { key: bytes, value: number, ordered: true })
    for (const key of ['b', '\u{1f4a7}', 'ab', '', '\uffff', 'a']) strings.set(key, 1)
    for (const key of [[2], [1, 255], [], [1], [255]]) binary.set(Uint8Array.from(key), 1)

    assert.deepEqual(
      [...strings.scan()].map(([key]) => key),
      ['', 'a', 'ab', 'b', '\uffff', '\u{1f4a7}'],
    )
    assert.deepEqual(
      [...binary.scan()].map(([key]) => [...key]),
      [[], [1], [1, 255], [2], [255]],
    )
  })

  it('clears all rows in one commit', () => {
    const store = new Store()
    const table = store.table('rows', { key: number, value: number })
    for (let key = 0; key < 5_000; key++) table.set(key, key)

    table.clear()

    assert.deepEqual([table.size, [...table.scan()], store.version, table.usedBytes], [0, [], 5_001, 0])
  })

  it('L10 is scanned as it was when the scan began, whatever is written meanwhile, with and without order', () => {
    for (const ordered of [false, true]) {
      const store = new Store()
      const table = store.table('rows', { key: number, value: number, ordered })
      for (let key = 0; key < 5_000; key++) table.set(key, key)
      const seen: [number, number][] = []

      for (const [key, value] of table.scan()) {
        if (seen.length === 0) for (let other = 0; other < 6_000; other++) table.set(other, -1)
        if (seen.length === 2_000) table.clear()
        if (seen.length === 3_000) for (let other = 0; other < 7_000; other++) table.set(other, -2)
        seen.push([key, value])
      }

      assert.deepEqual(
        seen.sort(([a], [b]) => a - b),
        Array.from({ length: 5_000 }, (_, key) => [key, key]),
      )
      assert.deepEqual([table.size, store.keptVersions], [7_000, 0])
    }
  })

  it('refuses a change that exceeds its limit, and has room again for what is deleted', () => {
    const table = new Store().table('rows', { key: number, value: number, bytesMax: 48 * 100 })
    for (let key = 0; key < 100; key++) table.set(key, key)

    assert.throws(() => table.set(100, 0), code('STATE_BYTES_EXCEEDED'))
    table.delete(7)
    table.set(100, 0)

    assert.deepEqual([table.size, table.get(100), table.usedBytes], [100, 0, 4_800])
  })

  it('L8 takes a million rows at any number of them, refuses none, and lets go of each', () => {
    const rowCount = 1_000_000
    const table = new Store().table('rows', { key: number, value: number })
    const placeOf = (row: number) => (row * 7_919) % rowCount

    for (let row = 0; row < rowCount; row++) table.set(placeOf(row), row)
    let right = 0
    for (let row = 0; row < rowCount; row++) right += Number(table.get(placeOf(row)) === row)
    assert.deepEqual([table.size, right, table.usedBytes], [rowCount, rowCount, 48 * rowCount])

    let deleted = 0
    for (let row = 0; row < rowCount; row++) deleted += Number(table.delete(row))
    assert.deepEqual([table.size, deleted, table.usedBytes], [0, rowCount, 0])
  })

  it('uses the room of large values again', () => {
    const table = new Store().table('rows', { key: number, value: bytes, bytesMax: 1 << 24 })
    for (let round = 0; round < 2_000; round++)
      table.set(round % 3, new Uint8Array(20_000 + ((round * 7_919) % 600_000)).fill(round))

    for (let key = 0; key < 3; key++) {
      const value = table.get(key)!
      assert.ok(value.every((byte) => byte === value[0]))
    }
    table.clear()
    assert.equal(table.usedBytes, 0)
  })

  it('refuses codecs that are none, and a codec of values for keys', () => {
    const store = new Store()
    for (const options of [
      {},
      { key: 'text', value: number },
      { key: json(), value: json() },
      { key: text, value: json },
    ])
      assert.throws(
        () => store.table('rows', options as { key: typeof text; value: typeof text }),
        code('CONFIG_INVALID_VALUE'),
      )
    assert.equal(store.table('rows', { key: text, value: number }).size, 0)
  })

  it('refuses a name and a zone map that are none', () => {
    const store = new Store()
    const zones = { at: 'at' as unknown as (value: number) => number }

    for (const name of ['', undefined as unknown as string])
      assert.throws(() => store.table(name, { key: text, value: number }), code('CONFIG_INVALID_VALUE'))
    assert.throws(() => store.table('rows', { key: text, value: number, zones }), code('CONFIG_INVALID_VALUE'))
    assert.equal(store.table('rows', { key: text, value: number }).size, 0)
  })

  it('refuses keys and values that it cannot keep', () => {
    const store = new Store()
    const strings = store.table('strings', { key: text, value: number })
    const positive = store.table('positive', {
      key: text,
      value: json<number>({
        '~standard': {
          version: 1,
          vendor: 'test',
          validate: (value) =>
            Number(value) > 0 ? { value: Number(value) } : { issues: [{ message: 'not positive' }] },
        },
      }),
    })

    for (const key of ['\ud800', 'x'.repeat(4_097), 'ä'.repeat(2_049)])
      assert.throws(() => strings.set(key, 1), code('STATE_VALUE_INVALID'))
    assert.throws(() => strings.set('a', NaN), {
      ...code('STATE_VALUE_INVALID'),
      message: 'expected a number, not NaN',
    })
    const circular: { self?: unknown } = {}
    circular.self = circular
    const any = store.table('any', { key: text, value: json<unknown>() })
    for (const value of [undefined, () => 1, 1n, circular])
      assert.throws(() => any.set('a', value), code('STATE_VALUE_INVALID'))
    assert.throws(() => positive.set('a', -1), /not positive/)
    positive.set('a', 1)
    assert.equal(positive.get('a'), 1)
    assert.throws(() => [...strings.scan({ from: 'a' })], code('STATE_TABLE_UNORDERED'))
    assert.throws(() => store.table('strings', { key: text, value: text }), code('STATE_TABLE_EXISTS'))
  })
})
