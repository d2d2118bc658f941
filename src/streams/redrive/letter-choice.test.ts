import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ReadLetter } from '../admin/dead-letter-reader.ts'
import { redrivenRows } from './fixtures/redriven-rows.ts'
import { letterChoice } from './letter-choice.ts'

type Choice = Parameters<typeof letterChoice>[0]

const anything: Choice = { reason: undefined, key: undefined, since: undefined, until: undefined, origin: undefined }
const read = (reason: string): ReadLetter => ({
  letter: { reason, cause: '', topic: 'orders', origins: [{ topic: 'orders', partition: 3, offset: 41 }] },
  source: 'orders',
  isElsewhere: false,
  inSources: [{ topic: 'orders', partition: 3, offset: 41 }],
  consumed: [{ topic: 'orders', partition: 3, offset: 41 }],
  records: undefined,
  extent: undefined,
  timestampMs: 1,
  headerCount: 5,
})

/** Whether a letter is chosen that has this reason, the key `key`, and died at `diedAt`. */
function isChosen(choice: Partial<Choice>, { reason = 'STAGE_FAILED', diedAt = '2026-01-31T12:00:00Z' } = {}): boolean {
  const columns = redrivenRows(0, [undefined])
  columns.timestamp[0] = Date.parse(diedAt)
  return letterChoice({ ...anything, ...choice })(read(reason), columns, 0)
}

describe('letterChoice', () => {
  it('takes all but duplicates and expired rows, unless their reasons are named', () => {
    const reasons = ['STAGE_FAILED', 'NOT_JSON', 'DUPLICATE', 'COMPLETED', 'LATE', 'EXPIRED', 'EVICTED']

    assert.deepEqual(
      reasons.map((reason) => isChosen({}, { reason })),
      [true, true, false, false, false, false, false],
    )
    assert.deepEqual(
      reasons.map((reason) => isChosen({ reason: 'NOT_JSON, EXPIRED' }, { reason })),
      [false, true, false, false, false, true, false],
    )
  })

  it('takes those of a key, and of a time', () => {
    assert.deepEqual([isChosen({ key: 'key' }), isChosen({ key: 'ke' })], [true, false])
    const since = '2026-01-31T12:00:00Z'
    assert.deepEqual([isChosen({ since }), isChosen({ since }, { diedAt: '2026-01-31T11:59:59.999Z' })], [true, false])
    assert.deepEqual([isChosen({ until: since }), isChosen({ until: '2026-01-31T12:00:00.001Z' })], [false, true])
  })

  it('takes those of a topic, a partition or a place', () => {
    const chosen = ['orders', 'orders:3', 'orders:3@41', '3@41'].map((origin) => isChosen({ origin }))
    const others = ['order', 'orders:4', 'orders:3@4', '4@41'].map((origin) => isChosen({ origin }))

    assert.deepEqual([...chosen, ...others], [true, true, true, true, false, false, false, false])
  })

  it('refuses what is no time or place', () => {
    for (const choice of [{ since: 'yesterday' }, { until: '' }, { origin: 'orders:three' }, { origin: '' }]) {
      assert.throws(() => isChosen(choice), { code: 'CONFIG_INVALID_VALUE' })
    }
  })
})
