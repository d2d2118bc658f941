import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { quickJava } from '../../tools/kafka/quick-java.ts'
import { skipWithoutJava } from '../apache-kafka.ts'
import { mergesOf } from '../integration/customers.ts'
import { onEachBroker, produce, type Target } from '../integration/target.ts'
import { customerCount, runBeyondTimeout } from './long-epochs.ts'

const run = promisify(execFile)
const sinkPartitions = 3

/** What clients that nobody here wrote see of a sink in which an epoch has been aborted. */
export function otherConsumers(target: Target): void {
  describe('a sink in which an epoch has been aborted', () => {
    it(
      "gives the merges once to Java's consumer with read_committed, and more without",
      { skip: skipWithoutJava },
      async () => {
        const stream = await target.stream()
        await runBeyondTimeout(stream, target)

        const [committed, all] = await Promise.all([readByJava('read_committed'), readByJava('read_uncommitted')])

        assert.deepEqual(committed, mergesOf(customerCount))
        assert.ok(all.length > committed.length, `${all.length} records in all`)

        async function readByJava(isolation: string): Promise<string[]> {
          const program = join(import.meta.dirname, 'ReadAll.java')
          const java = ['-Xmx128m', ...(await quickJava()), program]
          const { stdout } = await run('java', [...java, target.bootstrapServers, stream.sink, isolation])
          return stdout.trimEnd().split('\n').sort()
        }
      },
    )

    it('gives the merges once to kafkajs, and more where it reads what is not committed', async () => {
      const stream = await target.stream()
      await runBeyondTimeout(stream, target)
      const end = 'the end of a partition'
      await produce(
        target.kafka,
        stream.sink,
        Array.from({ length: sinkPartitions }, (_, partition) => ({ value: end, partition })),
      )

      const [committed, all] = await Promise.all([readByKafkajs(false), readByKafkajs(true)])

      assert.deepEqual(committed, mergesOf(customerCount))
      assert.ok(all.length > committed.length, `${all.length} records in all`)

      async function readByKafkajs(readUncommitted: boolean): Promise<string[]> {
        const groupId = `${stream.app}.${readUncommitted}`
        const consumer = target.kafka.consumer({ groupId, readUncommitted, maxWaitTimeInMs: 100 })
        const values: string[] = []
        const isRead = Promise.withResolvers<void>()
        let ended = 0
        await consumer.connect()
        await consumer.subscribe({ topic: stream.sink, fromBeginning: true })
        await consumer.run({
          async eachMessage({ message }) {
            const value = String(message.value)
            if (value !== end) values.push(value)
            else if (++ended === sinkPartitions) isRead.resolve()
          },
        })
        await isRead.promise
        await consumer.disconnect()
        return values.sort()
      }
    })
  })
}

if (import.meta.main) onEachBroker([otherConsumers])
