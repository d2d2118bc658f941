import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeNameTable } from './name-table.ts'
import { encodeJsonString } from './quote.ts'
import { ScannerMachine } from './scanner-machine.ts'

/** A machine with one table. */
class Names {
  readonly #machine = new ScannerMachine()
  readonly #table: number

  constructor(...[names, scopes]: Parameters<typeof encodeNameTable>) {
    this.#table = this.#machine.place(encodeNameTable(names, scopes))
  }

  /** Looks up a spelling, quotes included. */
  find(spelling: string, scope = 0): number {
    const { run } = this.#machine
    const bytes = new TextEncoder().encode(spelling)
    const start = this.#machine.stage(bytes, 0, bytes.length)
    const lookUp = spelling.includes('\\') ? run.findEscapedName : run.findName
    return lookUp(this.#table, start + 1, start + bytes.length - 1, scope)
  }
}

describe('a table of names', () => {
  it('finds each of its names, of any length, and nothing that differs in one byte', () => {
    const names = Array.from({ length: 40 }, (_, length) => 'abcdefghij'.repeat(4).slice(0, length))
    const table = new Names(names)

    names.forEach((name, index) => {
      assert.equal(table.find(`"${name}"`), index)
      for (let at = 0; at < name.length; at++) {
        assert.equal(table.find(`"${name.slice(0, at)}X${name.slice(at + 1)}"`), -1)
      }
    })
  })

  it('tells names of one beginning apart by their lengths', () => {
    const table = new Names(['a'.repeat(10)])

    for (let length = 0; length < 2000; length++) {
      assert.equal(table.find(`"${'a'.repeat(length)}"`), length === 10 ? 0 : -1)
    }
  })

  it('finds a name in every spelling with escapes', () => {
    const table = new Names(['stage', 'é', '😀', '\ud800', 'a"b'])

    assert.equal(table.find('"\\u0073t\\u0061ge"'), 0)
    assert.equal(table.find('"\\u00E9"'), 1)
    assert.equal(table.find('"\\ud83d\\uDE00"'), 2)
    assert.equal(table.find('"\\ud800"'), 3)
    assert.equal(table.find('"a\\"b"'), 4)
    assert.equal(table.find('"\\udc00"'), -1)
    assert.equal(table.find(`"${'\\u0061'.repeat(100)}"`), -1)
  })

  it('finds its names by the bytes of any string', () => {
    const names = ['é', '日本語', 'Straße', '😀😀']
    const table = new Names(names)

    names.forEach((name, index) => {
      const spelling = new TextDecoder().decode(encodeJsonString(name))
      assert.equal(table.find(spelling), index)
    })
  })

  it('keeps scopes apart', () => {
    const table = new Names(['a', 'a', 'customerId'], [1, 2, 1])

    for (let scope = 0; scope < 2000; scope++) {
      assert.equal(table.find('"a"', scope), scope === 1 ? 0 : scope === 2 ? 1 : -1)
      assert.equal(table.find('"customerId"', scope), scope === 1 ? 2 : -1)
    }
  })

  it('finds nothing where there are no names', () => {
    assert.equal(new Names([]).find('""'), -1)
  })

  it('refuses two equal names in one scope', () => {
    assert.throws(() => new Names(['a', 'b', 'a']), /distinct/)
  })
})
