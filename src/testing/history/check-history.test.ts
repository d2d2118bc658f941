import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { json, Store, text as textCodec } from '../../state/index.ts'
import { checkHistory, HistoryRecorder, type ObservedTransaction } from '../index.ts'

type Outcome = ObservedTransaction['outcome']

/**
 * A history as text: a transaction is `[start-end] operations`, with `a x 1` for an append and `r x 1,2` for a read,
 * and `!` in front where it was aborted. Without times all run at once.
 */
function history(...transactions: string[]): ObservedTransaction[] {
  return transactions.map((text, id) => {
    const [, aborted, start, end, rest] = /^(!?)(?:\[(\d+)-(\d+)\] )?(.*)$/.exec(text)!
    const outcome: Outcome = aborted === '!' ? 'aborted' : 'committed'
    const operations = rest!.split('; ').map((operation) => {
      const [kind, key, values = ''] = operation.split(' ')
      const elements = values === '' ? [] : values.split(',').map(Number)
      return kind === 'a'
        ? ({ kind: 'append', key: key!, element: elements[0]! } as const)
        : ({ kind: 'read', key: key!, elements } as const)
    })
    return { id, outcome, startedAt: Number(start ?? id), endedAt: Number(end ?? 1_000 + id), operations }
  })
}

describe('checkHistory', () => {
  const known: [name: string, kinds: string[], history: ObservedTransaction[]][] = [
    [
      'a serial history',
      [],
      history('[1-2] r x ; a x 1', '[3-4] r x 1; a x 2; a y 3', '[5-6] r x 1,2; r y 3', '[7-8] r x 1,2'),
    ],
    [
      'transactions at once that can be put in order',
      [],
      history('r x ; a y 1', 'a x 2; a x 3', 'r x 2,3; r y 1', 'r x 2,3; r y 1'),
    ],
    ['a dirty write', ['G0'], history('a x 1; a y 2', 'a x 3; a y 4', 'r x 1,3; r y 4,2')],
    ['an aborted read', ['G1a'], history('!a x 1', 'r x 1')],
    ['a read of what nobody wrote', ['G1a'], history('r x 7')],
    ['an intermediate read', ['G-single', 'G1b'], history('a x 1; a x 2', 'r x 1', 'r x 1,2')],
    ['circular information flow', ['G1c'], history('a x 1; r y 2', 'a y 2; r x 1')],
    ['a lost update', ['G-single'], history('r x ; a x 1', 'r x ; a x 2', 'r x 1,2')],
    ['a read skew', ['G-single'], history('r x ; r y 2', 'a x 1; a y 2', 'r x 1')],
    ['a write skew', ['G2'], history('r x ; a y 1', 'r y ; a x 2', 'r x 2; r y 1')],
    ['a write skew of three', ['G2'], history('r x ; a y 1', 'r y ; a z 2', 'r z ; a x 3', 'r x 3; r y 1; r z 2')],
    [
      'the anomaly of a reader between two writers',
      ['G2'],
      history('r x ; r y 2', 'r x ; a y 2', 'a x 1', 'r x 1; r y '),
    ],
    ['reads that contradict each other', ['G-single', 'order'], history('a x 1', 'a x 2', 'r x 1', 'r x 2,1')],
    ['a transaction that does not see its own write', ['internal'], history('a x 1; r x ', 'r x 1')],
    ['an append that is applied twice', ['duplicate'], history('a x 1', 'r x 1,1')],
    ['a transaction that reads twice, differently', ['internal'], history('r x ; r x 1', 'a x 1', 'r x 1')],
    ['a read of an old state', ['stale'], history('[1-2] a x 1', '[3-4] r x ', '[5-6] r x 1')],
    ['an append that is lost', ['stale'], history('[1-2] a x 1', '[3-4] r x ')],
    [
      'an append that another one writes over, which knows of an append elsewhere that comes after it',
      ['stale'],
      history('[1-4] a x 1; a y 3', '[2-3] a x 2', '[5-6] r y 3; a x 4', '[7-8] r x 2,4; r y 3'),
    ],
    [
      'lists that are old, each in its own way',
      ['G2', 'stale', 'stale'],
      history('[1-2] a x 1', '[3-4] r x ; a y 2', '[5-6] r y ; r x 1', '[7-8] r x 1; r y 2'),
    ],
  ]
  for (const [name, kinds, observed] of known) {
    it(kinds.length === 0 ? `finds nothing in ${name}` : `finds ${name}`, () => {
      const found = checkHistory(observed)

      assert.deepEqual(found.map(({ kind }) => kind).sort(), kinds, JSON.stringify(found))
    })
  }

  it('names the transactions of a circle in their order, and what each has to do with the next one', () => {
    const [found] = checkHistory(history('r x ; a y 1', 'r y ; a x 2', 'r x 2; r y 1'))

    assert.deepEqual(found, {
      kind: 'G2',
      transactions: [0, 1],
      text: 'T0 reads what is written over by T1 (x), T1 reads what is written over by T0 (y)',
    })
  })

  it('takes a transaction of unknown outcome as committed where it was read', () => {
    const [writer, reader] = history('a x 1', 'r x 1')

    assert.deepEqual(checkHistory([{ ...writer!, outcome: 'unknown' }, reader!]), [])
  })

  it('refuses a history in which it would find nothing, whatever there is', () => {
    const [first, second] = history('r x ; a y 1', 'r y ; a x 2')
    const noList = { kind: 'read', key: 'x', elements: 'none' as unknown as number[] } as const

    for (const wrong of [
      [first!, { ...second!, id: 0 }],
      history('a x 1', 'a x 1', 'r x 1'),
      [{ ...first!, operations: [noList] }],
    ])
      assert.throws(() => checkHistory(wrong), { code: 'HISTORY_INVALID' })
    assert.deepEqual(checkHistory([]), [])
  })

  it('finds nothing in transactions that were run again after conflicts, and noted the last run', async () => {
    const recorder = new HistoryRecorder()
    const store = new Store()
    const lists = store.table('lists', { key: textCodec, value: json<readonly number[]>() })
    let runs = 0
    const append = async () => {
      const recorded = recorder.begin()
      await store.transact({ retriesMax: 100 }, async (tx) => {
        runs++
        recorded.restart()
        const elements = tx.get(lists, 'x') ?? []
        recorded.read('x', elements)
        await Promise.resolve()
        tx.set(lists, 'x', [...elements, recorded.append('x')])
      })
      recorded.end('committed')
    }

    await Promise.all([append(), append(), append()])

    assert.deepEqual([checkHistory(recorder.history), lists.get('x')?.length], [[], 3])
    assert.ok(runs > 3)
  })
})
