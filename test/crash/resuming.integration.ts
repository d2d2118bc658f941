import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { field, stage, topology, type Topology } from '../../src/streams/index.ts'
import { commitOffsets } from '../integration/commit-offsets.ts'
import { customers, customerTopology, mergesOf, record, valuesOf } from '../integration/customers.ts'
import { assertAccount, startQuietly } from '../integration/run.ts'
import { onEachBroker, type Stream, type Target } from '../integration/target.ts'

const customerCount = 40

/** What becomes of a program when what it left was changed before it is started again. */
export function resuming(target: Target): void {
  /** A program that has been stopped while a part of the last customer, in partition 1, waits. */
  async function stoppedProgram(): Promise<Stream> {
    const stream = await target.stream()
    await stream.produce(customers(customerCount).slice(0, -1))
    const { report } = await stream.run(customerTopology(stream))
    assertAccount(report, { emitted: 2 * customerCount - 2, pending: 1 })
    return stream
  }

  /** Brings the last part, and lets the program go on to the end. */
  async function assertGoesOn(stream: Stream): Promise<void> {
    await stream.produce(customers(customerCount).slice(-1))
    const { report } = await stream.run(customerTopology(stream))
    assertAccount(report, { emitted: 2 * customerCount })
    assert.deepEqual(valuesOf(await stream.merged()), mergesOf(customerCount))
  }

  const startAgain = (stream: Stream, program: Topology = customerTopology(stream)) =>
    startQuietly(program, target.bootstrapServers)

  const setOffsets = ({ app, source }: Stream, offsets: readonly number[]) =>
    commitOffsets(target, app, source, offsets)

  describe('a program that was stopped', () => {
    it('goes on where it was, with what is pending', async () => {
      const stream = await stoppedProgram()

      await assertGoesOn(stream)
    })

    it('goes on when the offsets of its group are gone: the checkpoint has them', async () => {
      const stream = await stoppedProgram()
      await target.admin.deleteGroups([stream.app])

      await assertGoesOn(stream)
    })

    it('is refused when the offsets of its group were set, until they are set back', async () => {
      const stream = await stoppedProgram()
      const perPartition = [customerCount, customerCount - 1]
      await setOffsets(stream, [0, 0])

      await assert.rejects(startAgain(stream), {
        code: 'GROUP_OFFSETS_DIFFER',
        details: { app: stream.app, topic: stream.source, partition: 0, committed: 0, checkpoint: perPartition[0] },
      })

      await setOffsets(stream, perPartition)
      await assertGoesOn(stream)
    })

    it('is refused when its source is another one of the same name', async () => {
      const stream = await stoppedProgram()
      await target.deleteTopic(stream.source)
      await target.admin.createTopics({ topics: [{ topic: stream.source, numPartitions: 2 }] })
      await stream.produce(customers(customerCount))

      await assert.rejects(startAgain(stream), { code: 'SOURCE_RECREATED' })

      assert.equal((await stream.merged()).length, customerCount - 1)
    })

    it('is told that its source is another one rather than that offsets of the old one were set', async () => {
      const stream = await stoppedProgram()
      await target.deleteTopic(stream.source)
      await target.admin.createTopics({ topics: [{ topic: stream.source, numPartitions: 2 }] })
      await setOffsets(stream, [0, 0])

      await assert.rejects(startAgain(stream), { code: 'SOURCE_RECREATED' })
    })

    it('is refused when the record of a pending part was deleted', async () => {
      const stream = await stoppedProgram()
      const waiting = customerCount - 2
      await target.deleteRecords(stream.source, [0, waiting + 1])

      await assert.rejects(startAgain(stream), {
        code: 'PENDING_LOST',
        details: { topic: stream.source, partition: 1, first: waiting, logStart: waiting + 1 },
      })
    })

    it('goes on when records were deleted of which none is pending', async () => {
      const stream = await stoppedProgram()
      await target.deleteRecords(stream.source, [customerCount, customerCount - 2])

      await assertGoesOn(stream)
    })

    it('is refused when its checkpoint was deleted', async () => {
      const stream = await stoppedProgram()
      await target.deleteTopic(stream.checkpointTopic)

      await assert.rejects(startAgain(stream), { code: 'CHECKPOINT_MISSING' })

      assert.equal((await stream.merged()).length, customerCount - 1)
    })

    it('is refused when it means something else by what is pending, and says what', async () => {
      const stream = await stoppedProgram()
      const part = field('part')
      const changed = topology(stream.app)
        .source(stream.source)
        .route('by-stage', field('stage'), { A: stage({ part: field('id') }), B: stage({ part }), C: stage({ part }) })
        .correlate('by-id', field('id'), { of: ['A', 'B', 'C'] })
        .sink(stream.sink)

      await assert.rejects(startAgain(stream, changed), {
        code: 'CHECKPOINT_INCOMPATIBLE',
        message:
          /sides was "A", "B" and is "A", "B", "C"; stage "A" was field \["part"\], version 1 and is field \["id"\]/,
      })

      await assertGoesOn(stream)
    })

    it('reads a partition that its source was given meanwhile from its start', async () => {
      const stream = await stoppedProgram()
      await target.admin.createPartitions({ topicPartitions: [{ topic: stream.source, count: 3 }] })
      const added = ['A', 'B'].map((side) => ({ ...record(side, customerCount), partition: 2 }))
      await stream.produce([...customers(customerCount).slice(-1), ...added])

      const { report } = await stream.run(customerTopology(stream))

      assertAccount(report, { emitted: 2 * customerCount + 2 })
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(customerCount + 1))
    })
  })
}

if (import.meta.main) onEachBroker([resuming])
