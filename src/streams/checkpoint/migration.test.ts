import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { orders } from '../fixtures/orders.ts'
import { planTopology } from '../topology/plan.ts'
import { areKeysMoved, isRetaken, migrationOf } from './migration.ts'
import { differences, shapeOf, type TopologyShape } from './topology-shape.ts'

const before = shapeOf(planTopology(orders))
const [A, B] = before.sides as [TopologyShape['sides'][number], TopologyShape['sides'][number]]
const [source] = before.sources as [TopologyShape['sources'][number]]
const note = { ...A, name: 'note', isOptional: true }

/** What a start migrates, and what it is refused for. */
function outcomeOf(changes: Partial<TopologyShape>): unknown[] {
  const now = { ...before, ...changes }
  const { shape, migrations } = migrationOf({ topology: before }, now)
  return [migrations, differences(shape, now)]
}

describe('the migration of a checkpoint', () => {
  it('does nothing for the same program', () => {
    assert.deepEqual(outcomeOf({}), [[], []])
  })

  it('takes another version of a stage, newer or older', () => {
    for (const version of [0, 2]) {
      const outcome = outcomeOf({ sides: [A, { ...B, version }] })
      assert.deepEqual(outcome, [[{ kind: 'version', side: 'B', was: 1, is: version }], []])
    }
  })

  it('takes further optional sides after the others, and no required ones', () => {
    assert.deepEqual(outcomeOf({ sides: [A, B, note] }), [[{ kind: 'side', side: 'note' }], []])
    assert.deepEqual(outcomeOf({ sides: [A, B, note, { ...A, name: 'C' }] })[0], [])
    assert.notDeepEqual(outcomeOf({ sides: [A, B, { ...A, name: 'C' }] })[1], [])
    assert.notDeepEqual(outcomeOf({ sides: [note, A, B] })[1], [])
  })

  it('takes further sources, wherever they stand', () => {
    const more = { topic: 'more', route: { side: 'A' } }
    const migrations = [{ kind: 'source', topic: 'more' }]
    assert.deepEqual(outcomeOf({ sources: [source, more] }), [migrations, []])
    assert.deepEqual(outcomeOf({ sources: [more, source] }), [migrations, []])
    assert.deepEqual(outcomeOf({ sources: [more] })[0], [])
    assert.notDeepEqual(outcomeOf({ sources: [more] })[1], [])
  })

  it('takes keys in another place or of another kind, and values that are something else', () => {
    for (const [key, text] of [
      [['other'], 'field ["other"]'],
      [{ field: ['key'], as: 'string' }, 'field ["key"] as a string'],
      [{ header: 'key', as: 'text' }, 'header "key" as text'],
    ] as const) {
      const migration = { kind: 'key', side: 'A', was: 'field ["key"]', is: text } as const
      assert.deepEqual(outcomeOf({ sides: [{ ...A, key }, B] }), [[migration], []])
      assert.deepEqual([isRetaken([migration]), areKeysMoved([migration])], [true, true])
    }
    const migration = { kind: 'decoding', topic: 'source', was: 'json', is: 'confluentJson' } as const
    assert.deepEqual(outcomeOf({ sources: [{ ...source, decode: 'confluentJson' }] }), [[migration], []])
    assert.deepEqual([isRetaken([migration]), areKeysMoved([migration])], [true, false])
    const back = migrationOf({ topology: { ...before, sources: [{ ...source, decode: 'confluentJson' }] } }, before)
    assert.deepEqual(back.shape, before)
  })

  it('takes a source away, and back, but none in place of another', () => {
    const more = { topic: 'more', route: { side: 'A' } }
    const both = { ...before, sources: [source, more] }
    const removed = migrationOf({ topology: both }, before)
    assert.deepEqual(removed, { shape: before, migrations: [{ kind: 'removed', topic: 'more' }] })
    const returned = migrationOf({ topology: before, former: [{ topic: 'more', id: 'id' }] }, both)
    assert.deepEqual(returned, { shape: both, migrations: [{ kind: 'returned', topic: 'more' }] })
    const others = { ...before, sources: [source, { ...more, topic: 'other' }] }
    const replaced = migrationOf({ topology: both }, others)
    assert.deepEqual(replaced.migrations, [])
    assert.notDeepEqual(differences(replaced.shape, others), [])
  })

  it('leaves anything else to differ', () => {
    assert.notDeepEqual(outcomeOf({ sides: [A] })[1], [])
    assert.notDeepEqual(outcomeOf({ sides: [B, A] })[1], [])
    assert.notDeepEqual(outcomeOf({ sources: [{ ...source, route: ['other'] }] })[1], [])
  })
})
