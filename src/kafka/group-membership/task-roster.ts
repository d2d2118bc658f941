import type { Api, RequestInputOf } from '../../protocol/index.ts'
import { askGroup } from '../admin/ask-group.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { apis } from '../network/apis.ts'
import type { GroupExchange, GroupRequest, GroupRoster } from './membership-driver.ts'

interface RosterOptions {
  readonly cluster: Cluster
  readonly group: string
  readonly roster: GroupRoster
  /** Called when somebody was taken out: what that member had may be this one's with the next heartbeat. */
  readonly onRemoved: () => void
}

/** Who is in a group, asked of its coordinator. */
export class TaskRoster {
  readonly #options: RosterOptions

  constructor(options: RosterOptions) {
    this.#options = options
  }

  async names(): Promise<string[]> {
    const { roster } = this.#options
    return roster.namesIn(await this.#ask('describing the members', roster.listing))
  }

  /** Takes members out of the group, whose processes have ended. */
  async remove(names: readonly string[]): Promise<void> {
    const { roster, onRemoved } = this.#options
    for (const name of names) await this.#ask('removing a member', roster.removal(name))
    onRemoved()
  }

  async #ask(what: string, { api, request }: GroupRequest): Promise<GroupExchange> {
    const { cluster, group } = this.#options
    const known: Api = apis[api]
    const answer = await askGroup(cluster, group, what, known, request as RequestInputOf<Api>)
    return { api, request, answer } as GroupExchange
  }
}
