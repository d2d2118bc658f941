import type { ActorContext } from '../../actors/index.ts'
import type { CorrelateMessage, SourceMessage } from './messages.ts'
import type { Pipeline } from './pipeline.ts'

/** Resolves when all that is on its way is committed; for the source, which alone knows that nothing follows. */
export async function drained(pipeline: Pipeline, context: ActorContext<SourceMessage>): Promise<void> {
  const { rowBatches, plan, options } = pipeline
  const { signal } = context
  await rowBatches.whenIdle()
  const correlate = context.ref<CorrelateMessage>(plan.correlate.id)
  await correlate.ask({ type: 'drain' }, { timeoutMs: options.transactionTimeoutMs, signal })
}
