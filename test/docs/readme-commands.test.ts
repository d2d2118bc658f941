import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { startBroker } from '../../src/broker/index.ts'
import { systemClock } from '../../src/core/clock.ts'
import { start, type Topology } from '../../src/doors/millrace.ts'
import { Kafka, logLevel } from 'kafkajs'
import { closeAtEnd } from '../at-end.ts'
import { millrace } from '../integration/millrace.ts'
import { unusedPort } from '../kafka-peer/index.ts'
import { ExampleFolder, files, inLanguage, pieces, project } from './readme-page.ts'

const customers = 500
const isoTime = /\d{4}-\d\d-\d\dT[\d:.]+Z/g
const silent = { debug() {}, info() {}, warn() {}, error() {} }

describe('the commands of README.md', () => {
  const [tryIt, stepByStep] = inLanguage('sh')

  it('are two blocks', () => {
    assert.equal(inLanguage('sh').length, 2)
  })

  it('run the demo', async () => {
    // The dependencies are there.
    const ran = await runShell(tryIt!.replace(/^npm ci\n/, ''))

    assert.equal(ran.code, 0, ran.output)
    assert.match(ran.output, new RegExp(`^verified: ${customers} distinct, 0 missing`, 'm'))
  })

  it('run the experiment step by step', async () => {
    const port = await unusedPort()
    const script = stepByStep!.replace(' broker &', ` broker --port ${port} &`).replace(':9092', `:${port}`)

    const ran = await runShell(script)

    assert.equal(ran.code, 0, ran.output)
    assert.match(ran.output, new RegExp(`^verified: ${customers} distinct, 0 missing`, 'm'))
    assert.match(ran.output, new RegExp(`^proved: each of ${(3 * customers).toLocaleString('en')} consumed`, 'm'))
  })

  /** Runs lines as a shell would, up to the first that fails, and ends what they leave running. */
  async function runShell(script: string): Promise<{ code: number | null; output: string }> {
    const env = { ...process.env, MILLRACE_EXPERIMENT_CUSTOMERS: String(customers) }
    const shell = spawn('bash', ['-ec', script], {
      cwd: project,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    const end = () => process.kill(-shell.pid!, 'SIGKILL')
    const hasEnded = closeAtEnd(end)
    const output = text(shell.stdout)
    const [code] = (await once(shell, 'exit')) as [number | null]
    hasEnded()
    try {
      end()
    } catch {
      // Nothing was left running.
    }
    return { code, output: await output }
  }
})

describe('what README.md says commands print', () => {
  const transcripts = inLanguage('console').map((transcript) => {
    const [, words, printed] = /^\$ millrace ([^\n]*)\n(.*)$/s.exec(transcript)!
    return { words: words!.split(' '), printed: printed! }
  })
  const [explained, audited] = transcripts
  const [firstTime] = explained!.printed.match(isoTime)!
  const timestampMs = systemClock.nowMs() - 60_000

  it('is what they print', async () => {
    await using broker = await startBroker({
      topics: [
        { name: 'source-topic', partitions: 12 },
        { name: 'sink-topic', partitions: 12 },
        { name: 'incomplete-customers', partitions: 1 },
      ],
    })
    const { bootstrapServers } = broker
    await produce(bootstrapServers)
    await runCustomer360(bootstrapServers)
    const outputs: string[] = []
    for (const { words } of transcripts) {
      const here = words.map((word) => (word === 'localhost:9092' ? bootstrapServers : word))
      const { stdout, stderr, code } = await millrace(...here)
      assert.equal(code, 0, stderr)
      outputs.push(stdout)
    }

    assert.equal(transcripts.length, 2)
    assert.equal(outputs[0], explained!.printed.replaceAll(isoTime, atOurTime))
    assert.equal(shapeOf(outputs[1]!), shapeOf(audited!.printed))
  })

  /** The records that the page explains, at another time of their own. */
  async function produce(bootstrapServers: string): Promise<void> {
    const producer = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING }).producer()
    await producer.connect()
    for (const [, stage, partition, time] of explained!.printed.matchAll(/^ +(\w) +source-topic (\d+)@0 +(.*)$/gm)) {
      const value = JSON.stringify({ stage, customerId: 'c-17', part: { of: stage } })
      const timestamp = String(Date.parse(atOurTime(time!)))
      await producer.send({ topic: 'source-topic', messages: [{ partition: Number(partition), value, timestamp }] })
    }
    await producer.disconnect()
  }

  async function runCustomer360(bootstrapServers: string): Promise<void> {
    using folder = new ExampleFolder()
    const [{ name, text }] = files as [{ name: string; text: string }]
    folder.write(name, text.replace(/^ +\.correlate\(.*\n/m, pieces('.correlate(')[0]!))
    const { customer360 } = (await folder.import(name)) as { customer360: Topology }
    await using app = await start(customer360, { bootstrapServers, logger: silent })
    await app.caughtUp
    await app.stop()
  }

  function atOurTime(time: string): string {
    return new Date(Date.parse(time) - Date.parse(firstTime!) - 3_600_000 + timestampMs).toISOString()
  }

  /** The same with other numbers and times. */
  function shapeOf(printed: string): string {
    return printed.replaceAll(isoTime, '<time>').replaceAll(/\d[\d,]*/g, '<number>')
  }
})
