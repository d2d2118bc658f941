import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RunReport } from './measured-run.ts'
import { runText } from './report-text.ts'

const account = {
  topic: 'orders',
  partition: 0,
  consumed: 2_010,
  pending: 1,
  emitted: 4,
  aggregated: 0,
  duplicate: 1,
  deadLettered: 2_000,
  filtered: 1,
  late: 0,
  expired: 1,
  superseded: 1,
  redriven: 0,
  lost: 1,
  skipped: 0,
}

const report: RunReport = {
  app: 'shop',
  isComplete: true,
  seconds: 1,
  aggregationRate: 2_010,
  correlationRate: 2,
  records: 2_010,
  mergedRecords: 2,
  sourceBytes: 1 << 20,
  pendingRows: 1,
  pendingRowsMax: 1,
  epochs: 3,
  rollbacks: 0,
  peakRssBytes: 1 << 27,
  cpuSeconds: 1,
  isBalanced: true,
  accounting: [account],
  deadLetters: [],
  streaks: [],
}

describe('the report of a run', () => {
  it('has a column for each class that there is, and names the others', () => {
    const [titles, numbers, others] = runText(report).split('\n').slice(-3)

    const [classes, absent] = [true, false].map((isThere) =>
      Object.entries(account).flatMap(([name, count]) =>
        name === 'topic' || (name !== 'partition' && Number(count) > 0 !== isThere) ? [] : [name],
      ),
    )
    assert.deepEqual(new Set(titles!.trim().split(/ +/)), new Set(classes))
    assert.equal(numbers!.trim().split(/ +/).length, classes!.length)
    assert.equal(others, `no record is ${absent!.filter((name) => name !== 'partition').join(', ')}`)
    assert.equal(runText(report).includes('dead letters'), false)
  })

  it('has a row for each partition of which something has been read, and counts the others', () => {
    const numbers = Object.keys(account).flatMap((name) => (name === 'topic' ? [] : [[name, 0] as const]))
    const unread = { ...account, ...Object.fromEntries(numbers) }
    const others = Array.from({ length: 199 }, (_, partition) => ({ ...unread, partition: partition + 1 }))

    const merging = { ...unread, consumed: 2_010, emitted: 2_000, deadLettered: 10 }

    const some = runText({ ...report, accounting: [merging, ...others] }).split('\n')
    const none = runText({ ...report, accounting: others }).split('\n')

    const below = (lines: string[]) => lines.slice(1 + lines.findIndex((line) => line.startsWith('accounting ')))
    assert.deepEqual(below(some).slice(0, 3), [
      'partition  consumed  emitted  deadLettered',
      '        0      2010     2000            10',
      'partitions of which nothing has been read: 199',
    ])
    assert.equal(below(none)[0], 'partitions of which nothing has been read: 199')
    assert.deepEqual(
      [...some, ...none].filter((line) => line.length > 80),
      [],
    )
  })

  it('names the topic of each partition where there are several', () => {
    const accounting = [account, { ...account, partition: 1 }, { ...account, topic: 'payments-of-the-day' }]
    const [titles, ...lines] = runText({ ...report, accounting })
      .split('\n')
      .slice(-5, -1)

    assert.match(titles!, /^topic +partition +consumed /)
    assert.deepEqual(
      lines.map((line) => line.split(/ +/).slice(0, 3)),
      [
        ['orders', '0', '2010'],
        ['orders', '1', '2010'],
        ['payments-of-the-day', '0', '2010'],
      ],
    )
    assert.equal(new Set([titles, ...lines].map((line) => line!.length)).size, 1)
  })

  it('tells dead letters by their reason, and last which topic everything of became one', () => {
    const streak = { topic: 'orders', reason: 'NOT_JSON', records: 2_000, isOver: false }
    const lines = runText({ ...report, deadLetters: [{ reason: 'NOT_JSON', count: 2_000 }], streaks: [streak] }).split(
      '\n',
    )

    assert.ok(lines.some((line) => /^dead letters +2,000 NOT_JSON$/.test(line)))
    assert.equal(
      lines.at(-1),
      'LOOK AT topic orders: the last 2,000 records in a row became dead letters (NOT_JSON); see millrace dead-letters --app shop',
    )
  })
})
