import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { audit, explain, reset } from '../../src/streams/index.ts'
import { type Correlation, customers, customerTopology, mergesOf, record, saysOf, valuesOf } from './customers.ts'
import { assertAccount, assertEndedBy, committed, startQuietly } from './run.ts'
import { onEachBroker, type SourceRecord, type Stream, type Target } from './target.ts'

const minute = 60_000
const noon = 1_790_000_000_000

const remembering: Correlation = { rememberCompleted: { forMs: 10 * minute } }

function program(stream: Stream, correlation = remembering) {
  return customerTopology(stream, undefined, correlation)
}

/** Both records of a customer, so many minutes after noon. */
function both(id: number, minutes: number): SourceRecord[] {
  return ['A', 'B'].map((side) => ({ ...record(side, id), partition: 0, timestampMs: noon + minutes * minute }))
}

export function rememberedKeys(target: Target): void {
  /** Names of the records with completed keys that are in the checkpoint. */
  const completedIn = async (stream: Stream) => {
    const names = new Map<string, boolean>()
    for (const { key, value } of await stream.read(stream.checkpointTopic)) names.set(key!, value !== null)
    return [...names].filter(([name, isThere]) => isThere && name.startsWith('completed/')).map(([name]) => name)
  }

  describe('a part whose key has been merged, where completed keys are remembered,', () => {
    it('is a duplicate in the same epoch, in a later one, and in a later life of the program', async () => {
      const stream = await target.stream()
      await stream.produce([record('A', 0), record('B', 0), record('A', 0)])
      const app = await startQuietly(program(stream), target.bootstrapServers)
      await committed(app, 3)
      await stream.produce([record('B', 0)])
      await committed(app, 4)
      await app.stop()
      await stream.produce([record('A', 0), record('A', 1)])
      const { report } = await stream.run(program(stream))

      const letters = await stream.deadLetters()
      assert.deepEqual(
        letters.map((letter) => [saysOf(letter).reason, saysOf(letter).offset, letter.value]),
        [
          ['COMPLETED', '2', record('A', 0).value],
          ['COMPLETED', '3', record('B', 0).value],
          ['COMPLETED', '4', record('A', 0).value],
        ],
      )
      assert.equal(saysOf(letters[0]!).cause, 'the key has been merged already')
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(1))
      assertAccount(report, { emitted: 2, duplicate: 3, pending: 1 })
      const { verdict } = await audit({ bootstrapServers: target.bootstrapServers, app: stream.app })
      assert.equal(verdict, 'proved')
    })

    it('begins a new row once their time is over, as records tell it, and the checkpoint has them no more', async () => {
      const stream = await target.stream()
      await stream.produce(both(0, 0))
      await stream.run(program(stream))
      await stream.produce(both(1, 9))
      await stream.run(program(stream))
      assert.deepEqual(await completedIn(stream), ['completed/0', 'completed/1'])
      await stream.produce([...both(2, 10), ...both(0, 10)])
      const before = await stream.run(program(stream))
      await stream.produce([...both(0, 10), ...both(1, 10)])
      const { report } = await stream.run(program(stream))

      assertAccount(before.report, { emitted: 6, duplicate: 2 })
      assertAccount(report, { emitted: 8, duplicate: 4 })
      assert.deepEqual(await completedIn(stream), ['completed/1', 'completed/2', 'completed/3'])
    })

    it('begins a new row once too many others have been merged', async () => {
      const stream = await target.stream()
      const lastTwo = { rememberCompleted: { forMs: minute, keysMax: 2 } }
      await stream.produce(customers(7).map((each) => ({ ...each, partition: 0 })))
      await stream.run(program(stream, lastTwo))
      await stream.produce([4, 5, 6].map((id) => record('A', id)))
      const { report } = await stream.run(program(stream, lastTwo))

      assertAccount(report, { emitted: 14, pending: 1, duplicate: 2 })
      assert.deepEqual(await completedIn(stream), ['completed/0'])
    })

    it('begins a new row once they are not remembered any more, and the checkpoint has no trace of them', async () => {
      const stream = await target.stream()
      await stream.produce(customers(3))
      await stream.run(program(stream))
      await stream.produce(customers(3))
      await stream.run(program(stream, {}))
      assert.deepEqual(await completedIn(stream), [])
      await stream.produce(customers(4))
      await stream.run(program(stream))
      await stream.produce(customers(4))
      const { report } = await stream.run(program(stream))

      assertAccount(report, { emitted: 2 * (3 + 3 + 4), duplicate: 8 })
    })

    it('is a duplicate by its key as JSON: a number is none of a string', async () => {
      const stream = await target.stream()
      const named = { value: '{"stage":"A","id":"7","part":{"of":"A"}}' }
      await stream.produce([record('A', 7), record('B', 7)])
      await stream.run(program(stream))
      await stream.produce([named, { value: '{"stage":"A","id":7.0,"part":{"of":"A"}}' }])
      const { report } = await stream.run(program(stream))

      assertAccount(report, { emitted: 2, pending: 1, duplicate: 1 })
    })

    it('is explained, as is that the key is remembered', async () => {
      const stream = await target.stream()
      await stream.produce(customers(3))
      await stream.run(program(stream))
      const explained = (key: string) => explain({ bootstrapServers: target.bootstrapServers, app: stream.app, key })

      assert.equal((await explained('2')).isRemembered, true)
      assert.deepEqual(
        [(await explained('"2"')).isRemembered, (await explained('3')).isRemembered],
        [undefined, undefined],
      )
    })

    it('begins a new row after a reset', async () => {
      const stream = await target.stream()
      await stream.produce(customers(2))
      await stream.run(program(stream))

      await reset({ bootstrapServers: target.bootstrapServers, app: stream.app })
      const { report } = await stream.run(program(stream))

      assertAccount(report, { emitted: 4 })
    })
  })

  it('a checkpoint that lacks completed keys which are remembered is refused', async () => {
    const stream = await target.stream()
    await stream.produce(customers(2))
    await stream.run(program(stream))
    const [name] = await completedIn(stream)
    const producer = target.kafka.producer()
    await producer.connect()
    const manifests = (await stream.read(stream.checkpointTopic)).filter(({ key }) => key === 'manifest')
    const messages = [
      { key: name!, value: null },
      { key: 'manifest', value: manifests.at(-1)!.value },
    ]
    await producer.send({ topic: stream.checkpointTopic, messages })
    await producer.disconnect()

    const error = await startQuietly(program(stream), target.bootstrapServers).catch((reason: unknown) => reason)

    assertEndedBy(error, 'CHECKPOINT_CORRUPT')
    assert.match(String(error), /lacks some of the keys that were completed/)
  })
}

if (import.meta.main) onEachBroker([rememberedKeys])
