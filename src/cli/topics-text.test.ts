import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TopicsCheck } from '../streams/index.ts'
import { topicsText } from './topics-text.ts'

const check: TopicsCheck = {
  app: 'shop',
  isReady: false,
  topics: [
    { topic: 'orders', use: 'source', state: 'there', partitions: 1, warnings: [] },
    { topic: 'merged', use: 'merged records', state: 'missing', warnings: [] },
    {
      topic: 'shop.dead-letter',
      use: 'dead letters',
      state: 'there',
      partitions: 2,
      problem: 'X: wrong',
      warnings: [],
    },
    { topic: 'shop.checkpoint', use: 'checkpoint', state: 'absent', warnings: ['mind this'] },
  ],
  missingRights: [{ operation: 'Read', resource: 'topic', name: 'orders' }],
  grants: ['kafka-acls --add'],
}

describe('the check of topics', () => {
  it('tells each topic with what is wrong, and the commands that grant what is missing', () => {
    assert.deepEqual(topicsText(check).split('\n'), [
      'shop: a start would FAIL',
      '  orders            source          1 partition',
      '  merged            merged records  MISSING, or not to be seen with these rights',
      '  shop.dead-letter  dead letters    2 partitions, UNFIT',
      '    X: wrong',
      '  shop.checkpoint   checkpoint      not there, and created at the start',
      '    mind this',
      'rights are missing, which these commands grant:',
      'kafka-acls --add',
    ])
  })

  it('says that a start finds everything', () => {
    assert.equal(
      topicsText({ ...check, isReady: true, topics: check.topics.slice(0, 1), grants: [] }),
      'shop: a start finds all that it needs\n  orders  source  1 partition',
    )
  })
})
