import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Clock, systemClock } from '../core/clock.ts'
import { seededRandom } from '../core/random.ts'
import { errorCode } from '../protocol/index.ts'
import { FetchSessions, type SessionRequest } from './fetch-sessions.ts'

const sessionsMax = 1_000
const partitionsMax = 10_000
const idleMsMax = 120_000

describe('fetch sessions', () => {
  it('are a thousand at most, until one has rested for two minutes', () => {
    const { sessions, advance } = start()
    const ids = Array.from({ length: sessionsMax }, () => begin(sessions))

    const refused = begin(sessions)
    advance(idleMsMax)
    const used = sessions.open({ ...request(0), sessionId: ids[0]!, sessionEpoch: 1 })
    advance(1)
    const granted = begin(sessions)

    assert.equal(refused, 0)
    assert.equal(typeof used, 'object')
    assert.notEqual(granted, 0)
    const evicted = sessions.open({ ...request(0), sessionId: ids[1]!, sessionEpoch: 1 })
    assert.equal(evicted, errorCode.fetchSessionIdNotFound)
  })

  it('have a limit of partitions, from the first or with later ones', () => {
    const { sessions } = start()

    const refused = begin(sessions, partitionsMax + 1)
    const sessionId = begin(sessions, partitionsMax)
    const grown = sessions.open({ ...request(partitionsMax + 1), sessionId, sessionEpoch: 1 })
    const after = sessions.open({ ...request(0), sessionId, sessionEpoch: 2 })

    assert.equal(refused, 0)
    assert.deepEqual([grown, after], [errorCode.fetchSessionIdNotFound, errorCode.fetchSessionIdNotFound])
  })
})

function start() {
  let nowMs = 0
  const clock: Clock = { ...systemClock, monotonicMs: () => nowMs }
  const advance = (byMs: number) => (nowMs += byMs)
  return { sessions: new FetchSessions(clock, seededRandom(1)), advance }
}

function begin(sessions: FetchSessions, partitionCount = 1): number {
  const opened = sessions.open(request(partitionCount))
  assert.ok(typeof opened === 'object')
  return opened.tell([]).sessionId
}

function request(partitionCount: number): SessionRequest {
  const wanted = Array.from({ length: partitionCount }, (_, partition) => ({
    topic: 'orders',
    topicId: '',
    partition,
    currentLeaderEpoch: -1,
    fetchOffset: 0,
    partitionMaxBytes: 1,
  }))
  return { sessionId: 0, sessionEpoch: 0, wanted, forgotten: [], isById: false }
}
