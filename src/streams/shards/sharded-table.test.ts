import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fromModule, startSystem, supervisor } from '../../actors/index.ts'
import { nextInt, type Random, seededRandom, systemRandom } from '../../core/random.ts'
import { codecs, noHeaders, type OutputBatch, Reason, recordBatchOf, sourceSlackBytes } from '../../kernel/index.ts'
import { Oracle, resultOf } from './fixtures/oracle.ts'
import type { mortal } from './fixtures/mortal.ts'
import { forEachMerge } from './merges-onward.ts'
import type { ShardMessage, SharedPartition, ShardSetup } from './shard-messages.ts'
import { ShardedTable, type ShardEvents } from './sharded-table.ts'
import { shardTree } from './shard-tree.ts'

const partitionCount = 4
const sideNames = ['A', 'B', 'C']
const setup = {
  partitionCount,
  table: {
    sideCount: sideNames.length,
    hashSeed: [3, 4] as const,
    bytesMax: 2 ** 28,
    duplicateReason: Reason.DUPLICATE,
    tooLargeReason: Reason.MERGE_TOO_LARGE,
    refusedTimeReason: Reason.MERGE_TIMESTAMP_REFUSED,
  },
  decompressedBytesMax: 1 << 20,
  sideNames,
  decoders: [
    {
      route: ['side'],
      sides: sideNames.map((name) => ({
        name,
        part: { kind: 'field' as const, path: ['part'] },
        key: { kind: 'field' as const, path: ['key'] },
      })),
      depthMax: 64,
      keyBytesMax: 1_024,
    },
  ],
  keyName: 'key',
  traces: { areWanted: false, followedRatio: 0 },
  expiry: undefined,
  withinMs: undefined,
  sink: {
    partitionCount: 3,
    batchBytes: 4_096,
    recordBytesMax: 1 << 20,
    codec: 0,
    isHandedOver: false,
    isOnward: false,
    headers: {},
    timestamp: 'greatest' as const,
  },
}
const epochs = 8
/** Each costs the start of a thread. */
const endsMax = 2
const chunksPerEpochMax = 12
const recordsPerChunkMax = 60
const openKeys = 60

for (const shardCount of [2, 3]) {
  describe(`a table of ${shardCount} shards`, () => {
    it('B17 comes to what one table comes to, epoch by epoch, through rollbacks and ends of threads', async () => {
      const seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())
      const random = seededRandom(seed)
      const program = new Program(random)
      const codec = nextInt(random, Object.keys(codecs).length)
      const made = { ...setup, sink: { ...setup.sink, codec } }
      const oracle = new Oracle(made)
      await using shards = await Shards.start(made, shardCount, 2 ** (7 + nextInt(random, 10)))
      let ends = 0
      try {
        for (let epoch = 0; epoch < epochs; epoch++) {
          const records = program.nextEpoch()
          for (;;) {
            const fates = ['commit', 'roll back', 'roll back when closed', 'end a thread']
            const fate = fates[nextInt(random, ends < endsMax ? 4 : 3)]!
            const taking = records.map((each) => shards.table.take(each))
            if (fate === 'end a thread') {
              ends++
              await shards.endThread(nextInt(random, shardCount))
              // What was under way is in the table or has failed; nothing is left open.
              await Promise.allSettled(taking)
              await shards.recover(program.log, oracle)
              continue
            }
            if (fate === 'roll back') {
              await shards.recover(program.log, oracle)
              await Promise.all(taking)
              continue
            }
            const result = await shards.close()
            if (fate === 'roll back when closed') {
              await shards.recover(program.log, oracle)
              continue
            }
            shards.table.commit()
            assert.deepEqual(result, oracle.epoch(records))
            break
          }
        }
      } catch (error) {
        throw new Error(`repeat with MILLRACE_SEED=${seed}`, { cause: error })
      }
    })
  })
}

describe('a table of shards of which one is lost', () => {
  it('B17 says so to whoever gives records or closes an epoch, until another life begins', async () => {
    const records = { ...new Program(seededRandom(1)).chunk(), partition: 1 }
    await using shards = await Shards.start(setup, 2, 1_024)
    await shards.endThread(1)

    await assert.rejects(shards.table.close(), { code: 'SHARD_LOST', details: { shard: 2 } })
    await assert.rejects(shards.table.take(records), { code: 'SHARD_LOST' })
    assert.deepEqual(await shards.table.begin(), [1])
    await shards.table.take(records)
    assert.equal((await shards.table.close()).length, 2)
  })
})

