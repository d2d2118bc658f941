import {
  consumerGroupHeartbeat,
  heartbeat,
  joinGroup,
  leaveGroup,
  streamsGroupHeartbeat,
  syncGroup,
} from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import {
  type Ask,
  classicDriver,
  consumerDriver,
  type GroupExchange,
  type GroupRequest,
  type MembershipAction,
  type MembershipDriver,
  type MembershipEvent,
  type MembershipState,
  newMembership,
  nextMembershipState,
  type Outcome,
  streamsDriver,
  streamsTopologyOf,
  type TaskProtocol,
} from '../../src/kafka/index.ts'
import { assignAtOnce } from './streams-member.ts'
import type { Target } from './target.ts'
import type { WireClient } from './wire-client.ts'
import { until } from '../until.ts'

/** A member led by the state machine, which gives tasks up at once where it has to. */
class DrivenMember {
  readonly #client: WireClient
  readonly #driver: MembershipDriver
  state: MembershipState

  constructor(client: WireClient, driver: MembershipDriver) {
    this.#client = client
    this.#driver = driver
    this.state = newMembership(driver.traits)
  }

  /** One heartbeat, or what else is due; where `isLost`, its answer is not heard. */
  async beat(isLost = false): Promise<void> {
    for (const action of this.handle({ type: 'due' })) {
      if (action.type !== 'ask') continue
      const outcome = await this.#exchange(action)
      assert.notEqual(outcome.type, 'failed')
      this.handle(isLost ? { type: 'lost' } : (outcome as MembershipEvent))
    }
  }

  handle(event: MembershipEvent): readonly MembershipAction[] {
    const { state, actions } = nextMembershipState(this.state, event)
    this.state = state
    for (const action of actions) {
      if (action.type === 'lose') this.handle({ type: 'gaveUp', tasks: [...action.tasks] })
      if (action.type === 'stop') this.handle({ type: 'stopped' })
    }
    return actions
  }

  async #exchange(ask: Ask): Promise<Outcome> {
    let request = this.#driver.begin(ask)
    for (;;) {
      const answer = await this.#call(request)
      const next =
        answer.errorCode === 0
          ? this.#driver.proceed(ask, { ...request, answer } as GroupExchange)
          : this.#driver.refused(ask, request, answer.errorCode)
      if (!('api' in next)) return next
      request = next
    }
  }

  #call(sent: GroupRequest): Promise<{ errorCode: number }> {
    switch (sent.api) {
      case 'streamsGroupHeartbeat':
        return this.#client.call(streamsGroupHeartbeat, 0, sent.request)
      case 'consumerGroupHeartbeat':
        return this.#client.call(consumerGroupHeartbeat, 1, sent.request)
      case 'joinGroup':
        return this.#client.call(joinGroup, 9, sent.request)
      case 'syncGroup':
        return this.#client.call(syncGroup, 5, sent.request)
      case 'heartbeat':
        return this.#client.call(heartbeat, 4, sent.request)
      case 'leaveGroup':
        return this.#client.call(leaveGroup, 5, sent.request)
      case 'streamsGroupDescribe':
      case 'consumerGroupDescribe':
      case 'describeGroups':
        throw new Error(`${sent.api} is not asked here`)
    }
  }
}

export function groupMembershipContract(target: Target): void {
  const taskCount = 4
  const driverOf = (protocol: TaskProtocol, group: string, topic: { name: string; id: string }) => {
    const options = { group, name: randomUUID(), giveUpMsMax: 10_000 }
    switch (protocol) {
      case 'streams': {
        const topology = streamsTopologyOf({ tasks: `${topic.name}-tasks`, inputs: [topic.name] })
        return streamsDriver({ ...options, topology, processId: options.name, host: 'host' })
      }
      case 'consumer':
        return consumerDriver({ ...options, topic })
      case 'classic':
        return classicDriver({ ...options, topic: topic.name, taskCount, sessionTimeoutMs: 10_000 })
    }
  }

  describe('the membership of a client', { concurrency: true }, () => {
    for (const protocol of ['streams', 'consumer', 'classic'] as const) {
      it(`shares the tasks of a ${protocol} group, survives lost answers, and leaves`, async () => {
        // A coordinator that holds an answer back answers nothing else on its connection.
        await using client = await target.connect()
        await using another = await target.connect()
        const topic = await target.createTopic({ partitions: taskCount })
        const group = `contract-${randomUUID()}`
        if (protocol === 'streams') await assignAtOnce(client, group)
        const [first, second] = [
          new DrivenMember(client, driverOf(protocol, group, topic)),
          new DrivenMember(another, driverOf(protocol, group, topic)),
        ]
        const sizes = () => [first.state.told.size, second.state.told.size]
        const share = (expected: number[], isLost: () => boolean = () => false) =>
          until(`${expected.join()} tasks, not ${sizes().join()}`, async () => {
            const members = [first, second].filter(({ state }) => state.phase !== 'ended')
            await Promise.all(members.map((member) => member.beat(isLost())))
            return sizes().join() === expected.join()
          })

        let beats = 0
        await share([2, 2], () => ++beats % 3 === 0)
        const shared = [...first.state.held, ...second.state.held]
        second.handle({ type: 'leave' })
        await share([4, 0])

        assert.equal(new Set(shared).size, taskCount)
        assert.deepEqual([first.state.phase, second.state.phase], ['member', 'ended'])
      })
    }
  })
}
