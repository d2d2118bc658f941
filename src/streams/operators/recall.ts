/**
 * Recall: reads pending parts again that are not in the table, for the correlation, which waits for them.
 *
 * State: a reader, with batches of its own. Those of the source may all be waiting for what is recalled.
 * Steps: read the records, give them to steps and routes as a restoration does, wait until the correlation has released
 * them all, and say so.
 * Cost per record: as of one that is new; and of each that stands between two on the same way.
 */
import { defineActor } from '../../actors/index.ts'
import { RecallReader, type RecallReaderParts } from '../cold/recall-reader.ts'
import type { CorrelateMessage, RecallMessage } from '../runtime/messages.ts'
import { recallId } from '../topology/plan.ts'

export const recall = (parts: Omit<RecallReaderParts, 'context'>) => {
  const { plan } = parts.services
  const { lives } = parts.session
  return defineActor<RecallMessage, RecallReader>({
    name: recallId(plan),
    failingMessage: { retry: Infinity, afterwards: 'escalate' },
    init: (context) => new RecallReader({ ...parts, context }),
    handleInPlace: {
      async recall(reader, { incarnation, recall }, context) {
        if (incarnation !== lives.incarnation) return
        await reader.read(recall)
        await context.ref<CorrelateMessage>(plan.correlate.id).tell({ type: 'recalled', incarnation })
      },
    },
  })
}
