/** A process that is a member of a group, tells its parent what becomes of it, and does what that asks. */
import { systemClock } from '../../src/core/clock.ts'
import { Membership, type MembershipOptions } from '../../src/kafka/index.ts'
import type { MemberCommand, MemberEvent } from './child-member.ts'

const options = JSON.parse(process.argv[2]!) as Omit<MembershipOptions, 'onLost'>
const tell = (event: MemberEvent) => process.send!(event)

process.on('disconnect', () => process.exit())
const membership = await Membership.join({
  ...options,
  onLost: ({ code, message }) => tell({ kind: 'lost', code, message }),
})
tell({ kind: membership.isOwner ? 'owns' : 'standsBy' })
if (!membership.isOwner)
  membership.owned().then(
    () => tell({ kind: 'owns' }),
    () => {},
  )

process.on('message', ({ stallMs }: MemberCommand) => {
  const endMs = systemClock.monotonicMs() + stallMs
  tell({ kind: 'stalls' })
  while (systemClock.monotonicMs() < endMs);
})
