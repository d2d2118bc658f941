import type { Reply } from '../../actors/index.ts'
import type { MillraceError } from '../../core/errors.ts'
import type { FetchedResponse } from '../../kafka/index.ts'
import type { OutputBatch } from '../../kernel/index.ts'
import type { Recall } from '../cold/recall.ts'
import type { ToldAndEnds } from '../expiry/source-ends.ts'
import type { PromotablePart } from '../retention/promotable-part.ts'
import type { SourceFetcher } from './ports.ts'
import type { RowBatch } from './row-batch.ts'
import type { SourceGrowth } from '../topics/source-growth.ts'

/** What operators tell one another. Records travel in batches only. */
export type SourceMessage =
  | { readonly type: 'begin'; readonly incarnation: number }
  /** Pending parts that need not be read from the source. */
  | { readonly type: 'promoted'; readonly incarnation: number }
  | { readonly type: 'fetched'; readonly fetcher: SourceFetcher; readonly response: FetchedResponse }
  | { readonly type: 'failed'; readonly incarnation: number; readonly error: MillraceError }
  /** The source was given partitions. */
  | { readonly type: 'grown'; readonly incarnation: number; readonly growth: SourceGrowth }
  /** Read no further; answered at once. */
  | { readonly type: 'halt'; readonly reply: Reply<void> }

/** To the route and to every stage. */
export interface RowsMessage {
  readonly type: 'rows'
  readonly batch: RowBatch
}

export type CorrelateMessage =
  | RowsMessage
  | { readonly type: 'tick'; readonly incarnation: number }
  /** The epoch that was closed is durable. */
  | { readonly type: 'committed'; readonly incarnation: number }
  /** Parts have been read again, to be promoted from the next epoch on. */
  | { readonly type: 'promotable'; readonly incarnation: number; readonly parts: readonly PromotablePart[] }
  /** Brokers have said how far sources reach whose parts are routed. */
  | { readonly type: 'ends'; readonly incarnation: number; readonly answer: ToldAndEnds }
  /** All parts have come, marked as such, that were to be recalled. */
  | { readonly type: 'recalled'; readonly incarnation: number }
  /**
   * Let expired rows leave, in an epoch of their own; answered when that is committed, with whether there may be
   * more.
   */
  | { readonly type: 'expire'; readonly reply: Reply<boolean> }
  /** Close the current epoch; answered when everything applied so far is committed. */
  | { readonly type: 'drain'; readonly reply: Reply<void> }

/** Read these parts again, which are pending and not in the table. */
export interface RecallMessage {
  readonly type: 'recall'
  readonly incarnation: number
  readonly recall: Recall
}

export type SinkMessage =
  | {
      readonly type: 'output'
      readonly incarnation: number
      readonly batch: OutputBatch
      readonly onStored: () => void
    }
  /** End the epoch whose outputs have been sent, and which reaches to these offsets. */
  | { readonly type: 'commit'; readonly incarnation: number; readonly offsets: Float64Array }
  | { readonly type: 'failed'; readonly incarnation: number; readonly error: MillraceError }
