import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { type Broker, startBroker } from '../../src/broker/index.ts'
import { countGroupMembers } from '../../src/kafka/index.ts'
import { atCluster } from './at-cluster.ts'
import { millrace, startMillrace } from './millrace.ts'
import { readTopic } from './read-topic.ts'
import { produce } from './target.ts'
import { until } from '../until.ts'
import { suiteStack } from '../at-end.ts'

const customers = 200
const experiment = join(import.meta.dirname, '../../examples/experiment.ts')
const streams = join(import.meta.dirname, '../../src/streams/index.ts')

describe('millrace', () => {
  it('tells its commands and exit codes, and the options of each command', async () => {
    const [all, one] = await Promise.all([millrace('--help'), millrace('run', '--help')])

    assert.equal(all.code, 0)
    for (const word of ['demo', 'generate', 'run', 'verify', 'exit codes']) assert.ok(all.stdout.includes(word), word)
    assert.equal(one.code, 0)
    for (const word of ['<topology.ts>', '--until-caught-up', '--bootstrap-servers', 'MILLRACE_EPOCH_MS']) {
      assert.ok(one.stdout.includes(word), word)
    }
  })

  it('tells its version, and the options of a command also by help', async () => {
    const [version, help, same, shortVersion, shortHelp] = await Promise.all([
      millrace('--version'),
      millrace('help', 'run'),
      millrace('run', '--help'),
      millrace('-v'),
      millrace('run', '-h'),
    ])

    assert.deepEqual([version.code, help.code], [0, 0])
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
    assert.equal(help.stdout, same.stdout)
    assert.deepEqual([shortVersion, shortHelp], [version, help])
  })

  for (const [fault, words, code, says] of [
    ['an unknown command', ['demmo'], 'CONFIG_UNKNOWN_COMMAND', 'demmo is not a command; did you mean demo?'],
    ['a misspelt help', ['helpp'], 'CONFIG_UNKNOWN_COMMAND', 'helpp is not a command; did you mean help?'],
    [
      'an unknown flag',
      ['demo', '--customer', '5'],
      'CONFIG_UNKNOWN_OPTION',
      '--customer is not a flag; did you mean --customers?',
    ],
    [
      'a word with one hyphen',
      ['explain', '-5', '--app', 'orders'],
      'CONFIG_UNKNOWN_OPTION',
      '-5 is not a flag of explain; flags begin with "--", and what is none and begins with "-" comes last, after "--"',
    ],
    ['a value out of range', ['demo', '--customers', '0'], 'CONFIG_INVALID_VALUE', ''],
    ['a value that is no number', ['demo', '--customers', 'many'], 'CONFIG_INVALID_VALUE', ''],
    [
      'a flag without its value',
      ['demo', '--customers'],
      'CONFIG_INVALID_VALUE',
      '--customers needs a value, and nothing follows',
    ],
    [
      'a flag with another one for its value',
      ['verify', '--bootstrap-servers', '--json'],
      'CONFIG_INVALID_VALUE',
      '--bootstrap-servers needs a value, and is followed by --json',
    ],
    ['a required option left out', ['verify'], 'CONFIG_MISSING_VALUE', ''],
    [
      'an operand too few',
      ['run', '--bootstrap-servers', 'localhost:1'],
      'CONFIG_INVALID_OPERANDS',
      'run takes <topology.ts>, which is missing',
    ],
    ['an operand too many', ['demo', 'again'], 'CONFIG_INVALID_OPERANDS', 'demo takes none, not "again"'],
    [
      'a missing file',
      ['run', 'no-such.ts', '--bootstrap-servers', 'localhost:1'],
      'CONFIG_INVALID_MODULE',
      'no-such.ts cannot be loaded',
    ],
  ] as const) {
    it(`refuses ${fault} with exit code 2`, async () => {
      const ended = await millrace(...words)

      assert.equal(ended.code, 2)
      assert.ok(ended.stderr.startsWith(`error ${code}: ${says}`), ended.stderr)
      assert.equal(ended.stderr.includes('    at '), false)
      assert.equal(ended.stdout, '')
    })
  }

  it('describes a topology without a broker, for people and as JSON', async () => {
    const [text, json] = await Promise.all([
      millrace('describe', experiment),
      millrace('describe', experiment, '--json'),
    ])

    assert.equal(text.code, 0)
    assert.deepEqual(text.stdout.split('\n'), [
      'topology customer-360',
      'source source-topic (topic source-topic)',
      '└─ route by-stage by field stage; others to customer-360.dead-letter',
      ...['A', 'B', 'C'].map((side) => `   ├─ stage ${side}: keeps field part`),
      '   └─ correlate by-customer by field customerId of A, B, C',
      '      └─ sink sink-topic (topic sink-topic)',
      'group and transactional id customer-360, checkpoint in customer-360.checkpoint',
      '',
    ])
    const described = JSON.parse(json.stdout) as { stages: { name: string }[]; sinks: { topic: string }[] }
    assert.deepEqual(
      [described.stages.map(({ name }) => name), described.sinks[0]!.topic],
      [['A', 'B', 'C'], 'sink-topic'],
    )
  })

  it('tells its commands without any, with exit code 2', async () => {
    const { code, stdout, stderr } = await millrace()

    assert.equal(code, 2)
    assert.ok(stdout.includes('usage: millrace <command>'))
    assert.equal(stderr, '')
  })
})

