import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NameTable } from './name-table.ts'
import { encodeJsonString } from './quote.ts'
import { ValueKind } from './value-kind.ts'

const { PLAIN_STRING, ESCAPED_STRING, PLAIN_INTEGER } = ValueKind

/** Looks up a spelling, quotes included, at the end of the memory but for the closing brace of its record. */
function find(table: NameTable, spelling: string, kind: ValueKind, scope?: number): number {
  const bytes = new TextEncoder().encode(`${spelling}}`)
  return table.findValue(bytes, new DataView(bytes.buffer), 0, bytes.length - 1, kind, scope)
}

describe('NameTable', () => {
  it('finds each of its names, of any length, and nothing that differs in one byte', () => {
    const names = Array.from({ length: 40 }, (_, length) => 'abcdefghij'.repeat(4).slice(0, length))
    const table = new NameTable(names)

    names.forEach((name, index) => {
      assert.equal(find(table, `"${name}"`, PLAIN_STRING), index)
      for (let at = 0; at < name.length; at++) {
        assert.equal(find(table, `"${name.slice(0, at)}X${name.slice(at + 1)}"`, PLAIN_STRING), -1)
      }
    })
  })

  it('tells names of one beginning apart by their lengths', () => {
    const table = new NameTable(['a'.repeat(10)])

    for (let length = 0; length < 2000; length++) {
      assert.equal(find(table, `"${'a'.repeat(length)}"`, PLAIN_STRING), length === 10 ? 0 : -1)
    }
  })

  it('finds a name in every spelling with escapes', () => {
    const table = new NameTable(['stage', 'é', '😀', '\ud800', 'a"b'])

    assert.equal(find(table, '"\\u0073t\\u0061ge"', ESCAPED_STRING), 0)
    assert.equal(find(table, '"\\u00E9"', ESCAPED_STRING), 1)
    assert.equal(find(table, '"\\ud83d\\uDE00"', ESCAPED_STRING), 2)
    assert.equal(find(table, '"\\ud800"', ESCAPED_STRING), 3)
    assert.equal(find(table, '"a\\"b"', ESCAPED_STRING), 4)
    assert.equal(find(table, '"\\udc00"', ESCAPED_STRING), -1)
    assert.equal(find(table, `"${'\\u0061'.repeat(100)}"`, ESCAPED_STRING), -1)
  })

  it('finds its names by the bytes of any string', () => {
    const names = ['é', '日本語', 'Straße', '😀😀']
    const table = new NameTable(names)

    names.forEach((name, index) => {
      const spelling = new TextDecoder().decode(encodeJsonString(name))
      assert.equal(find(table, spelling, PLAIN_STRING), index)
    })
  })

  it('keeps scopes apart', () => {
    const table = new NameTable(['a', 'a', 'customerId'], [1, 2, 1])

    for (let scope = 0; scope < 2000; scope++) {
      assert.equal(find(table, '"a"', PLAIN_STRING, scope), scope === 1 ? 0 : scope === 2 ? 1 : -1)
      assert.equal(find(table, '"customerId"', PLAIN_STRING, scope), scope === 1 ? 2 : -1)
    }
  })

  it('finds nothing in values that are no strings', () => {
    assert.equal(find(new NameTable(['1', '']), '1', PLAIN_INTEGER), -1)
    assert.equal(find(new NameTable([]), '""', PLAIN_STRING), -1)
  })

  it('refuses two equal names in one scope', () => {
    assert.throws(() => new NameTable(['a', 'b', 'a']), /distinct/)
  })
})
