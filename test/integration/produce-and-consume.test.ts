import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { type Broker, startBroker } from '../../src/broker/index.ts'
import { suiteStack } from '../at-end.ts'
import { millrace, startMillrace } from './millrace.ts'
import { readTopic } from './read-topic.ts'

describe('millrace produce and consume', () => {
  let broker: Broker
  let servers: string[]
  const stack = suiteStack()
  before(async () => {
    broker = stack.use(await startBroker())
    servers = ['--bootstrap-servers', broker.bootstrapServers]
  })

  /** Writes a text to a topic of three partitions that is made for it. */
  async function produce(name: string, text: string, ...words: string[]) {
    await broker.createTopic({ name, partitions: 3 })
    return startMillrace(['produce', name, ...servers, ...words], {}, { input: text }).ended
  }

  it('write each line as a record, with key and headers, where other clients find them', async () => {
    const ended = await produce(
      'keyed',
      'a:1\nb:2:3\r\na:Zürich',
      '--key-separator',
      ':',
      '--headers',
      'x=1,y=',
      '--json',
    )
    const records = await readTopic(broker.bootstrapServers, 'keyed')

    assert.equal(ended.code, 0, ended.stderr)
    assert.deepEqual(JSON.parse(ended.stdout), { topic: 'keyed', records: 3 })
    const found = records.map(({ key, value, headers }) => ({ key, value, headers }))
    const headers = [
      ['x', '1'],
      ['y', ''],
    ]
    const values = [
      ['a', '1'],
      ['a', 'Zürich'],
      ['b', '2:3'],
    ]
    const inOrder = found.toSorted((a, b) => `${a.key}${a.value}`.localeCompare(`${b.key}${b.value}`))
    assert.deepEqual(
      inOrder,
      values.map(([key, value]) => ({ key, value, headers })),
    )
    assert.equal(new Set(records.filter(({ key }) => key === 'a').map(({ partition }) => partition)).size, 1)
  })

  it('print what is no text in base64, so that JSON loses none of it', async () => {
    await broker.createTopic({ name: 'binary', partitions: 1 })
    const client = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING })
    const producer = client.producer()
    await producer.connect()
    const bytes = Buffer.from([0xff, 0x00, 0xc3])
    await producer.send({
      topic: 'binary',
      messages: [{ key: bytes, value: bytes, headers: { trace: bytes, text: 'ü' } }],
    })
    await producer.disconnect()

    const { stdout, stderr } = await millrace('consume', 'binary', ...servers, '--json')

    assert.equal(stderr, '')
    const { key, value, headers } = JSON.parse(stdout)
    const base64 = bytes.toString('base64')
    assert.deepEqual(
      [key, value, headers],
      [
        { base64 },
        { base64 },
        [
          ['trace', { base64 }],
          ['text', 'ü'],
        ],
      ],
    )
  })

  it('print what is there, as lines or as JSON, and end', async () => {
    await produce('plain', 'one\ntwo\nthree\nfour\n')

    const lines = await millrace('consume', 'plain', ...servers)
    const keyed = await millrace('consume', 'plain', ...servers, '--limit', '2', '--key-separator', '|', '--headers')
    const json = await millrace('consume', 'plain', ...servers, '--json')

    assert.equal(lines.code, 0, lines.stderr)
    assert.deepEqual(new Set(lines.stdout.trimEnd().split('\n')), new Set(['one', 'two', 'three', 'four']))
    assert.match(keyed.stdout, /^\t\|\w+\n\t\|\w+\n$/)
    const records = json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const first = records.find(({ value }) => value === 'one')
    assert.deepEqual(
      { ...first, timestampMs: 0 },
      { partition: 0, offset: 0, timestampMs: 0, key: null, value: 'one', headers: [] },
    )
  })

  it('print more than a pipe holds, and nothing beside it', async () => {
    const lines = Array.from({ length: 20 }, (_, index) => `${index} ${'x'.repeat(400_000)}`)
    await produce('long', lines.join('\n'))

    const { stdout, stderr } = await millrace('consume', 'long', ...servers)

    assert.equal(stderr, '')
    assert.deepEqual(new Set(stdout.trimEnd().split('\n')), new Set(lines))
  })

  it('follow the end of a topic until they are interrupted', async () => {
    await produce('followed', 'before\n')
    const running = startMillrace(['consume', 'followed', ...servers, '--follow'], {}, { hearsOutput: true })
    await running.says('before')

    await startMillrace(['produce', 'followed', ...servers], {}, { input: 'after\n' }).ended
    await running.says('after')
    running.signal('SIGINT')

    assert.equal((await running.ended).code, 0)
  })

  it('refuse what they cannot read: a line without its separator, a header, a topic', async () => {
    const line = await produce('refused', 'a:1\nb\n', '--key-separator', ':')
    const header = await startMillrace(['produce', 'refused', ...servers, '--headers', 'x'], {}, { input: '' }).ended
    const topic = await millrace('consume', 'nowhere', ...servers)

    assert.deepEqual([line.code, header.code, topic.code], [2, 2, 1])
    assert.match(line.stderr, /^error CONFIG_INVALID_VALUE: line 2 has no key: ":" is not in it/)
    assert.match(header.stderr, /^error CONFIG_INVALID_VALUE: --headers takes name=value, not "x"/)
    assert.match(topic.stderr, /^error KAFKA_TOPIC_MISSING: topic "nowhere" does not exist/)
  })
})
