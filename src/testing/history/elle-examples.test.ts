import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AnomalyKind, checkHistory, type ObservedTransaction, type Operation } from '../index.ts'

/**
 * Histories that the tests of Elle have, in its notation, with what it finds in them in the words of this checker:
 * `ax1` appends 1 to x, `rx12` reads 1 and 2 in x, `!` is in front of one that has failed. Where they have no times, all
 * run at once.
 *
 * @see https://github.com/jepsen-io/elle, `test/elle/list_append_test.clj`
 */
const examples: readonly [name: string, history: string[], kinds: AnomalyKind[]][] = [
  ['figure 3 of Adya, Liskov and O’Neil, which is serializable', ['az1ax1ay1', 'rx1ay2', 'ry12az3', 'rz13'], []],
  ['a read of the empty list before an append', ['rx', 'ax1', 'rx1'], []],
  ['an internal read between two appends', ['ax1rx1ax2'], []],
  ['G0', ['ax1ay1', 'ax2ay2', 'rx12ry21'], ['G0']],
  ['G1a', ['!ax1', 'rx1'], ['G1a']],
  ['G1a, twice, and a read of what nobody wrote', ['rx1ax2', 'rx12ry3', '!ax1'], ['G1a', 'G1a', 'G1a']],
  ['G1b, which is G-single as well', ['ax1ax2', 'rx1'], ['G-single', 'G1b']],
  ['G1c', ['ax1ry1', 'ax2ay1', 'rx12ry1'], ['G1c']],
  ['G-single', ['ax1ay1', 'ax2ry', 'rx12'], ['G-single']],
  ['G2', ['ax1ry', 'ay1rx'], ['G2']],
  ['G2 with a read of both', ['rxay1', 'ryax1', 'rx1ry1'], ['G2']],
  ['contradictory orders of reads', ['ax1ry1', 'ax2', 'ax3ay1', 'rx13', 'rx123'], ['G1c', 'order']],
  ['a violation of strong snapshot isolation', ['0-1 ax1', '2-3 ax2', '4-5 rx1', '6-7 rx12'], ['stale']],
  ['G-nonadjacent over time', ['0-1 rxrz1', '2-3 ax1', '4-5 rz', '6-7 az1'], ['stale']],
]

/** The same within one transaction, whatever else is wrong with it. */
const internal: readonly [name: string, transaction: string][] = [
  ['a stale read', 'rx12ax3rx12'],
  ['a read that begins otherwise', 'rx12ax3rx023'],
  ['a read that goes on', 'rx12ax3rx1234'],
  ['a short read', 'rx12ax3rx1'],
  ['a read that does not end with the own append', 'ax3rx1234'],
  ['an empty read after an append', 'ax3rx'],
  ['a read of what is appended later', 'rx012ax1'],
  ['a read of what is appended after an own append', 'ax1rx01ax0ax3'],
]

describe('checkHistory, on the examples of Elle,', () => {
  for (const [name, texts, kinds] of examples) {
    it(kinds.length === 0 ? `finds nothing in ${name}` : `finds ${name}`, () => {
      const found = checkHistory(texts.map(transaction))

      assert.deepEqual(found.map(({ kind }) => kind).sort(), kinds, JSON.stringify(found))
    })
  }

  for (const [name, text] of internal) {
    it(`finds ${name} within a transaction`, () => {
      const kinds = checkHistory([transaction(text, 0)]).map(({ kind }) => kind)

      assert.ok(kinds.includes('internal'), kinds.join())
    })
  }
})

function transaction(text: string, id: number): ObservedTransaction {
  const [, failed, start, end, operations] = /^(!?)(?:(\d)-(\d) )?(.*)$/.exec(text)!
  return {
    id,
    outcome: failed === '!' ? 'aborted' : 'committed',
    startedAt: Number(start ?? id),
    endedAt: Number(end ?? 1_000 + id),
    operations: Array.from(operations!.matchAll(/([ar])([xyz])(\d*)/g), ([, kind, key, digits]): Operation => {
      const elements = Array.from(digits!, Number)
      return kind === 'a' ? { kind: 'append', key: key!, element: elements[0]! } : { kind: 'read', key: key!, elements }
    }),
  }
}
