import { MillraceError, KafkaError } from '../../core/errors.ts'
import { grouped } from '../../core/grouped.ts'
import type { OffsetSet } from '../../kernel/index.ts'
import type { PromotedParts } from '../retention/promoted-parts.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'

/** What of a source partition was removed from its log before the program was done with it. */
export interface PartitionLoss {
  /** Offsets of pending parts that were not promoted. */
  readonly pendingOffsets: readonly number[]
  /** Number of offsets that were not consumed yet. */
  readonly unread: number
}

/** What was removed from each source partition; nothing where it is undefined. */
export function lossOf(
  { pending, promoted }: { readonly pending: readonly OffsetSet[]; readonly promoted: PromotedParts },
  nextOffsets: readonly number[],
  logStarts: readonly number[],
): readonly PartitionLoss[] | undefined {
  const loss = logStarts.map((logStart, partition) => {
    const pendingOffsets: number[] = []
    pending[partition]!.forEach((offset) => {
      if (!promoted.has(partition, offset)) pendingOffsets.push(offset)
    }, logStart)
    return { pendingOffsets, unread: Math.max(0, logStart - nextOffsets[partition]!) }
  })
  return loss.some(({ pendingOffsets, unread }) => pendingOffsets.length + unread > 0) ? loss : undefined
}

const remedy = '--accept-loss goes on without them'

/** The named error for a loss that nobody has accepted. */
export function lossError(
  partitions: Pick<SourcePartitions, 'placeOf'>,
  loss: readonly PartitionLoss[],
  logStarts: readonly number[],
): MillraceError {
  const hasLostParts = loss.some(({ pendingOffsets }) => pendingOffsets.length > 0)
  const number = loss.findIndex(({ pendingOffsets, unread }) => (hasLostParts ? pendingOffsets.length : unread) > 0)
  const { topic, partition } = partitions.placeOf(number)
  const gone = (count: (loss: PartitionLoss) => number) => grouped(loss.reduce((sum, each) => sum + count(each), 0))
  const { pendingOffsets, unread } = loss[number]!
  const logStart = logStarts[number]!
  const where = `topic "${topic}", partition ${partition} begins at offset ${logStart}`
  if (hasLostParts) {
    const [first] = pendingOffsets
    const count = gone((each) => each.pendingOffsets.length)
    const what = `pending parts are gone, ${count} in all: ${where}, the first one is at ${first}; ${remedy}`
    return new MillraceError('PENDING_LOST', what, { topic, partition, first: first!, logStart })
  }
  const offset = logStart - unread
  const count = gone((each) => each.unread)
  const what = `records that were not read yet are gone, ${count} in all: ${where}, the next one to read is at ${offset}; ${remedy}`
  return new KafkaError('KAFKA_OFFSET_LOST', what, { topic, partition, offset, logStart })
}
