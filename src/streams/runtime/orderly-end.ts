import { within } from '../../core/within.ts'
import { fence } from '../recovery/fence.ts'
import type { Session } from '../recovery/session.ts'
import type { Member } from './kafka-ports.ts'
import type { KafkaServices } from './services.ts'

/** Time for each step, which may not keep the group from learning of the end: a standby waits for that. */
const stepMsMax = 2_000

export interface OrderlyEnd {
  readonly services: KafkaServices
  readonly session: Session
  readonly membership: EndingMembership
  /** Whether a failure may have left a transaction open. */
  readonly mayBeOpen: boolean
}

/** Of the membership, what the end goes by. */
export interface EndingMembership {
  /** Whether this process still has what it worked on. */
  readonly isOwner: boolean
  readonly member: Member
  /** The transactional id. @defaultValue that of the program */
  readonly writer?: string
}

/**
 * What an active process does last, as long as it is the owner.
 *
 * 1. End the transaction that is open, as the next start would: until then readers of the outputs see nothing that comes
 * after it, and an audit waits.
 * 2. Tell the next process that this one has not died.
 */
export async function endInOrder({ services, session, membership, mayBeOpen }: OrderlyEnd): Promise<void> {
  const { plan, logger, cluster } = services
  const { careful, state } = session
  const step = async (run: () => Promise<void>, sentence: string) => {
    if (!membership.isOwner) return
    const done = run().catch((error: unknown) => logger.debug({ app: plan.name, err: error }, sentence))
    await within(cluster.clock, stepMsMax, done, undefined)
  }
  const member: Member = (stale) => membership.member(stale)
  if (mayBeOpen) await step(() => fence(services, member, membership.writer), 'could not abort the open transaction')
  await step(() => careful.end(state.epochs.committed), 'could not note the end in good order')
}
