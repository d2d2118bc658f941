import type { ActorContext } from '../../actors/index.ts'
import type { CorrelateMessage, SourceMessage } from './messages.ts'
import type { Life } from './life.ts'
import type { Services } from './services.ts'

/** Resolves when all that is on its way is committed; for the source, which alone knows that nothing follows. */
export async function drained(
  { plan, options }: Services,
  { rowBatches }: Life,
  context: ActorContext<SourceMessage>,
): Promise<void> {
  const { signal } = context
  await rowBatches.whenIdle()
  const correlate = context.ref<CorrelateMessage>(plan.correlate.id)
  await correlate.ask({ type: 'drain' }, { timeoutMs: options.transactionTimeoutMs, signal })
}
