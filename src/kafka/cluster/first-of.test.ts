import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { settled } from '../../../test/kafka-peer/index.ts'
import { KafkaError } from '../../core/errors.ts'
import { VirtualClock } from '../../testing/index.ts'
import { firstOf } from './first-of.ts'

const passing = new KafkaError('KAFKA_CONNECTION_FAILED', 'nothing listens there')
const lasting = new KafkaError('KAFKA_TLS_FAILED', 'its certificate has expired')

describe('firstOf', () => {
  it('makes no second attempt where the first succeeds', async () => {
    const { attempts, result } = start(2)

    attempts[0]!.resolve('first')

    assert.equal(await result, 'first')
    assert.equal(attempts[1]!.isMade, false)
  })

  it('makes the next attempt as soon as one fails', async () => {
    const { attempts, result } = start(2)

    attempts[0]!.reject(passing)
    await settled()
    attempts[1]!.resolve('second')

    assert.equal(await result, 'second')
  })

  it('makes the next attempt beside one that takes too long, and says which ones were overtaken', async () => {
    const { attempts, clock, overtaken, result } = start(3)

    await clock.advance(999)
    assert.equal(attempts[1]!.isMade, false)
    await clock.advance(1)
    attempts[1]!.reject(passing)
    await settled()
    attempts[2]!.resolve('third')

    assert.equal(await result, 'third')
    assert.deepEqual(overtaken, [0])
  })

  it('takes a first attempt that succeeds after all', async () => {
    const { attempts, clock, overtaken, result } = start(2)
    await clock.advance(1_000)

    attempts[0]!.resolve('first')

    assert.equal(await result, 'first')
    assert.deepEqual(overtaken, [])
  })

  it('fails as the last one does where all fail', async () => {
    const { attempts, result } = start(2)
    const failed = assert.rejects(result, passing)

    attempts[0]!.reject(new KafkaError('KAFKA_CONNECTION_FAILED', 'nothing answered'))
    await settled()
    attempts[1]!.reject(passing)

    await failed
  })

  it('fails with what does not mend itself, wherever that was', async () => {
    const { attempts, result } = start(2)
    const failed = assert.rejects(result, lasting)

    attempts[0]!.reject(lasting)
    await settled()
    attempts[1]!.reject(passing)

    await failed
  })
})

function start(count: number) {
  const clock = new VirtualClock()
  const overtaken: number[] = []
  const attempts = Array.from({ length: count }, () => ({ isMade: false, ...Promise.withResolvers<string>() }))
  const made = attempts.map((attempt) => () => {
    attempt.isMade = true
    return attempt.promise
  })
  const result = firstOf(made, { clock, afterMs: 1_000, onOvertaken: (index) => overtaken.push(index) })
  return { attempts, clock, overtaken, result }
}
