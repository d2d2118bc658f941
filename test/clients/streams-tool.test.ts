import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { processes } from '../../src/streams/index.ts'
import { skipWithoutJava, startQuickKafka } from '../apache-kafka.ts'
import { suiteStack } from '../at-end.ts'
import { keyedRecords } from '../integration/keyed-topology.ts'
import { patientAdmin } from '../integration/patient-admin.ts'
import { SharingMembers } from '../integration/sharing-members.ts'
import { createStream } from '../integration/target.ts'
import { until } from '../until.ts'
import { StreamsApplication, streamsGroup, streamsTopics } from './streams-application.ts'

const properties = {
  'group.streams.initial.rebalance.delay.ms': '0',
  'group.streams.heartbeat.interval.ms': '200',
  'group.streams.min.heartbeat.interval.ms': '200',
}
const tasks = [0, 1, 2, 3]
const customers = 100
/** Millrace commits no leader epochs of brokers: it finds out in other ways that a log has lost what it has read. */
const onlyOfJava = 'LEADER-EPOCH'

describe("Kafka's tool for streams groups", { skip: skipWithoutJava, timeout: 180_000 }, () => {
  const stack = suiteStack()

  it('shows the processes and tasks of a program in the layout "routed" as those of Kafka Streams', async () => {
    const broker = stack.use(await startQuickKafka({ properties }))
    const { bootstrapServers } = broker
    const kafka = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING })
    const admin = stack.adopt(await patientAdmin(kafka), (each) => each.disconnect())
    await admin.createTopics({
      topics: streamsTopics.map(({ name, partitions = 1 }) => ({ topic: name, numPartitions: partitions })),
    })
    const application = await StreamsApplication.start(bootstrapServers, stack)
    const stream = await createStream({ bootstrapServers, kafka, admin }, { sourcePartitions: tasks.length })
    const sharing = new SharingMembers({ bootstrapServers, admin })
    const pids = [1, 2].map(() => sharing.start(stream, 'routed', { standbyTasks: 1 }).pid)
    const correlation = `${stream.app}.by-id`
    await until('both have tasks, and copies of those of the other', async () => {
      const listed = await processes({ app: correlation, bootstrapServers }).catch(() => [])
      const held = listed.flatMap((each) => [each.tasks!.length, each.standbyTasks!.length])
      return held.join() === [2, 2, 2, 2].join()
    })
    await stream.produce(
      keyedRecords(['A', 'B', 'C'], 0, customers).map(({ value }, at) => ({ value, partition: at % tasks.length })),
    )
    await until('all is merged', async () => (await stream.merged()).length >= customers)
    await application.hasCounted()

    const groups = [streamsGroup, stream.app, correlation]
    const [members, states, offsets] = await Promise.all(
      ['--members', '--state', '--offsets'].map(async (what) => {
        return tablesIn(await application.describe(groups, what, '--verbose'))
      }),
    )

    for (const tables of [members!, states!, offsets!]) {
      const [java, ...own] = groups.map((group) => tables.get(group)!)
      for (const table of own) {
        assert.deepEqual(Object.keys(table[0]!), Object.keys(java![0]!))
        const missing = filledIn(java!).filter((column) => !table.every((row) => isFilled(row[column])))
        assert.deepEqual(missing, tables === offsets ? [onlyOfJava] : [])
      }
    }
    for (const group of [stream.app, correlation]) {
      assert.deepEqual(valuesOf(states!.get(group)!, 'STATE', '#MEMBERS'), ['Stable 2'])
      const shown = members!.get(group)!
      const pidOf = (row: Row) => Number(row['PROCESS']!.split('-')[2])
      assert.deepEqual(new Set(shown.map(pidOf)), new Set(pids))
      assert.deepEqual(new Set(shown.flatMap((row) => tasksIn(row, 'ACTIVE'))), new Set(tasks))
      for (const row of shown) {
        const copies = group === correlation ? tasks.filter((task) => !tasksIn(row, 'ACTIVE').includes(task)) : []
        assert.deepEqual(tasksIn(row, 'STANDBY'), copies)
      }
    }
    const processIds = [stream.app, correlation].map((group) => valuesOf(members!.get(group)!, 'PROCESS'))
    assert.deepEqual(processIds[0], processIds[1], 'a process is the same in both groups')
    const partitions = tasks.map((task) => `${stream.source} ${task} 0`)
    assert.deepEqual(valuesOf(offsets!.get(stream.app)!, 'TOPIC', 'PARTITION', 'OFFSET-LAG'), partitions)
  })
})

type Row = Readonly<Record<string, string>>

/** The tables of the tool, by group: each begins with its columns, whose places are those of their values. */
function tablesIn(printed: string): ReadonlyMap<string, readonly Row[]> {
  const rows: Row[] = []
  let columns: { name: string; from: number; to: number | undefined }[] = []
  for (const line of printed.split('\n').filter((each) => each.trim() !== '')) {
    if (!line.startsWith('GROUP ')) {
      rows.push(Object.fromEntries(columns.map(({ name, from, to }) => [name, line.slice(from, to).trim()])))
      continue
    }
    const names = [...line.matchAll(/\S+( \(ID\))?/g)]
    columns = names.map(({ 0: name, index }, at) => ({ name, from: index, to: names[at + 1]?.index }))
  }
  return Map.groupBy(rows, (row) => row['GROUP']!)
}

/** The columns in which some row has a value. */
function filledIn(table: readonly Row[]): string[] {
  return Object.keys(table[0]!).filter((column) => table.some((row) => isFilled(row[column])))
}

function isFilled(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '-'
}

/** The values of columns, row by row, in their order. */
function valuesOf(table: readonly Row[], ...columns: readonly string[]): string[] {
  return table.map((row) => columns.map((column) => row[column]).join(' ')).sort()
}

/** Of `ACTIVE: 0:[0,1]; STANDBY: 0:[2,3];`. */
function tasksIn(row: Row, kind: 'ACTIVE' | 'STANDBY'): number[] {
  const list = new RegExp(`(?:^|; )${kind}: 0:\\[([\\d,]+)\\]`).exec(row['ASSIGNMENTS']!)?.[1]
  return list === undefined ? [] : list.split(',').map(Number)
}
