import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { settled } from '../../../test/kafka-peer/index.ts'
import { OutputBatch } from '../../kernel/index.ts'
import type { Topic } from '../cluster/topic.ts'
import { type JoiningTopic, PartitionJoins } from './partition-joins.ts'

describe('PartitionJoins', () => {
  it('announces the partitions of one turn together, each once, and sends their batches after that', async () => {
    const { asked, joins, send, sent } = start()

    for (const place of ['0 1', '1 0', '0 1', '0 2']) send(place)
    await settled()
    assert.deepEqual(asked[0]!.topics, [
      { name: 'merged', partitions: [1, 2] },
      { name: 'dead-letter', partitions: [0] },
    ])
    assert.deepEqual(sent, [])
    asked[0]!.resolve()
    await joins.whenJoined()

    assert.deepEqual(sent, ['0 1', '1 0', '0 1', '0 2'])
    send('0 2', 'again')
    assert.equal(sent.at(-1), 'again')
  })

  it('keeps the order of a partition whose batches come while it joins', async () => {
    const { asked, joins, send, sent } = start()
    send('0 0', 'first')
    await settled()
    send('0 0', 'second')
    send('0 1', 'other')

    asked[0]!.resolve()
    await settled()
    assert.deepEqual(sent, ['first', 'second'])
    assert.deepEqual(asked[1]!.topics, [{ name: 'merged', partitions: [1] }])
    asked[1]!.resolve()
    await joins.whenJoined()

    assert.deepEqual(sent, ['first', 'second', 'other'])
  })

  it('announces every partition anew in the next transaction', async () => {
    const { asked, joins, send } = start()
    send('0 0')
    await settled()
    asked[0]!.resolve()
    await joins.whenJoined()

    joins.reset()
    send('0 0')
    await settled()

    assert.equal(asked.length, 2)
  })

  it('drops what waits when it is given up, and tells what joining fails with', async () => {
    const { asked, failures, joins, send, sent } = start()
    send('0 0')
    await settled()

    joins.giveUp()
    const failure = new Error('given up')
    asked[0]!.reject(failure)
    await joins.whenJoined()

    assert.deepEqual([sent, failures], [[], [failure]])
  })
})

function start() {
  const sent: string[] = []
  const failures: unknown[] = []
  const asked: (PromiseWithResolvers<void> & { topics: JoiningTopic[] })[] = []
  const names = new Map<OutputBatch, string>()
  const joins = new PartitionJoins({
    topics: ['merged', 'dead-letter'].map((name): Topic => ({ name, id: '', partitions: [], replicaCount: 1 })),
    join(topics) {
      const answer = { ...Promise.withResolvers<void>(), topics }
      asked.push(answer)
      return answer.promise
    },
    send: (batch) => sent.push(names.get(batch)!),
    onFailed: (error) => failures.push(error),
  })
  /** Sends a batch to a sink and a partition. */
  const send = (place: string, name = place) => {
    const [sink, partition] = place.split(' ').map(Number) as [number, number]
    const batch = new OutputBatch(100)
    batch.reset(sink, partition)
    names.set(batch, name)
    joins.send(batch, () => {})
  }
  return { asked, failures, joins, send, sent }
}
