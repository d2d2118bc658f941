import type { ActorContext } from '../../actors/index.ts'
import type { FetchedResponse } from '../../kafka/index.ts'
import { type BatchReader, type FetchedPartition, noSide, Reason, type RecordColumns } from '../../kernel/index.ts'
import type { Piece } from './attempt.ts'
import { drained } from '../runtime/drained.ts'
import type { RowsMessage, SourceMessage } from '../runtime/messages.ts'
import type { RestoringSession } from '../recovery/session.ts'
import type { Services } from '../runtime/services.ts'
import { sourceOf } from '../topics/sources.ts'
import { rowsOpener } from '../decoding/rows-opener.ts'
import { entryId, type PlannedSource } from '../topology/plan.ts'
import type { CarefulMode } from './careful-mode.ts'
import { Lease, type RowBatch } from '../runtime/row-batch.ts'

export interface CarefulReaderParts {
  readonly services: Services
  readonly session: RestoringSession
  readonly careful: CarefulMode
  readonly reader: BatchReader
  readonly context: ActorContext<SourceMessage>
}

/**
 * Passes on in pieces what was fetched, as careful mode wants it: each is noted, then worked on while nothing else is
 * on its way, then committed. A convicted row becomes a dead letter without route or stages ever seeing it.
 */
export class CarefulReader {
  readonly #parts: CarefulReaderParts

  constructor(parts: CarefulReaderParts) {
    this.#parts = parts
  }

  /**
   * While there is a suspect only its partition is read, so that each death says more of it: what else was fetched, and
   * what follows once the suspect is settled, is passed over and has to be fetched again.
   */
  async readOut({ partitions, release }: FetchedResponse): Promise<void> {
    const { careful } = this.#parts
    const { suspect } = careful
    const lease = new Lease(release)
    try {
      for (const fetched of partitions) {
        if (suspect !== undefined && suspect.partition !== fetched.partition) continue
        let { fromOffset } = fetched
        while (careful.suspect === suspect) {
          const reached = await this.#takePiece({ ...fetched, fromOffset }, lease)
          if (reached === fromOffset) break
          fromOffset = reached
        }
      }
    } finally {
      lease.release()
    }
  }

  /**
   * Sees the first rows through to their commit. Returns the offset after them; the one they begin at when there are
   * none.
   */
  async #takePiece(fetched: FetchedPartition, lease: Lease): Promise<number> {
    const { services, session, careful, reader, context } = this.#parts
    const life = session.lives.current
    const { rowBatches, incarnation } = life
    const batch = await rowBatches.take()
    if (batch === undefined) return fetched.fromOffset
    const { columns } = batch
    reader.open(fetched)
    if (!reader.fill(columns)) columns.reset(fetched.partition, fetched.bytes, fetched.view)
    session.sources.redriven.note(columns)
    const source = sourceOf(services.plan, session.sources, fetched.partition)
    const cutOffset = cut(columns, careful.rowsMax) ?? reader.reachedOffset
    const reached = rowsOpener(source)?.(columns) ?? cutOffset
    if (reached === fetched.fromOffset) {
      batch.release()
      return reached
    }
    batch.passOn({ incarnation, endOffset: fetched.endOffset, isPromoted: false }, reached, lease)
    const piece = pieceOf(columns, reached)
    if (careful.isConvicted(piece)) await this.#convict(batch, source)
    else {
      if (piece.rowCount > 0) await careful.enter(piece, session.state.epochs.committed)
      await context.ref<RowsMessage>(entryId(source)).tell({ type: 'rows', batch })
    }
    await drained(services, life, context)
    careful.leave(piece)
    return reached
  }

  #convict(batch: RowBatch, { steps }: PlannedSource): Promise<void> {
    const { services, session, context } = this.#parts
    const { logger, plan } = services
    const { columns } = batch
    columns.side[0] = noSide
    columns.flags[0] = 0
    columns.reason[0] = Reason.PROCESS_KILLED
    const place = { ...session.sources.partitions.placeOf(columns.partition), offset: columns.offset[0]! }
    logger.error({ app: plan.name, ...place }, 'a record that kills the process becomes a dead letter')
    // A flatMap passes it on in all lanes, without calling its function.
    const next = steps.find(({ kind }) => kind === 'flatMap')?.id ?? plan.correlate.id
    return context.ref<RowsMessage>(next).tell({ type: 'rows', batch })
  }
}

/** Keeps the first rows, and returns the offset after them where there are more. */
function cut(columns: RecordColumns, rowsMax: number): number | undefined {
  if (columns.count <= rowsMax) return undefined
  columns.count = rowsMax
  return columns.offset[rowsMax - 1]! + 1
}

/**
 * Offsets that are passed over after the last row are no part of a piece: the next process may see fewer of them, or
 * more.
 */
function pieceOf({ partition, count, offset }: RecordColumns, reached: number): Piece {
  if (count === 0) return { partition, from: reached, to: reached, rowCount: 0 }
  return { partition, from: offset[0]!, to: offset[count - 1]! + 1, rowCount: count }
}
