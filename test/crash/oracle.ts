import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Cluster, fetchGroupOffsets, listOffsets, readTopic, topicRange, type Topic } from '../../src/kafka/index.ts'
import { BatchReader, plainRecord, RecordColumns } from '../../src/kernel/index.ts'
import type { Experiment } from './program.ts'

/** What this looks at in a manifest. */
interface Manifest {
  readonly epoch: number
  readonly startOffsets: readonly number[]
  readonly nextOffsets: readonly number[]
  readonly totals: Readonly<Record<string, readonly number[]>>
  readonly pending: number
  readonly digest: readonly [number, number]
}

/** What a run that came to its end has left on the broker. */
export interface Remains {
  /** Of the sink, as a multiset: how many records, and the sum of their hashes. */
  readonly records: number
  readonly digest: bigint
  readonly epochs: number
}

/**
 * Looks at what an experiment that came to its end has left on the broker.
 *
 * @throws AssertionError unless its account is exact, every epoch has happened once, and nothing is a dead letter.
 */
export async function checkRemains({ bootstrapServers, app, source, sink }: Experiment): Promise<Remains> {
  const cluster = new Cluster({ bootstrapServers })
  try {
    const names = [source, sink, `${app}.dead-letter`, `${app}.checkpoint`]
    const [sourceTopic, sinkTopic, deadLetters, checkpoint] = (await cluster.topics(names)) as [
      Topic,
      Topic,
      Topic,
      Topic,
    ]
    const manifests = await readManifests(cluster, checkpoint)
    const last = manifests.at(-1)!
    const ends = await listOffsets(cluster, sourceTopic, 'latest')
    const content = await readContent(cluster, sinkTopic)

    assert.deepEqual(
      manifests.map(({ epoch }) => epoch),
      manifests.map((_, index) => index + 1),
      'every epoch has one manifest',
    )
    assert.deepEqual(last.nextOffsets, ends, 'all of the source is consumed')
    assert.deepEqual(last.totals['emitted'], consumedOf(last), 'all that is consumed is part of a merge')
    for (const [name, counts] of Object.entries(last.totals))
      if (name !== 'emitted') assert.equal(sum(counts), 0, `nothing is ${name}`)
    assert.equal(last.pending, 0)
    assert.deepEqual(last.digest, [0, 0])
    const committed = await fetchGroupOffsets(cluster, app, source, ends.length, { requireStable: true })
    assert.deepEqual(committed, ends, "the group's offsets are those of the last manifest")
    assert.equal((await readContent(cluster, deadLetters)).records, 0, 'nothing is a dead letter')
    return { ...content, epochs: last.epoch }
  } finally {
    await cluster.close()
  }
}

async function readManifests(cluster: Cluster, checkpoint: Topic): Promise<Manifest[]> {
  const manifests: Manifest[] = []
  await forEachRecord(cluster, checkpoint, (key, value) => {
    if (String(key) === 'manifest') manifests.push(JSON.parse(String(value)))
  })
  return manifests
}

/** A sum of hashes is the same in whatever order the records stand. */
async function readContent(cluster: Cluster, topic: Topic): Promise<{ records: number; digest: bigint }> {
  let records = 0
  let digest = 0n
  await forEachRecord(cluster, topic, (key, value, partition, timestamp) => {
    const hash = createHash('sha1')
    hash.update(`${partition} ${timestamp} ${key.length} `).update(key).update(value)
    digest = BigInt.asUintN(64, digest + hash.digest().readBigUInt64BE())
    records++
  })
  return { records, digest }
}

type VisitRecord = (key: Buffer, value: Buffer, partition: number, timestamp: number) => void

/** Reads a topic as a `read_committed` consumer does; keys and values are valid until `visit` returns. */
async function forEachRecord(cluster: Cluster, topic: Topic, visit: VisitRecord): Promise<void> {
  const reader = new BatchReader({ decompressedBytesMax: 1 << 20 })
  const columns = new RecordColumns()
  await readTopic(cluster, topic, await topicRange(cluster, topic), (piece) => {
    reader.open(piece)
    while (reader.fill(columns)) {
      for (let row = 0; row < columns.count; row++) {
        const { key, value } = plainRecord(columns, row)
        visit(bufferOf(key), bufferOf(value), columns.partition, columns.timestamp[row]!)
      }
    }
  })
}

function bufferOf(bytes: Uint8Array = new Uint8Array(0)): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

function consumedOf({ startOffsets, nextOffsets }: Manifest): number[] {
  return nextOffsets.map((next, partition) => next - startOffsets[partition]!)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