describe('a table of shards whose merges are refused after they were handed on', () => {
  it('B17 begins rows anew, in the order of their records, and waits for nobody while rings are full', async () => {
    const made = {
      ...setup,
      table: { ...setup.table, sideCount: 2, completedReason: Reason.COMPLETED },
      sideNames: sideNames.slice(0, 2),
      decoders: setup.decoders.map((each) => ({ ...each, sides: each.sides.slice(0, 2) })),
      sink: { ...setup.sink, isHandedOver: true, isOnward: true },
    }
    let refusedCount = 0
    await using shards = await Shards.start(made, 3, 128, (merges) => {
      const refused: number[] = []
      let count = 0
      forEachMerge(merges, ({ bytes, keyStart, valueStart }) => {
        if (bytes.toString('utf8', keyStart, valueStart).includes('refused')) refused.push(count)
        count++
      })
      refusedCount += refused.length
      return { count, refused }
    })
    const keyCount = 40
    const turns = 10
    const takeAll = async (fromOffset: number) => {
      const chunks = Array.from({ length: partitionCount }, (_, partition) => {
        const values = Array.from({ length: 2 * turns }, (_turn, turn) =>
          Array.from({ length: keyCount }, (_key, number) => {
            const key = `${number % 2 === 0 ? 'kept' : 'refused'} ${number} of ${partition}`
            return JSON.stringify({ side: sideNames[turn % 2], key, part: turn })
          }),
        )
        return chunkOf(partition, fromOffset, 0, values.flat())
      })
      await Promise.all(chunks.map((each) => shards.table.take(each)))
      return await shards.table.close()
    }
    const keysPerKind = (partitionCount * keyCount) / 2
    const countOf = (closed: Awaited<ReturnType<typeof takeAll>>, of: (each: (typeof closed)[number]) => number) =>
      closed.reduce((sum, each) => sum + of(each), 0)
    const duplicatesOf = (closed: Awaited<ReturnType<typeof takeAll>>) =>
      countOf(closed, ({ counts }) => counts.duplicate.reduce((sum, each) => sum + each, 0))

    const takeFirst = async () => {
      refusedCount = 0
      const first = await takeAll(0)
      const completedCount = countOf(first, (each) => each.completed.count)
      assert.deepEqual([refusedCount, completedCount], [turns * keysPerKind, keysPerKind])
      assert.equal(duplicatesOf(first), (2 * turns - 2) * keysPerKind)
      return first
    }
    await takeFirst()
    assert.deepEqual(await shards.table.begin(), [])
    const first = await takeFirst()
    const forgotten = 25
    shards.table.number(first, 0, forgotten)
    shards.table.commit()

    // The next epoch knows those that were kept and are not forgotten, and no others.
    const second = await takeAll(2 * turns * keyCount)
    assert.deepEqual(
      [refusedCount, countOf(second, (each) => each.completed.count)],
      [2 * turns * keysPerKind, forgotten],
    )
    assert.equal(duplicatesOf(second), 2 * turns * keysPerKind - 2 * forgotten)
  })
})

/** Records of a source, most of which complete a key some time; others are duplicates, or no records of the program. */
class Program {
  /** All that was ever read, by partition. */
  readonly log: SharedPartition[] = []
  recordCount = 0
  readonly #random: Random
  #nextKey = 1
  readonly #open: ({ readonly key: number; readonly sides: string[] } | undefined)[] = []
  readonly #offsets = Array.from({ length: partitionCount }, () => 0)

  constructor(random: Random) {
    this.#random = random
  }

