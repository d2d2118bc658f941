import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { logLine } from './log-line.ts'

describe('a line of the log for people', () => {
  it('tells what the sentence is about', () => {
    const facts = { app: 'shop', reason: 'NOT_JSON', topic: 'orders', partition: 0, offset: 17, cause: 'byte 0 is "<"' }

    assert.equal(
      logLine(facts, 'a record became a dead letter'),
      String.raw`a record became a dead letter (reason NOT_JSON, topic orders, partition 0, offset 17, cause "byte 0 is \"<\"")`,
    )
    assert.equal(
      logLine({ app: 'shop', deadLetters: { LATE: 3, NOT_JSON: 1 } }, 'more records became dead letters'),
      'more records became dead letters (deadLetters {"LATE":3,"NOT_JSON":1})',
    )
  })

  it('does not repeat what the sentence has named', () => {
    const facts = { app: 'shop', topic: 'orders', partition: 1, offset: 17, attempts: 8 }

    assert.equal(
      logLine({ ...facts, err: new Error('down') }, '"price" fails on offset 17 of partition 1 of topic "orders"'),
      '"price" fails on offset 17 of partition 1 of topic "orders" (attempts 8): down',
    )
    assert.equal(
      logLine({ ...facts, offset: 1 }, 'from offset 17 of partition 1 of topic "orders"'),
      'from offset 17 of partition 1 of topic "orders" (offset 1, attempts 8)',
    )
  })

  it('says of which correlation it is where that is not the first', () => {
    assert.deepEqual(
      ['shop', 'shop.by-customer'].map((app) => logLine({ app }, 'going on from the checkpoint', 'shop')),
      ['going on from the checkpoint', 'going on from the checkpoint (app shop.by-customer)'],
    )
  })

  it('moves no cursor, whatever records have made of a message', () => {
    const line = logLine({ cause: 'a\u001b[2J', counts: { '\u009b1m': 1 }, err: new Error('b\u001b[2J') }, 'c\u001b[2J')

    assert.equal(line, String.raw`c\u001b[2J (cause "a\u001b[2J", counts {"\u009b1m":1}): b\u001b[2J`)
  })

  it('is the sentence alone where there is no more to tell', () => {
    assert.equal(logLine({ app: 'shop', table: undefined }, 'Kafka answers again'), 'Kafka answers again')
  })
})