describe('millrace demo', () => {
  it('generates, correlates and verifies on a broker of its own, and reports as one line of JSON', async () => {
    const { code, stdout, stderr } = await millrace('demo', '--customers', '2000', '--json')

    assert.equal(code, 0, stderr)
    const report = JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
    assert.deepEqual(report.verification, { distinct: 2_000, missing: 0, duplicates: 0, mismatched: 0 })
    for (const figure of ['aggregationRate', 'correlationRate', 'peakRssBytes', 'cpuSeconds']) {
      assert.ok(report[figure] > 0, `${figure} is ${report[figure]}`)
    }
    assert.equal(report.accounting.length, 12)
    assert.equal(report.isBalanced, true)
    assert.equal(report.records, 6_000)
    assert.equal(report.mergedRecords, 2_000)
  })

  it('is shown in a browser, until it is interrupted, and verified then', async () => {
    const running = startMillrace(['demo', '--customers', '500', '--dashboard', '--http', '127.0.0.1:0', '--json'])
    const url = await running.finds(/http:\S+/)
    await running.says('the dashboard stays until this is interrupted')
    const page = await fetch(url)
    const { report } = (await (await fetch(`${url}api`)).json()) as { report: { mergedRecords: number } }
    running.signal('SIGINT')
    const { code, stdout, stderr } = await running.ended

    assert.deepEqual([page.status, report.mergedRecords], [200, 500])
    assert.equal(code, 0, stderr)
    assert.equal(JSON.parse(stdout.trimEnd().split('\n').at(-1)!).verification.distinct, 500)
  })

  it('reports for people without --json', async () => {
    const { code, stdout } = await millrace('demo', '--customers', '100')

    assert.equal(code, 0)
    assert.match(stdout, /^aggregation rate +[\d,]+ records\/s$/m)
    assert.match(stdout, /^verified: 100 distinct, 0 missing, 0 duplicates, 0 mismatched$/m)
    assert.match(stdout, /^partition +consumed +emitted\n +0 +/m)
    assert.match(stdout, /^no record is aggregated, pending, a duplicate, /m)
  })
})