  nextEpoch(): SharedPartition[] {
    const chunks = Array.from({ length: nextInt(this.#random, chunksPerEpochMax + 1) }, () => this.chunk())
    this.log.push(...chunks)
    return chunks
  }

  chunk(): SharedPartition {
    const partition = nextInt(this.#random, partitionCount)
    const fromOffset = this.#offsets[partition]!
    const count = 1 + nextInt(this.#random, recordsPerChunkMax)
    this.#offsets[partition] = fromOffset + count
    const values = Array.from({ length: count }, () => this.#value(partition))
    this.recordCount += count
    return chunkOf(partition, fromOffset, this.recordCount - count, values)
  }

  #value(partition: number): string {
    const part = 'p'.repeat(nextInt(this.#random, 90))
    // Of a key that is complete, or of two parts of a side, nobody knows which comes first, but in one partition.
    if (nextInt(this.#random, 12) === 0) return JSON.stringify({ side: 'A', key: `alone in ${partition}`, part })
    const { key, side } = this.#nextPart()
    switch (nextInt(this.#random, 30)) {
      case 0:
        return '{"side":'
      case 1:
        return JSON.stringify({ side: 'D', key, part })
      case 2:
        return `{"side":"${side}","key":${key}.0,"part":"${part}"}`
      case 3:
        return `{"side":"${side}","key":"\\u0063ustomer ${key}","part":"${part}"}`
      default:
        return JSON.stringify({ side, key: key % 2 === 0 ? key : `customer ${key}`, part })
    }
  }

  /** A part that has not come yet, of one of the keys that are open. */
  #nextPart(): { key: number; side: string } {
    const at = nextInt(this.#random, openKeys)
    const open = (this.#open[at] ??= { key: this.#nextKey++, sides: [...sideNames] })
    const [side] = open.sides.splice(nextInt(this.#random, open.sides.length), 1)
    if (open.sides.length === 0) this.#open[at] = undefined
    return { key: open.key, side: side! }
  }
}

/** Records of a partition; `recordCount` came before, of any. */
function chunkOf(
  partition: number,
  fromOffset: number,
  recordCount: number,
  values: readonly string[],
): SharedPartition {
  const batches = values.map((value, at) =>
    recordBatchOf(fromOffset + at, 1_790_000_000_000 + recordCount + at, {
      key: undefined,
      value: Buffer.from(value),
      ...noHeaders,
    }),
  )
  const bytes = Buffer.concat(batches)
  const memory = new SharedArrayBuffer(bytes.length + sourceSlackBytes)
  new Uint8Array(memory).set(bytes)
  const nextOffset = fromOffset + values.length
  return { source: 0, partition, memory, start: 0, end: bytes.length, fromOffset, nextOffset, aborted: [] }
}

class Shards implements AsyncDisposable {
  readonly table: ShardedTable
  readonly #system: Awaited<ReturnType<typeof startSystem>>
  #batches: OutputBatch[] = []
  #refused: (readonly [number, number, number])[] = []

  private constructor(
    system: Awaited<ReturnType<typeof startSystem>>,
    ids: readonly string[],
    ringBytes: number,
    judge: ShardEvents['onMerges'],
  ) {
    this.#system = system
    this.table = new ShardedTable(
      ids.map((id) => system.ref<ShardMessage>(id)),
      {
        // Memory that does not come back is no fault: it is made anew.
        onBatch: (batch) => this.#batches.push(batch),
        onMerges: (merges) => judge(merges),
        onTraced: () => assert.fail('no trace is followed'),
        onRefused: (...row) => this.#refused.push(row),
        onDropped() {
          throw new Error('nothing that was taken in is dropped')
        },
      },
      ringBytes,
    )
  }

  /** @param ringBytes - So few that shards wait for each other now and then. */
  static async start(
    made: Omit<ShardSetup, 'place'>,
    count: number,
    ringBytes: number,
    judge: ShardEvents['onMerges'] = () => assert.fail('nothing comes after the merge'),
  ): Promise<Shards> {
    const { ids, threads, root: tree } = shardTree(made, count)
    const module = new URL('./fixtures/mortal.ts', import.meta.url)
    const root = supervisor({
      name: 'root',
      maxRestarts: 1_000,
      children: [
        { start: tree },
        ...threads.map((thread) => ({
          id: `end-${thread}`,
          start: fromModule<typeof mortal>(module, 'mortal'),
          thread,
        })),
      ],
    })
    const system = await startSystem({ name: 'test', root, threads })
    const shards = new Shards(system, ids, ringBytes, judge)
    assert.equal((await shards.table.begin()).length, count)
    return shards
  }

  async endThread(shard: number): Promise<void> {
    await this.#system.ref<{ readonly type: 'end' }>(`end-shard-${shard + 1}`).tell({ type: 'end' })
  }

  /** Begins another life, and fills all shards where one is new. */
  async recover(log: readonly SharedPartition[], oracle: Oracle): Promise<void> {
    const beginning = this.table.begin()
    // What was told is of a life that is over; nothing more of it may be told.
    for (const told of [this.#batches, this.#refused]) told.length = 0
    if ((await beginning).length > 0) {
      await this.table.empty(true)
      const pending = Array.from({ length: partitionCount }, (_, partition) => oracle.pendingOf(partition))
      await Promise.all(log.map((records) => this.table.take(records, pending[records.partition]!.slice())))
      await this.table.close()
      this.table.commit()
    }
    assert.deepEqual(this.#refused.splice(0), [])
    assert.deepEqual(this.#batches.splice(0), [])
  }

  async close() {
    const tables = await this.table.close()
    // Nobody remembers keys here, so nobody goes through those of an epoch.
    for (const { completed } of tables) assert.equal(completed.count, 0)
    return resultOf({ batches: this.#batches.splice(0), refused: this.#refused.splice(0), tables })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#system.stop({ drainMs: 0 })
  }
}
