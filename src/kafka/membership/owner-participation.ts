import { GroupCoordinator } from './group-coordinator.ts'
import { GroupSession } from './group-session.ts'
import type { Participation, Room } from './room.ts'
import type { OwnerPart } from './thread.ts'

/** Takes part where one member is the active process. */
export function participateAsOwner({ cluster, settings, tell, ...room }: Room, { topic }: OwnerPart): Participation {
  const { group, instanceId, heartbeatIntervalMs, sessionTimeoutMs } = settings
  const coordinator = new GroupCoordinator({ cluster, group, sessionTimeoutMs })
  const revoked = Promise.withResolvers<void>()
  const session = new GroupSession({
    cluster,
    coordinator,
    group,
    topic,
    instanceId,
    heartbeatIntervalMs,
    revocationMsMax: sessionTimeoutMs,
    onGeneration(member, isOwner) {
      if (isOwner) room.watchLoop()
      tell({ kind: 'generation', member, isOwner })
    },
    onRevoked() {
      tell({ kind: 'revoking' })
      return revoked.promise
    },
  })
  return {
    run() {
      room.removeDead(coordinator)
      return session.run()
    },
    leave: () => session.leave(),
    hear({ kind }) {
      if (kind === 'confirm') session.confirm()
      else if (kind === 'revoked') revoked.resolve()
    },
  }
}
