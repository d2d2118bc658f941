import { topicRange, untilStable } from '../../kafka/index.ts'
import { isOfRow, type RecordColumns } from '../../kernel/index.ts'
import { covers } from '../redrive/extent.ts'
import { RedrivenFates } from '../redrive/redriven-fates.ts'
import { ownTopics } from '../topology/plan-topics.ts'
import { readRecords } from '../topics/record-reader.ts'
import type { Origin } from '../topics/source-partitions.ts'
import { findTopic } from '../admin/app-checkpoint.ts'
import { type DeadLetter, readDeadLetter, type ReadLetter } from '../admin/dead-letter-reader.ts'
import type { KeyFinder } from './key-finder.ts'
import type { SourceRows } from './source-rows.ts'
import { placeOf, type Search } from './search.ts'
import type { RecordPlace } from './explanation.ts'

/** The dead letters of the key, and what became of those that were redriven. */
export async function findDeadLetters({ cluster, checkpoint, finder, rows, limits, wait }: Search, app: string) {
  const { sources } = checkpoint.manifest.topology
  const { deadLetterTopic: name } = ownTopics(app)
  const fates = await RedrivenFates.read(cluster, app, checkpoint, wait)
  const topic = await findTopic(cluster, name)
  const found: (RecordPlace & { letter: DeadLetter; consumed: readonly Origin[] })[] = []
  if (topic === undefined) return []
  const range = await topicRange(cluster, topic)
  await untilStable(cluster, topic, range.ends, wait)
  await readRecords({ cluster, topic, range, ...limits }, async (columns) => {
    const read = new Map<number, ReadLetter>()
    for (let row = 0; row < columns.count; row++) {
      const each = readDeadLetter(columns, row, checkpoint.partitions)
      if (each !== undefined && sources.some(({ topic: source }) => source === each.source)) read.set(row, each)
    }
    const withKey = await lettersOfKey(finder, rows, columns, read)
    for (const [row, { letter, consumed }] of read) {
      // A row that has left incomplete looks like a merged record; all others are as they came.
      const hasKey = isOfRow(letter.reason) ? finder.isKeyOf(columns, row, []) : withKey.has(row)
      const place = { topic: topic.name, partition: columns.partition }
      fates.note(consumed)
      if (hasKey) found.push({ ...placeOf(columns, row, place), letter, consumed })
    }
  })
  return found.map((each) => {
    const redriven = fates.of(each.consumed)
    return redriven === undefined ? each : { ...each, redriven }
  })
}

/** The rows of dead letters that have the key at any of the places where it may stand. */
async function lettersOfKey(
  finder: KeyFinder,
  rows: SourceRows,
  columns: RecordColumns,
  letters: ReadonlyMap<number, ReadLetter>,
): Promise<Set<number>> {
  const parts = Array.from(letters, ([row, { isElsewhere }]) => (isElsewhere ? row : -1)).filter((row) => row >= 0)
  // A part has its key where those who route it put that.
  const ofParts = parts.length === 0 ? [] : finder.rowsIn(columns.pick(parts), { recordKey: 'json' })
  const withKey = new Set(ofParts.map((at) => parts[at]!))
  for (const source of new Set(Array.from(letters.values(), (letter) => letter.source))) {
    const ofSource = Array.from(letters, ([row, { inSources, extent }]) => ({
      row,
      extent,
      origin: inSources[0]!,
    })).filter(({ row }) => letters.get(row)!.source === source && !letters.get(row)!.isElsewhere)
    const byPlace = Map.groupBy(ofSource, ({ extent, origin }) => `${origin.partition} ${origin.index} ${extent}`)
    for (const own of byPlace.values()) {
      const {
        origin: { partition, index },
        extent = 'one',
      } = own[0]!
      const picked = columns.pick(own.map(({ row }) => row))
      // As the program has seen them.
      own.forEach(({ origin }, at) => (picked.offset[at] = origin.offset))
      // A record that was redriven has several letters.
      const byOffset = Map.groupBy(own, ({ origin }) => origin.offset)
      const place = { topic: source, partition }
      const { pieces } = await rows.prepare(picked, place)
      for (const piece of pieces) {
        piece.keep((_, row) => covers({ index: index ?? 0, extent }, piece.lane[row]!))
        for (const row of rows.anyOf(finder, piece, place)) {
          for (const letter of byOffset.get(piece.offset[row]!)!) withKey.add(letter.row)
        }
      }
    }
  }
  return withKey
}
