import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { explanationText } from './explanation-text.ts'

describe('the explanation of a key', () => {
  it('leads back through the correlations before, and on through those after', () => {
    const place = (topic: string, offset: number) => ({ topic, partition: 0, offset })
    const published = { ...place('shop.c', 3), timestampMs: 0, missing: [], isExpired: false }
    const lines = explanationText({
      app: 'shop.second',
      sources: ['shop.b', 'ends'],
      key: '"c-1"',
      published: [{ ...published, parts: [{ side: 'b', ...place('shop.b', 2) }] }],
      deadLetters: [],
      earlier: [
        {
          app: 'shop.first',
          record: place('shop.b', 2),
          key: 'o-1',
          parts: [{ side: 'a', ...place('shop.a', 1) }],
          earlier: [{ app: 'shop', record: place('shop.a', 1), parts: [] }],
        },
      ],
      onward: [{ app: 'shop.third', record: place('shop.c', 3), state: 'pending', published: [], deadLetters: [] }],
    }).split('\n')

    assert.deepEqual(lines.slice(4), [
      'before shop.first, of shop.b 0@2',
      '  merged as key o-1, from a shop.a 0@1',
      'before shop, of shop.a 0@1',
      '  its record is gone, with what it was merged of',
      'then shop.third, of shop.c 0@3',
      '  waits',
    ])
  })

  it('moves no cursor, whatever a record has made of the cause of its dead letter', () => {
    const place = { topic: 'orders', partition: 0, offset: 1 }
    const letter = { reason: 'MAP_FAILED', cause: 'a\u001b[2J', topic: 'orders', origins: [place] }
    const found = { ...place, topic: 'shop.dead-letter', timestampMs: 0, letter }
    const text = explanationText({ app: 'shop', sources: ['orders'], key: '1', published: [], deadLetters: [found] })

    assert.match(text, /^dead letter: MAP_FAILED, a\\u001b\[2J$/m)
  })

  it('tells that records are gone among which those of the key may be', () => {
    const goneParts = [{ topic: 'orders', partition: 3, count: 1_200 }]
    const nothing = { published: [], deadLetters: [] }

    assert.deepEqual(
      explanationText({ app: 'shop', sources: ['orders'], key: '1', ...nothing, goneParts }).split('\n'),
      [
        'shop, key 1',
        'no record of it is known',
        'of topic orders, partition 3: records of 1,200 pending parts are gone, of whatever keys',
      ],
    )
  })
})
