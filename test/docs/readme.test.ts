import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { startBroker } from '../../src/broker/index.ts'
import { readTopic } from '../integration/read-topic.ts'
import { ExampleFolder, examples, files, inLanguage, pieces } from './readme-page.ts'

/** What the page's own test says comes of its records. */
const records = ['A', 'C', 'B'].map((stage) => `{"stage":"${stage}","customerId":"c-1","part":{"of":"${stage}"}}`)
const merged = '{"customerId":"c-1","A":{"of":"A"},"B":{"of":"B"},"C":{"of":"C"}}'

describe('README.md', () => {
  it('has no example that no test runs', () => {
    const pictures = inLanguage('text')
    const run = [files, pieces('.correlate('), pieces('stage('), inLanguage('sh'), inLanguage('console')]

    assert.equal(pictures.length, 1)
    assert.equal(examples.length, pictures.length + run.flat().length)
  })
})

describe('the first screen of README.md', () => {
  it('shows a topology, the program that runs it and its test', () => {
    assert.deepEqual(
      files.map(({ name }) => name),
      ['customer-360.ts', 'main.ts', 'customer-360.test.ts'],
    )
  })

  it('has a test that passes as it stands, and fails on another result', () => {
    using folder = new ExampleFolder()
    for (const { name, text } of files) folder.write(name, text)
    assert.equal(runTest(folder, 'customer-360.test.ts'), 0)

    const { text } = files.at(-1)!
    folder.write('other.test.ts', text.replace('"B":{"amount":12.5}', '"B":{"amount":13}'))
    assert.notEqual(runTest(folder, 'other.test.ts'), 0)
  })

  it('has a program that merges what it is given', async () => {
    using folder = new ExampleFolder()
    await using broker = await startBroker({ topics: [{ name: 'source-topic' }, { name: 'sink-topic' }] })
    const { bootstrapServers } = broker
    for (const { name, text } of files) folder.write(name, text.replaceAll('localhost:9092', bootstrapServers))
    const kafka = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING })
    const producer = kafka.producer()
    await producer.connect()
    await producer.send({ topic: 'source-topic', messages: records.map((value) => ({ value })) })
    await producer.disconnect()

    const program = spawn('node', ['main.ts'], { cwd: folder.path, stdio: ['ignore', 'ignore', 'pipe'] })
    await whenEnded(program, async () => (await readTopic(bootstrapServers, 'sink-topic')).length > 0)

    const values = (await readTopic(bootstrapServers, 'sink-topic')).map(({ value }) => value)
    assert.deepEqual(values, [merged])
  })

  function runTest({ path }: ExampleFolder, name: string): number | null {
    // A test inside of a test would report to it.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    return spawnSync('node', ['--test', name], { cwd: path, env }).status
  }
})

/** Ends a program once something holds, or with what it says where it ends before. */
async function whenEnded(program: ChildProcess, holds: () => Promise<boolean>): Promise<void> {
  let text = ''
  program.stderr!.on('data', (bytes) => (text += bytes))
  while (!(await holds())) assert.equal(program.exitCode, null, text)
  program.kill('SIGKILL')
  await once(program, 'exit')
}
