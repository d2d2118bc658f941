import { consumerGroupHeartbeat, streamsGroupHeartbeat } from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import {
  consumerDriver,
  type MembershipAction,
  type MembershipEvent,
  type MembershipState,
  newMembership,
  nextMembershipState,
  streamsDriver,
} from '../../src/kafka/index.ts'
import { assignAtOnce, topologyOf } from './streams-member.ts'
import type { Target } from './target.ts'
import type { WireClient } from './wire-client.ts'
import { until } from '../until.ts'

type Ask = Extract<MembershipAction, { type: 'ask' }>
type Exchange = (ask: Ask) => Promise<MembershipEvent | undefined>

/** A member led by the state machine, which gives shares up at once where it has to. */
class DrivenMember {
  readonly #exchange: Exchange
  state: MembershipState

  constructor(exchange: Exchange, state: MembershipState) {
    this.#exchange = exchange
    this.state = state
  }

  /** One heartbeat; where `isLost`, its answer is not heard. */
  async beat(isLost = false): Promise<void> {
    for (const action of this.handle({ type: 'due' })) {
      if (action.type !== 'ask') continue
      const outcome = await this.#exchange(action)
      assert.ok(outcome, 'the group can be joined')
      this.handle(isLost ? { type: 'lost' } : outcome)
    }
  }

  handle(event: MembershipEvent): readonly MembershipAction[] {
    const { state, actions } = nextMembershipState(this.state, event)
    this.state = state
    for (const action of actions)
      if (action.type === 'release') this.handle({ type: 'released', shares: action.shares })
    return actions
  }
}

export function groupMembershipContract(target: Target): void {
  const partitions = 4
  const start = {
    consumer: (client: WireClient, groupId: string, topic: string) => {
      const member = { groupId, memberId: randomUUID(), rebalanceTimeoutMs: 10_000 }
      const driver = consumerDriver({ ...member, subscribedTopicNames: [topic] })
      const ask: Exchange = async (asked) =>
        driver.outcome(asked, await client.call(consumerGroupHeartbeat, 1, driver.request(asked)))
      return new DrivenMember(ask, newMembership(driver))
    },
    streams: (client: WireClient, groupId: string, topic: string) => {
      const member = { groupId, memberId: randomUUID(), rebalanceTimeoutMs: 10_000, processId: randomUUID() }
      const driver = streamsDriver({ ...member, topology: topologyOf({ sourceTopics: [topic] }) })
      const ask: Exchange = async (asked) =>
        driver.outcome(asked, await client.call(streamsGroupHeartbeat, 0, driver.request(asked)))
      return new DrivenMember(ask, newMembership(driver))
    },
  }

  describe('the membership of a client', { concurrency: true }, () => {
    for (const kind of ['consumer', 'streams'] as const) {
      it(`shares a ${kind} group, survives lost answers, and leaves`, async () => {
        await using client = await target.connect()
        const topic = await target.createTopic({ partitions })
        const groupId = `contract-${randomUUID()}`
        if (kind === 'streams') await assignAtOnce(client, groupId)
        const [first, second] = [start[kind](client, groupId, topic.name), start[kind](client, groupId, topic.name)]
        const sizes = () => [first.state.told.size, second.state.told.size]
        const share = (expected: number[], isLost: () => boolean = () => false) =>
          until(`${expected.join()} shares, not ${sizes().join()}`, async () => {
            for (const member of [first, second]) if (member.state.phase !== 'ended') await member.beat(isLost())
            return sizes().join() === expected.join()
          })

        let beats = 0
        await share([2, 2], () => ++beats % 3 === 0)
        const shared = [...first.state.held, ...second.state.held]
        second.handle({ type: 'leave' })
        await share([4, 0])

        assert.equal(new Set(shared).size, partitions)
        assert.deepEqual([first.state.phase, second.state.phase], ['member', 'ended'])
      })
    }
  })
}
