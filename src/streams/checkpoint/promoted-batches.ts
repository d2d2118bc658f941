import { type FetchedPartition, sourceSlackBytes } from '../../kernel/index.ts'
import { type CheckpointRecords, partsOf } from './checkpoint-reader.ts'

/** The promoted parts of each partition that has some, as if they had been fetched from the source. */
export function promotedBatches(records: CheckpointRecords): FetchedPartition[] {
  const parts = [...partsOf(records)].sort((a, b) => a.offset - b.offset)
  return [...Map.groupBy(parts, ({ partition }) => partition)].map(([partition, group]) => {
    const bytes = Buffer.concat([...group.map(({ batch }) => batch), new Uint8Array(sourceSlackBytes)])
    const nextOffset = group.at(-1)!.offset + 1
    return {
      partition,
      bytes,
      view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
      start: 0,
      end: bytes.length - sourceSlackBytes,
      fromOffset: group[0]!.offset,
      nextOffset,
      endOffset: nextOffset,
      aborted: [],
    }
  })
}
