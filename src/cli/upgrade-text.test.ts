import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { upgradeText } from './upgrade-text.ts'

describe('the plan of an upgrade', () => {
  const facts = { app: 'orders', epoch: 7, pending: 1_200 }

  it('says what is kept and what is migrated', () => {
    assert.equal(
      upgradeText({ ...facts, verdict: 'same', migrations: [] }),
      'orders, epoch 7: goes on as it is, with 1,200 pending parts',
    )
    assert.equal(
      upgradeText({
        ...facts,
        verdict: 'migrates',
        migrations: [
          { kind: 'version', side: 'A', was: 1, is: 2, pendingMax: 1 },
          { kind: 'side', side: 'note', pendingMax: 1_200 },
          { kind: 'source', topic: 'notes', pendingMax: 0 },
          { kind: 'removed', topic: 'north', pendingMax: 0 },
          { kind: 'returned', topic: 'south', pendingMax: 0 },
          { kind: 'key', side: 'B', was: 'field ["id"]', is: 'header "id" as text', pendingMax: 2 },
          { kind: 'decoding', topic: 'orders', was: 'json', is: 'confluentJson', pendingMax: 3 },
        ],
        forgets: 1_500,
      }),
      [
        'orders, epoch 7: goes on with 1,200 pending parts, after these changes',
        '  stage A: version 1 becomes 2; its parts among 1 pending part are made again from the source',
        '  side note is added: rows of 1,200 pending parts wait for it as new ones do',
        '  topic notes is read as well, from its start position',
        '  topic north is read no more, with 0 pending parts; what it has that is not read yet stays there',
        '  topic south is read again, from where that was left',
        '  key of side B: field ["id"] becomes header "id" as text; its parts among 2 pending parts are taken in again, and those are merged that complete a row by it',
        '  values of orders: json becomes confluentJson; 3 pending parts are taken in again',
        '  1,500 completed keys are forgotten: further parts of them are no duplicates',
      ].join('\n'),
    )
  })

  it('says why a start would be refused', () => {
    const refusal = { code: 'CHECKPOINT_INCOMPATIBLE', message: 'the key differs' }
    assert.equal(
      upgradeText({ ...facts, verdict: 'refused', migrations: [], refusal }),
      'orders, epoch 7: does NOT start, and 1,200 pending parts stay as they are\nCHECKPOINT_INCOMPATIBLE: the key differs',
    )
  })
})
