import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { Kafka, logLevel } from 'kafkajs'
import { startBroker } from '../../src/broker/index.ts'
import { readTopic } from '../integration/read-topic.ts'

const project = resolve(import.meta.dirname, '../..')
const readme = readFileSync(join(project, 'README.md'), 'utf8')

/** The files that the page shows: blocks of code that begin with a file's name. */
const files = [...readme.matchAll(/^```ts\n\/\/ (?<name>[\w.-]+\.ts)\n(?<text>.*?)^```$/gms)].map(({ groups }) => ({
  name: groups!['name']!,
  text: groups!['text']!,
}))

/** What the page's own test says comes of its records. */
const records = ['A', 'C', 'B'].map((stage) => `{"stage":"${stage}","customerId":"c-1","part":{"of":"${stage}"}}`)
const merged = '{"customerId":"c-1","A":{"of":"A"},"B":{"of":"B"},"C":{"of":"C"}}'

describe('the first screen of README.md', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-readme-'))
  after(() => rmSync(folder, { recursive: true }))

  it('shows a topology, the program that runs it and its test', () => {
    assert.deepEqual(
      files.map(({ name }) => name),
      ['customer-360.ts', 'main.ts', 'customer-360.test.ts'],
    )
  })

  it('has a test that passes as it stands, and fails on another result', () => {
    write('localhost:9092')
    assert.equal(runTest('customer-360.test.ts'), 0)

    const text = readFileSync(join(folder, 'customer-360.test.ts'), 'utf8')
    writeFileSync(join(folder, 'other.test.ts'), text.replace('"B":{"amount":12.5}', '"B":{"amount":13}'))
    assert.notEqual(runTest('other.test.ts'), 0)
  })

  it('has a program that merges what it is given', async () => {
    await using broker = await startBroker({ topics: [{ name: 'source-topic' }, { name: 'sink-topic' }] })
    const { bootstrapServers } = broker
    write(bootstrapServers)
    const kafka = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING })
    const producer = kafka.producer()
    await producer.connect()
    await producer.send({ topic: 'source-topic', messages: records.map((value) => ({ value })) })
    await producer.disconnect()

    const program = spawn('node', ['main.ts'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
    await whenEnded(program, async () => (await readTopic(bootstrapServers, 'sink-topic')).length > 0)

    const values = (await readTopic(bootstrapServers, 'sink-topic')).map(({ value }) => value)
    assert.deepEqual(values, [merged])
  })

  /** Writes the files as the page has them, for this checkout and a broker that is there. */
  function write(bootstrapServers: string): void {
    const door = (name: string) => pathToFileURL(join(project, 'src/doors', `${name}.ts`)).href
    for (const { name, text } of files) {
      const here = text
        .replaceAll(`'millrace'`, `'${door('millrace')}'`)
        .replaceAll(/'millrace\/(\w+)'/g, (_, subpath: string) => `'${door(subpath)}'`)
        .replaceAll('localhost:9092', bootstrapServers)
      writeFileSync(join(folder, name), here)
    }
  }

  function runTest(name: string): number | null {
    // A test inside of a test would report to it.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    return spawnSync('node', ['--test', name], { cwd: folder, env }).status
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
