import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RedriveReport } from '../streams/index.ts'
import { redrivenOf, redriveText } from './redrive-text.ts'

const none = { redriven: 0, alreadyRedriven: 0, gone: 0, ofFlatMaps: 0, foreign: 0 }
const report: RedriveReport = {
  app: 'orders',
  reasons: [
    { ...none, reason: 'STAGE_FAILED', letters: 1_200, redriven: 1_000, alreadyRedriven: 200 },
    { ...none, reason: 'MERGE_FAILED', letters: 3, gone: 2, foreign: 1 },
    { ...none, reason: 'NOT_JSON', letters: 1, alreadyRedriven: 1 },
  ],
  redriven: 1_000,
  isDryRun: true,
  isRunning: false,
}

describe('redriveText', () => {
  it('says of a dry run what would happen', () => {
    assert.equal(
      redriveText(report),
      [
        'STAGE_FAILED: 1,200 dead letters, 1,000 would be redriven, 200 were redriven before',
        'MERGE_FAILED: 3 dead letters, 2 only refer to records that are gone from the source, 1 are of sources that it does not read, or from before a reset',
        'NOT_JSON: 1 dead letter, 1 was redriven before',
        'Nothing has been done: give --yes to do it.',
      ].join('\n'),
    )
  })

  it('says of each subtopology what it would do, and once that nothing has been done', () => {
    const next = { ...report, app: 'orders.by-customer', reasons: [], redriven: 0 }
    const lines = redriveText({ ...report, next }).split('\n')

    assert.match(lines[0]!, /^orders, STAGE_FAILED: 1,200 dead letters, 1,000 would be redriven/)
    assert.deepEqual(lines.slice(3), [
      'orders.by-customer: no such dead letters',
      'Nothing has been done: give --yes to do it.',
    ])
    assert.equal(redrivenOf({ ...report, next: { ...next, redriven: 5 } }), 1_005)
  })

  it('says when the program takes them in, where there is anything', () => {
    const lines = (changes: Partial<RedriveReport>) =>
      redriveText({ ...report, isDryRun: false, ...changes }).split('\n')

    assert.equal(lines({}).at(-1), 'orders does not run: its next start takes them in.')
    assert.match(lines({ isRunning: true }).at(-1)!, /^orders runs/)
    assert.equal(lines({ redriven: 0 }).length, 3)
    assert.deepEqual(lines({ reasons: [] }), ['orders: no such dead letters'])
  })
})
