import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { json, number, text } from '../../state/index.ts'
import { field } from '../topology/field.ts'
import { planTopology } from '../topology/plan.ts'
import { stage } from '../topology/stage.ts'
import { table } from '../topology/table.ts'
import { topology } from '../topology/topology.ts'
import { TopicRows } from './topic-rows.ts'

describe('a table that a topic fills', () => {
  const positive: StandardSchemaV1<unknown, { readonly age: number }> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) => {
        const { age } = value as { age: number }
        return age > 0 ? { value: { age } } : { issues: [{ message: 'no age' }] }
      },
    },
  }
  const ages = table('ages', { topic: 'people', key: text, value: json(positive) })
  const empty = (declared = ages) => new TopicRows(declared)
  const put = (rows: TopicRows, key: string | Buffer | undefined, value: string | Buffer | undefined) => {
    const bytesOf = (each: string | Buffer | undefined) => (each === undefined ? undefined : Buffer.from(each))
    const error = rows.put(bytesOf(key), bytesOf(value))
    return error === undefined ? undefined : (error as Error).message
  }

  it('has the row that the last record of a key says, and none where that is none', () => {
    const rows = empty()
    assert.equal(put(rows, 'ada', '{"age":3,"more":1}'), undefined)
    assert.equal(Buffer.from(rows.get('ada')!).toString(), '{"age":3}')

    assert.match(put(rows, 'ada', '{"age":0}')!, /no age/)
    assert.equal(rows.get('ada'), undefined)
    put(rows, 'ada', '{"age":4}')
    assert.match(put(rows, 'ada', '{')!, /JSON/)
    put(rows, 'bo', '{"age":5}')
    put(rows, 'bo', undefined)

    assert.deepEqual([rows.size, rows.badCount], [0, 2])
  })

  it('refuses records without a key, and bytes that are not those of its codecs', () => {
    const rows = empty()
    assert.match(put(rows, undefined, '{"age":1}')!, /has none/)
    assert.match(put(rows, Buffer.from([0xff]), '{"age":1}')!, /not UTF-8/)
    assert.match(put(rows, 'x'.repeat(4_097), '{"age":1}')!, /4097 bytes/)
    assert.match(put(rows, Buffer.alloc(3_000, 0xff), '{"age":1}')!, /6000 bytes/)
    assert.equal(put(rows, 'x'.repeat(4_096), '{"age":1}'), undefined)
    assert.deepEqual([rows.size, rows.badCount], [1, 4])
  })

  it('takes no more than its bytesMax', () => {
    const rows = empty(table('small', { topic: 'people', key: text, value: json(positive), bytesMax: 1_024 }))
    assert.throws(
      () => {
        for (let id = 0; id < 100; id++) put(rows, `id-${id}`, '{"age":1}')
      },
      { code: 'STATE_BYTES_EXCEEDED' },
    )
  })

  it('is refused with a codec that no topic has, or a topic that the program writes to', () => {
    assert.throws(() => table('ages', { topic: 'people', key: number, value: text }), /numbers as text/)
    assert.throws(() => table('ages', { topic: 1 as never, key: text, value: text }), /topic of table "ages"/)
    const reading = (topic: string) =>
      planTopology(
        topology('orders')
          .tables(table('names', { topic, key: text, value: text }))
          .source('source')
          .route('by-side', field('side'), { A: stage(), B: stage() })
          .correlate('by-id', field('id'), { of: ['A', 'B'] })
          .sink('sink'),
      )
    assert.throws(() => reading('sink'), /is table and sink, which is a cycle/)
    assert.throws(() => reading('orders.dead-letter'), /which is a cycle/)
    reading('source')
  })
})
