import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deadLetterReasons, Reason } from '../../kernel/index.ts'
import { VirtualClock } from '../../testing/index.ts'
import { DeadLetterNotice } from './dead-letter-notice.ts'

const first = { topic: 'orders', partition: 3, offset: 17, cause: 'it begins with "<"' }
const firstLine = [
  { app: 'shop', reason: 'NOT_JSON', ...first },
  `a record became a dead letter: ${deadLetterReasons[Reason.NOT_JSON]!.text}`,
]

describe('the log of dead letters', () => {
  it('tells of the first of a reason, with its place and cause, once it is committed', () => {
    const { notice, told } = start()

    notice.written(Reason.NOT_JSON, first)
    notice.written(Reason.NOT_JSON, { ...first, offset: 18 })
    assert.deepEqual(told, [])
    notice.committed(counts({ NOT_JSON: 1 }))

    assert.deepEqual(told, [firstLine])
  })

  it('counts the others by reason, once a minute while there are any', async () => {
    const { notice, told, clock } = start()
    notice.written(Reason.NOT_JSON, first)
    notice.committed(counts({ NOT_JSON: 5 }))

    await clock.advance(30_000)
    notice.committed(counts({ NOT_JSON: 9 }))
    assert.equal(told.length, 1)
    await clock.advance(30_000)
    assert.deepEqual(told.slice(1), [
      [{ app: 'shop', deadLetters: { NOT_JSON: 8 } }, 'more records became dead letters'],
    ])
    await clock.advance(600_000)
    assert.equal(told.length, 2, 'nothing is told while there are none')

    notice.committed(counts({ NOT_JSON: 10 }))
    await clock.advance(0)
    assert.deepEqual(told.at(-1), [{ app: 'shop', deadLetters: { NOT_JSON: 1 } }, 'more records became dead letters'])
    assert.equal(clock.pendingTimers, 0)
  })

  it('says nothing of an epoch that was rolled back, and tells of the first one when it is repeated', () => {
    const { notice, told } = start()

    notice.written(Reason.NOT_JSON, first)
    notice.committed(counts({}))
    assert.deepEqual(told, [])
    notice.written(Reason.NOT_JSON, first)
    notice.committed(counts({ NOT_JSON: 1 }))

    assert.deepEqual(told, [firstLine])
  })

  it('counts at the end what was not told yet', () => {
    const { notice, told, clock } = start()
    notice.written(Reason.NOT_JSON, first)
    notice.committed(counts({ NOT_JSON: 3 }))

    notice.stop()

    assert.deepEqual(told.at(-1), [{ app: 'shop', deadLetters: { NOT_JSON: 2 } }, 'more records became dead letters'])
    assert.equal(clock.pendingTimers, 0)
  })
})

function counts(given: Partial<Record<keyof typeof Reason, number>>): Float64Array {
  const all = new Float64Array(deadLetterReasons.length)
  for (const [name, count] of Object.entries(given)) all[Reason[name as keyof typeof Reason]] = count
  return all
}

function start() {
  const told: unknown[] = []
  const clock = new VirtualClock()
  const logger = { debug() {}, error() {}, info() {}, warn: (...line: unknown[]) => void told.push(line) }
  return { clock, told, notice: new DeadLetterNotice('shop', logger, clock) }
}
