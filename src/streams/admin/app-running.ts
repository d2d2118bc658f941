import { MillraceError } from '../../core/errors.ts'
import type { ListedMember } from '../../kafka/index.ts'

/** Processes that a refusal names. */
const namedMax = 5

/**
 * `APP_RUNNING`: what was asked for waits until no process of the application is a member of its group.
 *
 * @param members - Of the group; none where only their presence is known.
 */
export function appRunning(group: string, members: readonly Pick<ListedMember, 'host' | 'pid'>[]): MillraceError {
  const named = members.slice(0, namedMax).map(({ host, pid }) => (pid === undefined ? host : `${host} (${pid})`))
  const others = members.length > namedMax ? ` and ${members.length - namedMax} more` : ''
  const who = members.length === 0 ? 'its group has members' : `its group has ${named.join(', ')}${others}`
  return new MillraceError('APP_RUNNING', `"${group}" runs: ${who}`, { app: group, memberCount: members.length })
}
