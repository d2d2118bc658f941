/**
 * Restore: stands in place of the correlation in a standby, and takes in parts that wait.
 *
 * Nothing completes or leaves here: a part that would is not the one that waited, and ends the life of this table.
 */
import { defineActor } from '../../actors/index.ts'
import { OutputBuilder } from '../../kernel/index.ts'
import { mergedNames } from '../topology/merged-names.ts'
import type { RowsMessage } from '../runtime/messages.ts'
import { mergedSink } from '../topics/pipeline-topics.ts'
import type { Pipeline } from '../runtime/pipeline.ts'

export const restore = (pipeline: Pipeline) =>
  defineActor<RowsMessage, void>({
    name: pipeline.plan.correlate.id,
    init() {
      const { plan, options, state } = pipeline
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
      })
    },
    handle: {
      rows(_, { batch }) {
        if (batch.incarnation !== pipeline.incarnation) return
        pipeline.state.restoration.take(batch.columns)
        batch.release()
      },
    },
  })
