import { type Cluster, type Topic, topicRange } from '../../kafka/index.ts'
import { headersWithout, plainRecord, type PlainRecord, type RecordColumns } from '../../kernel/index.ts'
import { readRecords } from '../topics/record-reader.ts'
import type { Origin } from '../topics/source-partitions.ts'
import { letterHeader, readLetterHeader, type RedrivenLetter } from './letter-header.ts'

/** A record as it was in its source. */
export interface SourceRecord {
  readonly record: PlainRecord
  readonly timestampMs: number
  /** Which letter it was, where it was redriven. */
  readonly letter: RedrivenLetter | undefined
}

/** Records between two that are wanted, which are rather read than asked around. */
const gapMax = 1_000

/**
 * Reads records that letters only refer to; those that are gone are left out.
 *
 * @param topics - By name; those that are not the ones that were consumed are missing.
 */
export async function readSourceRecords(
  cluster: Cluster,
  topics: ReadonlyMap<string, Topic>,
  places: readonly Origin[],
  { decompressedBytesMax }: { readonly decompressedBytesMax: number },
): Promise<Map<Origin, SourceRecord>> {
  const found = new Map<Origin, SourceRecord>()
  for (const [name, ofTopic] of groups(places, ({ topic }) => topic)) {
    const topic = topics.get(name)
    if (topic === undefined) continue
    const { starts, ends } = await topicRange(cluster, topic)
    for (const [partition, ofPartition] of groups(ofTopic, (place) => place.partition)) {
      const within = ofPartition.filter(({ offset }) => offset >= starts[partition]! && offset < ends[partition]!)
      for (const run of runsOf(within)) {
        // A flatMap makes several of one.
        const wanted = groups(run, ({ offset }) => offset)
        const at = (offset: number) => topic.partitions.map((_, other) => (other === partition ? offset : 0))
        const range = { starts: at(run[0]!.offset), ends: at(run.at(-1)!.offset + 1) }
        await readRecords({ cluster, topic, range, decompressedBytesMax }, (columns) => {
          for (let row = 0; row < columns.count; row++) {
            for (const place of wanted.get(columns.offset[row]!) ?? []) found.set(place, sourceRecord(columns, row))
          }
        })
      }
    }
  }
  return found
}

function sourceRecord(columns: RecordColumns, row: number): SourceRecord {
  const { key, value } = plainRecord(columns, row)
  const { headerCount, headers } = headersWithout(columns, row, letterHeader)
  return {
    record: copyOf({ key, value, headerCount, headers }),
    timestampMs: columns.timestamp[row]!,
    letter: readLetterHeader(columns, row),
  }
}

/** A record in memory of its own. */
export function copyOf({ key, value, headerCount, headers }: PlainRecord): PlainRecord {
  return {
    key: key && Uint8Array.from(key),
    value: value && Uint8Array.from(value),
    headerCount,
    headers: Uint8Array.from(headers),
  }
}

/** Places in their order, those together that lie close to one another. */
function runsOf(places: readonly Origin[]): Origin[][] {
  const runs: Origin[][] = []
  for (const place of places.toSorted((a, b) => a.offset - b.offset)) {
    const run = runs.at(-1)
    if (run !== undefined && place.offset - run.at(-1)!.offset <= gapMax) run.push(place)
    else runs.push([place])
  }
  return runs
}

function groups<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  return Map.groupBy(items, keyOf)
}
