import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { type Broker, startBroker } from '../../src/broker/index.ts'
import { quickJava } from '../../tools/kafka/quick-java.ts'
import { skipWithoutJava } from '../apache-kafka.ts'
import { producerEpochs } from './producer-epochs.ts'
import { suiteStack } from '../at-end.ts'
import { versionsSeenBy } from '../protocol/seen-versions.ts'

const run = promisify(execFile)
const topics = [
  ...['typed', 'decided', 'in', 'out', 'owned'].map((name) => ({ name })),
  { name: 'shared', partitions: 4 },
  { name: 'dealt', partitions: 4 },
]

describe("Java's clients", { skip: skipWithoutJava, timeout: 120_000 }, () => {
  const stack = suiteStack()
  const onRequest = versionsSeenBy("Java's clients", stack)
  let broker: Broker
  let java: string[]
  before(async () => {
    const groupConfig = { 'consumer.heartbeat.interval.ms': 50, 'consumer.assignment.interval.ms': 0 }
    broker = stack.use(await startBroker({ topics, groupConfig, onRequest }))
    java = ['-Xmx128m', ...(await quickJava())]
  })

  it('carry lines from the console producer to the console consumer', async () => {
    const lines = 'first\nвторой\nthird\n'
    const server = ['--bootstrap-server', broker.bootstrapServers, '--topic', 'typed']
    const producer = spawn('java', [
      ...java,
      'org.apache.kafka.tools.ConsoleProducer',
      ...server,
      '--compression-codec',
      'lz4',
    ])
    producer.stdin.end(lines)
    await text(producer.stderr)

    const { stdout } = await run('java', [
      ...java,
      'org.apache.kafka.tools.consumer.ConsoleConsumer',
      ...server,
      '--from-beginning',
      '--max-messages',
      '3',
    ])

    assert.equal(stdout, lines)
  })

  describe('in a program of their own', () => {
    let seen: Map<string, string>
    before(async () => {
      const program = join(import.meta.dirname, 'java/Experiments.java')
      const { stdout } = await run('java', [...java, program, broker.bootstrapServers])
      seen = new Map(stdout.split('\n').map((line) => line.split('=') as [string, string]))
    })

    it('commit and abort transactions', () => {
      assert.equal(seen.get('committed'), 'kept,kept too')
      assert.equal(seen.get('uncommitted'), 'dropped,kept,kept too')
    })

    it('use version 2 of transactions: each raises the epoch of its producer', async () => {
      const epochs = await producerEpochs(broker, 'decided')

      assert.deepEqual(epochs, [epochs[0], epochs[0]! + 1, epochs[0]! + 2])
    })

    it('commit consumer offsets together with the records, or not at all', () => {
      assert.equal(seen.get('moved'), 'a')
      assert.equal(seen.get('moved offset'), '1')
    })

    it('fence the producer that had the transactional id before', () => {
      assert.equal(seen.get('fenced'), 'ProducerFencedException')
    })

    it('rebalance a group cooperatively, a static member in it', () => {
      assert.equal(seen.get('shared'), '0,1,2,3')
      assert.equal(seen.get('taken over'), '0,1,2,3')
    })

    it('have the broker share out the partitions of a group (KIP-848), a static member in it', () => {
      assert.equal(seen.get('dealt'), '0,1,2,3')
      assert.equal(seen.get('dealt members'), '-,seat-2')
      assert.equal(seen.get('dealt again'), 'true')
      assert.equal(seen.get('dealt to one'), '0,1,2,3')
    })

    it('commit offsets by the epochs of their members, in transactions too', () => {
      assert.equal(seen.get('dealt offset'), '5')
      assert.equal(seen.get('dealt next offset'), '7')
    })
  })
})
