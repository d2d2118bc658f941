/**
 * Restore: stands in place of the correlation in a standby, and takes in pending parts.
 *
 * Nothing completes or leaves here: a part that would is not the one that was pending, and ends the life of this table.
 */
import { defineActor } from '../../actors/index.ts'
import { OutputBuilder, Reason } from '../../kernel/index.ts'
import type { RestoredVisit, RestoringSession } from '../recovery/session.ts'
import type { RowsMessage } from '../runtime/messages.ts'
import type { Services } from '../runtime/services.ts'
import { mergedSink } from '../topics/program-topics.ts'
import { mergedNames } from '../topology/merged-names.ts'

/** @param visit - Sees each batch once it is taken in. @defaultValue nobody does */
export const restore = ({ plan, options }: Services, { state, lives }: RestoringSession, visit?: RestoredVisit) =>
  defineActor<RowsMessage, void>({
    name: plan.correlate.id,
    init() {
      state.table.publishTo({
        out: new OutputBuilder({
          sink: mergedSink,
          partitionCount: 1,
          batchBytes: options.batchBytes,
          onFilled() {},
        }),
        ...mergedNames(plan),
        // So every merged record is too large, and is not published.
        recordBytesMax: 0,
        refuse() {},
        expire() {},
        merge: () => Reason.MERGE_TOO_LARGE,
      })
    },
    handleInPlace: {
      rows(_, { batch }) {
        if (batch.incarnation !== lives.incarnation) return undefined
        state.restoration.take(batch.columns)
        const visited = visit?.(batch.columns)
        if (visited !== undefined) return visited.then(() => batch.release())
        batch.release()
        return undefined
      },
    },
  })
