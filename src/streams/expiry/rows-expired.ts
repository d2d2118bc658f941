import type { ActorContext } from '../../actors/index.ts'
import type { CorrelateMessage, SourceMessage } from '../runtime/messages.ts'
import type { Services } from '../runtime/services.ts'

/**
 * Resolves when all expired rows have left, epoch by epoch; for the source, before it reads anything new, for
 * which a full table would have no room. So an expiry that a program is given helps where its table was full.
 */
export async function rowsExpired({ plan, options }: Services, context: ActorContext<SourceMessage>): Promise<void> {
  const { signal } = context
  if (plan.correlate.expiry === undefined) return
  const correlate = context.ref<CorrelateMessage>(plan.correlate.id)
  const { transactionTimeoutMs: timeoutMs } = options
  while (await correlate.ask({ type: 'expire' }, { timeoutMs, signal })) signal.throwIfAborted()
}