describe('millrace on a broker that runs already', () => {
  let broker: Broker
  let kafka: Kafka
  let folder: string
  let servers: string[]
  const stack = suiteStack()
  before(async () => {
    broker = stack.use(await startBroker())
    kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING })
    folder = await mkdtemp(join(tmpdir(), 'millrace-topologies-'))
    stack.defer(() => rm(folder, { recursive: true }))
    servers = ['--bootstrap-servers', broker.bootstrapServers]
    const generated = await millrace('generate', ...servers, '--customers', String(customers))
    assert.equal(generated.code, 0, generated.stderr)
  })

  const verify = () => millrace('verify', ...servers, '--customers', String(customers), '--json')
  const verificationOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout).verification

  /** Writes a topology over source-topic whose stage A has this function; returns the file. */
  async function topologyFile(name: string, part: string, source = 'source-topic'): Promise<string> {
    const file = join(folder, `${name}.ts`)
    await writeFile(
      file,
      `import { field, stage, topology } from ${JSON.stringify(streams)}
       const part = field('part')
       export default topology('${name}').source('${source}')
         .route('by-stage', field('stage'), { A: stage({ part: ${part} }), B: stage({ part }), C: stage({ part }) })
         .correlate('by-customer', field('customerId'), { of: ['A', 'B', 'C'] })
         .sink('${name}-sink')`,
    )
    return file
  }

  it('finds everything missing before the experiment has run', async () => {
    const verified = await verify()

    assert.equal(verified.code, 1)
    assert.deepEqual(verificationOf(verified), { distinct: 0, missing: customers, duplicates: 0, mismatched: 0 })
  })

  it('runs the experiment until it has caught up, and verifies it', async () => {
    const ran = await millrace('run', experiment, ...servers, '--until-caught-up', '--json')
    const verified = await verify()

    assert.equal(ran.code, 0, ran.stderr)
    const report = JSON.parse(ran.stdout)
    assert.equal(report.isComplete, true)
    assert.equal(report.mergedRecords, customers)
    assert.equal(verified.code, 0)
    assert.deepEqual(verificationOf(verified), { distinct: customers, missing: 0, duplicates: 0, mismatched: 0 })
  })

  it('proves what the run has done, and explains a key of it', async () => {
    const audited = await millrace('audit', '--app', 'customer-360', ...servers)
    const [merged] = await readTopic(broker.bootstrapServers, 'sink-topic')
    const explained = await millrace('explain', merged!.key!, '--app', 'customer-360', ...servers)
    const unknown = await millrace('explain', '12', '--app', 'customer-360', ...servers, '--json')

    assert.equal(audited.code, 0, audited.stderr)
    assert.match(audited.stdout, /^proved: each of 600 consumed offsets has exactly one class$/m)
    assert.equal(explained.code, 0, explained.stderr)
    const [title, outcome, place, from] = explained.stdout.split('\n')
    assert.equal(title, `customer-360, key "${merged!.key}"`)
    assert.deepEqual([outcome, place?.split('  ')[1]], ['merged', `sink-topic ${merged!.partition}@${merged!.offset}`])
    assert.match(from!, /^  from A \d+@\d+, B \d+@\d+, C \d+@\d+$/)
    assert.equal(unknown.code, 0, unknown.stderr)
    const nothing = { app: 'customer-360', sources: ['source-topic'], key: '12', published: [], deadLetters: [] }
    assert.deepEqual(JSON.parse(unknown.stdout), nothing)
  })

  it('plans the upgrade of a program: nothing to do, or exit code 1 where a start would be refused', async () => {
    const changed = join(folder, 'changed.ts')
    const text = await readFile(experiment, 'utf8')
    const library = join(import.meta.dirname, '../../src/doors/millrace.ts')
    await writeFile(changed, text.replace('../src/doors/millrace.ts', library).replace("'stage'", "'kind'"))

    const same = await millrace('plan-upgrade', experiment, ...servers)
    const refused = await millrace('plan-upgrade', changed, ...servers, '--json')

    assert.equal(same.code, 0, same.stderr)
    assert.match(same.stdout, /^customer-360, epoch \d+: goes on as it is, with 0 pending parts$/m)
    assert.equal(refused.code, 1)
    const { verdict, refusal } = JSON.parse(refused.stdout) as { verdict: string; refusal: { code: string } }
    assert.deepEqual([verdict, refusal.code], ['refused', 'CHECKPOINT_INCOMPATIBLE'])
  })

  it('lists processes while they run, and dead letters by reason', async () => {
    await broker.createTopic({ name: 'listed', partitions: 1 })
    await broker.createTopic({ name: 'listed-sink', partitions: 1 })
    await produce(kafka, 'listed', [{ value: '<xml/>' }, { value: '{"stage":"Z"}' }])
    const app = ['--app', 'listed', ...servers]
    const running = startMillrace(['run', await topologyFile('listed', 'part', 'listed'), ...servers])
    await running.says('2 of 2')

    const listed = await millrace('processes', ...app)
    running.signal('SIGTERM')
    await running.ended
    const none = await millrace('processes', ...app, '--json')
    const misspelt = await millrace('processes', '--app', 'lsted', ...servers)
    const letters = await millrace('dead-letters', ...app, '--reason', 'NOT_JSON')
    const all = await millrace('dead-letters', ...app, '--json')
    const one = await millrace('dead-letters', ...app, '--origin', 'listed:0@1', '--json')
    const [elsewhere, other] = [
      await millrace('dead-letters', ...app, '--origin', 'lsted:0@1'),
      await millrace('dead-letters', ...app, '--origin', 'listed:0@7'),
    ]
    const redriven = [
      await millrace('redrive', ...app, '--origin', 'lsted:0@1'),
      await millrace('redrive', ...app, '--origin', 'listed:0@7'),
    ]

    assert.match(listed.stdout, /^listed\n {2}active {3}127\.0\.0\.1 {2}process \d+ {2}\S+\n$/)
    assert.deepEqual(JSON.parse(none.stdout), { app: 'listed', processes: [] })
    assert.equal(misspelt.code, 1)
    assert.match(misspelt.stderr, /^error APP_UNKNOWN: nothing is known of application "lsted": it has no group, /)
    assert.match(
      letters.stdout,
      /^listed: the newest 1: 1 NOT_JSON\nNOT_JSON {2}listed 0@0 .*\n.*\n {2}value of 6 bytes "<xml\/>"\n$/,
    )
    const { deadLetters } = JSON.parse(all.stdout) as { deadLetters: { reason: string }[] }
    assert.deepEqual(deadLetters.map(({ reason }) => reason).sort(), ['NOT_JSON', 'UNKNOWN_STAGE'])
    const [shown, ...others] = JSON.parse(one.stdout).deadLetters
    assert.deepEqual([shown.reason, shown.headers, others], ['UNKNOWN_STAGE', [], []])
    const refusal = 'origin: "lsted" is no topic that records of the application come from; did you mean listed?'
    assert.deepEqual([elsewhere.code, elsewhere.stderr], [2, `error CONFIG_INVALID_VALUE: ${refusal}\n`])
    assert.deepEqual([other.code, other.stdout], [0, 'listed: no dead letter of that record\n'])
    assert.deepEqual(
      redriven.map(({ code, stderr }) => [code, stderr]),
      [
        [2, `error CONFIG_INVALID_VALUE: ${refusal}\n`],
        [0, ''],
      ],
    )
  })

  it('tells what a reset would delete with exit code 3, and refuses it while the program runs', async () => {
    await broker.createTopic({ name: 'resettable-sink', partitions: 1 })
    const running = startMillrace(['run', await topologyFile('resettable', 'part'), ...servers])
    await running.says('600 of 600')
    const reset = (...words: string[]) => millrace('reset', '--app', 'resettable', ...servers, ...words)

    const refused = await reset('--yes')
    running.signal('SIGTERM')
    await running.ended
    const told = await reset()
    const done = await reset('--yes', '--json')
    const again = await reset('--yes')

    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /^error APP_RUNNING: "resettable" runs/)
    assert.equal(told.code, 3, told.stderr)
    assert.match(
      told.stdout,
      /^topic resettable\.checkpoint and group resettable .* would be deleted; nothing has been done/,
    )
    assert.equal(done.code, 0, done.stderr)
    const deleted = { app: 'resettable', group: 'resettable', checkpointTopic: 'resettable.checkpoint', isDone: true }
    assert.deepEqual(JSON.parse(done.stdout), deleted)
    assert.equal(again.code, 1)
    assert.match(again.stderr, /^error APP_UNKNOWN: /)
  })

  it('verifies with exit code 1 what was tampered with: one missing, one duplicated, one altered', async () => {
    const good = await readTopic(broker.bootstrapServers, 'sink-topic')
    const [first, ...others] = good
    const fault = { distinct: customers, missing: 0, duplicates: 0, mismatched: 0 }
    for (const [records, wrong] of [
      [others, { distinct: customers - 1, missing: 1 }],
      [[first!, ...good], { duplicates: 1 }],
      [[{ ...first!, value: first!.value!.replace('Customer', 'customer') }, ...others], { mismatched: 1 }],
    ] as const) {
      await refill(records)

      const verified = await verify()

      assert.equal(verified.code, 1)
      assert.deepEqual(verificationOf(verified), { ...fault, ...wrong })
    }
    const audited = await millrace('audit', '--app', 'customer-360', ...servers)
    assert.equal(audited.code, 3, audited.stderr)
    assert.match(audited.stdout, /^not proved: /m)
    assert.match(audited.stdout, /^topic sink-topic was deleted and created again$/m)
  })

  it('says which transaction an audit waits for, and ends with exit code 3 when that stays open', async () => {
    const producer = kafka.producer({ transactionalId: 'stays-open', idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({ topic: 'sink-topic', messages: [{ value: '{}', partition: 2 }] })

    const audited = await millrace('audit', '--app', 'customer-360', ...servers, '--transaction-wait-ms', '1500')
    await transaction.abort()
    await producer.disconnect()

    assert.equal(audited.code, 3, audited.stderr)
    assert.equal(audited.stdout, '')
    const open =
      /the transaction of "stays-open" \(producer \d+\), open in topic "sink-topic", partition 2, since offset \d+/
    assert.match(audited.stderr, new RegExp(`^waiting for ${open.source}$`, 'm'))
    assert.match(audited.stderr, new RegExp(`^error KAFKA_TRANSACTION_OPEN: .*${open.source}`, 'm'))
  })

  it('serves metrics and health where it is told to, from before its brokers are there', async () => {
    const unreachable = await millrace('run', experiment, ...servers, '--http', '0.0.0.0:0')
    assert.equal(unreachable.code, 2, unreachable.stderr)
    assert.match(unreachable.stderr, /^error HTTP_TOKEN_MISSING: /)

    const running = startMillrace(['run', experiment, '--bootstrap-servers', '127.0.0.1:1', '--http', '127.0.0.1:0'])
    const url = await running.finds(/http:\S+/)
    const health = await Promise.all(['live', 'ready'].map(async (path) => (await fetch(`${url}${path}`)).status))
    running.signal('SIGTERM')
    const { code } = await running.ended

    assert.deepEqual([...health, code], [200, 503, 0])
  })

  it('B10 drains and commits at SIGTERM, and exits with 0', async () => {
    await broker.createTopic({ name: 'patient-sink', partitions: 1 })
    const running = startMillrace(['run', await topologyFile('patient', 'part'), ...servers, '--json'])
    await running.says('600 of 600')

    running.signal('SIGTERM')
    const { code, stdout, stderr } = await running.ended

    assert.equal(code, 0, stderr)
    const report = JSON.parse(stdout)
    assert.equal(report.isBalanced, true)
    assert.equal(report.mergedRecords, customers)
    assert.equal(stderr.split('600 of 600').length, 2, stderr)
    assert.equal((await readTopic(broker.bootstrapServers, 'patient-sink')).length, customers)
  })

  it('ends when it is done though the module of its topology holds a timer, and all that it wrote is read', async () => {
    await broker.createTopic({ name: 'holding-sink', partitions: 1 })
    const file = await topologyFile('holding', 'part')
    const written = 1 << 20
    await appendFile(
      file,
      `
      const write = process.stdout.write.bind(process.stdout)
      write('x'.repeat(${written}) + '\\n')
      process.stdout.write = (chunk, ...others) => {
        if (chunk !== '') setImmediate(() => process.stderr.write('reported'))
        return write(chunk, ...others)
      }
      setInterval(() => {}, 1_000)`,
    )

    const words = ['run', file, ...servers, '--until-caught-up', '--json']
    const { code, stdout, stderr } = await startMillrace(words, {}, { unreadUntil: 'reported' }).ended

    assert.equal(code, 0, stderr)
    const [noise, report] = stdout.split('\n')
    assert.equal(noise!.length, written)
    assert.equal(JSON.parse(report!).mergedRecords, customers)
  })

  it('ends with 3 at a signal that comes before it has caught up', async () => {
    await broker.createTopic({ name: 'early-sink', partitions: 1 })
    const file = await topologyFile('early', `() => { process.stderr.write('hangs\\n'); return new Promise(() => {}) }`)
    const running = startMillrace(['run', file, ...servers, '--until-caught-up', '--json', '--drain-ms', '100'])
    await running.says('hangs')

    running.signal('SIGTERM')
    const { code, stdout, stderr } = await running.ended

    assert.equal(code, 3, stderr)
    const { isComplete, mergedRecords } = JSON.parse(stdout)
    assert.deepEqual([isComplete, mergedRecords], [false, 0])
  })

  it('ends at a signal that comes while it starts: here behind an open transaction in its checkpoint', async () => {
    await broker.createTopic({ name: 'starting-sink', partitions: 1 })
    await broker.createTopic({ name: 'starting.checkpoint', partitions: 1, config: { 'cleanup.policy': 'compact' } })
    const producer = kafka.producer({ transactionalId: 'foreign', idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({ topic: 'starting.checkpoint', messages: [{ key: 'note', value: '1' }] })
    const running = startMillrace(['run', await topologyFile('starting', 'part'), ...servers])
    const memberCount = () => atCluster(broker, (cluster) => countGroupMembers(cluster, 'starting'))
    await until('the program is a member', async () => (await memberCount()) === 1)

    running.signal('SIGTERM')
    const { code, stdout, stderr } = await running.ended
    const left = await memberCount()
    await transaction.abort()
    await producer.disconnect()

    assert.equal(code, 0, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, /"starting" was stopped before it had started/)
    assert.equal(left, 0)
  })

  it('ends at once at the second signal, with 130', async () => {
    await broker.createTopic({ name: 'hanging-sink', partitions: 1 })
    const file = await topologyFile(
      'hanging',
      `() => { process.stderr.write('hangs\\n'); return new Promise(() => {}) }`,
    )
    const running = startMillrace(['run', file, ...servers])
    await running.says('hangs')

    running.signal('SIGINT')
    await running.says('once more ends at once')
    running.signal('SIGINT')
    const { code } = await running.ended

    assert.equal(code, 130)
  })

  it('exits with 1, and names the error without a stack, when a stage fails on everything', async () => {
    await broker.createTopic({ name: 'failing-sink', partitions: 1 })
    const file = await topologyFile('failing', `() => { throw new Error('always') }`)

    const { code, stderr } = await millrace('run', file, ...servers, '--until-caught-up')

    assert.equal(code, 1)
    assert.match(stderr, /^error STAGE_FAILS_ON_EVERYTHING: "stage-A" failed on 100 records in a row.*always$/m)
    assert.equal(stderr.includes('    at '), false, stderr)
  })

  for (const [missing, source] of [
    ['sink', 'source-topic'],
    ['source', 'nowhere'],
  ] as const) {
    it(`exits with 1, and names the topic, when the ${missing} is missing`, async () => {
      const file = await topologyFile(`no-${missing}`, 'part', source)
      if (missing === 'source') await broker.createTopic({ name: 'no-source-sink', partitions: 1 })

      const { code, stderr } = await millrace('run', file, ...servers, '--until-caught-up')

      assert.equal(code, 1)
      assert.match(
        stderr,
        new RegExp(
          `^error KAFKA_TOPIC_MISSING: topic "${missing === 'sink' ? 'no-sink-sink' : source}" does not exist`,
        ),
      )
    })
  }

  it('refuses a file without a topology, with exit code 2', async () => {
    const file = join(folder, 'nothing.ts')
    await writeFile(file, 'export default 1')

    const { code, stderr } = await millrace('run', file, ...servers)

    assert.equal(code, 2)
    assert.match(
      stderr,
      /^error CONFIG_INVALID_MODULE: .*has no topology as its default export: it is 1 \(.*nothing\.ts:1\)$/m,
    )
  })

  it('does not wait for a file whose top level waits for ever, and tells file and line', async () => {
    const file = join(folder, 'pending.ts')
    await writeFile(file, '\nexport default await new Promise(() => {})\n')

    const { code, stderr } = await millrace('describe', file)

    assert.equal(code, 2)
    assert.match(stderr, /^error CONFIG_INVALID_MODULE: .*awaits at its top level does not come \(.*pending\.ts:2\)$/m)
  })

  /** Puts other records into sink-topic. */
  async function refill(
    records: readonly { key: string | null; value: string | null; partition: number }[],
  ): Promise<void> {
    const admin = kafka.admin()
    await admin.connect()
    await admin.deleteTopics({ topics: ['sink-topic'] })
    await admin.createTopics({ topics: [{ topic: 'sink-topic', numPartitions: 12 }] })
    await admin.disconnect()
    await produce(
      kafka,
      'sink-topic',
      records.map(({ key, value, partition }) => ({ key: key!, value, partition })),
    )
  }
})
