import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KafkaError } from '../../core/errors.ts'
import { failureOf } from './thread.ts'
import { ThreadWaits } from './thread-waits.ts'

const failure = failureOf(new KafkaError('KAFKA_UNAVAILABLE', 'nothing answered'))

describe('ThreadWaits', () => {
  it('begins each wait of the thread once, and tells its failures', () => {
    const { told, waits } = start()

    waits.note({ kind: 'waiting', id: 1, what: 'joining' })
    waits.note({ kind: 'waiting', id: 1, what: 'joining', failure })
    waits.note({ kind: 'waiting', id: 2, what: 'heartbeat', failure })
    waits.end(1)

    assert.deepEqual(told, [
      'joining begins',
      'joining: nothing answered',
      'heartbeat begins',
      'heartbeat: nothing answered',
      'joining ends',
    ])
  })

  it('ends those that are open when the thread has ended, and no other one', () => {
    const { told, waits } = start()
    waits.note({ kind: 'waiting', id: 1, what: 'joining' })
    waits.note({ kind: 'waiting', id: 2, what: 'heartbeat' })
    waits.end(1)
    told.length = 0

    waits.endAll()
    waits.endAll()
    waits.end(1)

    assert.deepEqual(told, ['heartbeat ends'])
  })
})

function start() {
  const told: string[] = []
  const waits = new ThreadWaits({
    begin(what) {
      told.push(`${what} begins`)
      return { failed: ({ message }) => told.push(`${what}: ${message}`), end: () => told.push(`${what} ends`) }
    },
  })
  return { told, waits }
}
