import type { ActorContext } from '../../actors/index.ts'
import { MillraceError } from '../../core/errors.ts'
import { BatchReader, type FetchedPartition } from '../../kernel/index.ts'
import { type RowsOpener, rowsOpener } from '../decoding/rows-opener.ts'
import type { RestoringSession } from '../recovery/session.ts'
import type { RecallMessage, RowsMessage } from '../runtime/messages.ts'
import type { Ports } from '../runtime/ports.ts'
import { Lease, RowBatchPool } from '../runtime/row-batch.ts'
import type { Services } from '../runtime/services.ts'
import { sourceOf } from '../topics/sources.ts'
import { entryId, keepsFinishedParts, type PlannedSource } from '../topology/plan.ts'
import type { Recall } from './recall.ts'
import { type ColdPlaces, coldPlacesOf, wantedOf } from './cold-places.ts'

/** Batches that are on their way to the table: those of the source may all be held up by the one that waits. */
const recalledBatches = 2
/** How often a source may drop records while they are read again. */
const lossesMax = 3

export interface RecallReaderParts {
  readonly services: Services
  readonly session: RestoringSession
  readonly ports: Pick<Ports, 'sourceLog' | 'promotedParts'>
  readonly context: ActorContext<RecallMessage>
}

/** Reads cold parts again, and gives their records to the steps and routes of their sources, as a restoration does. */
export class RecallReader {
  readonly #parts: RecallReaderParts
  readonly #reader: BatchReader
  readonly #openers: ReadonlyMap<PlannedSource, RowsOpener | undefined>
  readonly #pool = new RowBatchPool(recalledBatches)

  constructor(parts: RecallReaderParts) {
    const { services, context } = parts
    this.#parts = parts
    this.#reader = new BatchReader(services.options)
    this.#openers = new Map(services.plan.sources.map((each) => [each, rowsOpener(each)]))
    context.signal.addEventListener('abort', () => this.#pool.abandon(), { once: true })
  }

  /**
   * Resolves when all records have been read and what was made of them has come to the table.
   *
   * @throws KafkaError `KAFKA_OFFSET_LOST` where the source has lost one that is not promoted.
   */
  async read(recall: Recall): Promise<void> {
    for (let losses = 0; ; losses++) {
      try {
        return await this.#readOnce(recall)
      } catch (error) {
        // The source may drop promoted parts at any time; what is left of them is in the checkpoint.
        if (!MillraceError.is(error) || error.code !== 'KAFKA_OFFSET_LOST' || losses === lossesMax) throw error
      }
    }
  }

  async #readOnce(recall: Recall): Promise<void> {
    const { services, session, ports } = this.#parts
    const { plan, topics } = services
    const { sourceLog } = ports
    const places = await coldPlacesOf(recall, { plan, session, areCompacted: topics.areCompacted, sourceLog })
    for (const range of places.inSources) {
      const topic = session.sources.topics[range.source]!
      const { partition, first, end } = range
      await sourceLog.readPieces(topic, { partition, first, end }, (piece) =>
        this.#passOn({ ...piece, partition: range.number }, range.offsets, false),
      )
    }
    await this.#readPromoted(places)
  }

  async #readPromoted({ promoted }: ColdPlaces): Promise<void> {
    if (promoted.size === 0) return
    const { ports, session } = this.#parts
    await ports.promotedParts(session.state.promoted.places, wantedOf(promoted), (piece) =>
      this.#passOn(piece, promoted.get(piece.partition)!, true),
    )
  }

  /** Passes on the records at some offsets; the bytes of the piece are free when that has come to the table. */
  async #passOn(piece: FetchedPartition, offsets: ReadonlySet<number>, isPromoted: boolean): Promise<void> {
    const { services, session, context } = this.#parts
    const source = sourceOf(services.plan, session.sources, piece.partition)
    // What was kept as functions have made it is shown to none.
    const isKept = isPromoted && keepsFinishedParts(services.plan)
    const entry = context.ref<RowsMessage>(isKept ? source.route.id : entryId(source))
    const open = isKept ? undefined : this.#openers.get(source)
    const lease = new Lease(() => {})
    const reader = this.#reader
    reader.open(piece)
    for (;;) {
      const taken = this.#pool.take()
      const batch = taken instanceof Promise ? await taken : taken
      if (batch === undefined) return
      const { columns } = batch
      if (context.signal.aborted || !reader.fill(columns)) {
        batch.release()
        break
      }
      columns.keep((offset) => offsets.has(offset))
      if (columns.count === 0) {
        batch.release()
        continue
      }
      session.sources.redriven.note(columns)
      const openedOffset = open?.(columns)
      const { incarnation } = session.lives
      const { endOffset } = piece
      batch.passOn({ incarnation, endOffset, isPromoted }, openedOffset ?? reader.reachedOffset, lease)
      columns.areRecalled = true
      if (openedOffset !== undefined) reader.open({ ...piece, fromOffset: openedOffset })
      await entry.tell({ type: 'rows', batch })
    }
    await this.#pool.whenIdle()
  }
}
