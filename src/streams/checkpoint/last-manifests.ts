import { type Cluster, type Topic, topicRange } from '../../kafka/index.ts'
import { plainRecord, type RecordColumns } from '../../kernel/index.ts'
import { readRecords } from '../topics/record-reader.ts'
import { furthest } from '../topics/topic-ranges.ts'
import { manifestKey } from './checkpoint-topic.ts'
import { decodeManifest, type Manifest } from './manifest.ts'

/** So many records at the end of a partition have its last manifest, unless an epoch has promoted many parts. */
const recentRecords = 1_000
/** How many times as many are read where they do not. */
const furtherBack = 16

/**
 * The last manifest of each task, as a `read_committed` consumer sees it: looked for from the end of its partition
 * backwards, and from then on in what was written since. Nothing else of what is read is kept, and no open transaction is
 * waited for.
 */
export class LastManifests {
  readonly #bytes = new Map<number, Uint8Array>()
  #reached: readonly number[] = []

  /** @returns By task, in ascending order, as of now; none of a task that has committed no epoch. */
  async read(cluster: Cluster, topic: Topic): Promise<Manifest[]> {
    const { starts, ends } = await topicRange(cluster, topic, 'read_committed')
    const unread = starts.map((start, task) => Math.max(start, this.#reached[task] ?? 0))
    const found = new Set<number>()
    let before = ends
    for (let count = recentRecords; ; count *= furtherBack) {
      const from = before.map((end, task) => (found.has(task) ? end : Math.max(unread[task]!, ends[task]! - count)))
      const range = { starts: from, ends: before }
      await readRecords({ cluster, topic, range, isUrgent: true }, (columns) => {
        if (this.#take(columns)) found.add(columns.partition)
      })
      if (from.every((start, task) => found.has(task) || start <= unread[task]!)) break
      before = from
    }
    this.#reached = furthest(ends, this.#reached)
    const tasks = [...this.#bytes.keys()].sort((a, b) => a - b)
    return tasks.map((task) => decodeManifest(this.#bytes.get(task)!))
  }

  /** @returns Whether there is a manifest among them. */
  #take(columns: RecordColumns): boolean {
    let manifest: Uint8Array | undefined
    for (let row = 0; row < columns.count; row++) {
      const { key, value } = plainRecord(columns, row)
      if (key !== undefined && Buffer.from(key).toString() === manifestKey) manifest = value
    }
    if (manifest !== undefined) this.#bytes.set(columns.partition, Uint8Array.from(manifest))
    return manifest !== undefined
  }
}
