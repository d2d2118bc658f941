import assert from 'node:assert/strict'
import { nextFloat, nextInt, type Random, seededRandom } from '../../../core/random.ts'
import {
  classicDriver,
  consumerDriver,
  type MembershipDriver,
  streamsDriver,
  streamsTopologyOf,
  type Task,
  type TaskProtocol,
} from '../../../kafka/index.ts'
import { errorCode } from '../../../protocol/index.ts'
import { Cluster } from '../../cluster.ts'
import type { Groups } from '../groups.ts'
import { SimulatedLog } from './simulated-log.ts'
import { SimulatedMember } from './simulated-member.ts'
import { SteppedClock } from './stepped-clock.ts'
import type { Identity, World } from './world.ts'

const group = 'group'
const topic = 'app.tasks'
const taskCount = 6
const membersMax = 4
const sessionMs = 6_000
const troubleMs = 25_000
const calmMs = 20_000
const lookEveryMs = 5
const groupConfig = {
  'consumer.session.timeout.ms': sessionMs,
  'consumer.assignment.interval.ms': 0,
  'streams.session.timeout.ms': sessionMs,
  'streams.assignment.interval.ms': 0,
  'streams.initial.rebalance.delay.ms': 0,
}

/** Members of one group that come, go, crash and stand still, and the coordinator of the embedded broker. */
export class Simulation implements World {
  readonly protocol: TaskProtocol
  readonly random: Random
  readonly clock = new SteppedClock()
  readonly log = new SimulatedLog()
  readonly #cluster: Cluster
  members: SimulatedMember[] = []
  isCalm = false
  #memberCount = 0

  constructor(protocol: TaskProtocol, seed: number) {
    this.protocol = protocol
    this.random = seededRandom(seed)
    this.#cluster = new Cluster({
      nodes: [{ id: 1, host: '', port: 0 }],
      memoryBytesMax: 1_000_000,
      authorizer: undefined,
      autoCreateTopics: false,
      groupConfig,
      random: this.random,
      clock: this.clock,
    })
    for (const name of [topic, 'app.routed']) this.#cluster.topics.create({ name, partitionCount: taskCount })
  }

  async run(): Promise<void> {
    this.#disturb()
    await this.clock.runUntil(troubleMs, lookEveryMs, () => this.#holdInvariant())
    this.isCalm = true
    for (const member of this.members) member.wake()
    if (this.members.length === 0) this.#start()
    await this.clock.runUntil(troubleMs + calmMs, lookEveryMs, () => this.#holdInvariant())
    const worked = this.members.flatMap(({ work }) => [...work.bases.keys()])
    const told = this.members.map(({ state }) => `${state.phase} ${state.epoch} ${[...state.held].join()}`).join('; ')
    assert.deepEqual([worked.length, new Set(worked).size], [taskCount, taskCount], told)
    assert.equal(this.groups.get(group)!.state, 'Stable')
  }

  get groups(): Groups {
    return this.#cluster.groups
  }

  readonly chance = (share: number): boolean => nextFloat(this.random) < share

  driver(name: string): MembershipDriver {
    const options = { group, name, giveUpMsMax: 10_000 }
    switch (this.protocol) {
      case 'streams': {
        const topology = streamsTopologyOf({ tasks: topic, inputs: ['app.routed'] })
        return streamsDriver({ ...options, topology, processId: name, host: 'host' })
      }
      case 'consumer':
        return consumerDriver({ ...options, topic: { name: topic, id: this.#topicId } })
      case 'classic':
        return classicDriver({ ...options, topic, taskCount, sessionTimeoutMs: sessionMs })
    }
  }

  takesCommit({ memberId, epoch }: Identity, tasks: readonly Task[]): boolean {
    const error = this.groups.checkCommit(group, {
      memberId,
      groupInstanceId: null,
      generationIdOrMemberEpoch: epoch,
      isTransactional: true,
      units: tasks.map((task) => `${this.#topicId}:${task}` as const),
      version: 5,
    })
    return error === errorCode.none
  }

  readonly knows = (name: string): boolean => {
    const known = this.groups.get(group)
    if (known?.type === 'classic') return known.members.some(({ instanceId }) => instanceId === name)
    return known?.members.some(({ id }) => id === name) ?? false
  }

  get #topicId(): string {
    return this.#cluster.topics.get(topic)!.id
  }

  /** Members come, go, crash, and stand still for a while, wholly or in their main thread. */
  #disturb(): void {
    this.clock.setTimer({ afterMs: nextInt(this.random, 3_000) }, () => {
      if (this.isCalm) return
      const member = this.members[nextInt(this.random, membersMax)]
      const draw = nextInt(this.random, 5)
      if (member === undefined) this.#start()
      else if (draw === 0) this.#end(member, () => member.crash())
      else if (draw === 1) this.#end(member, () => member.handle({ type: 'leave' }))
      else if (draw === 2) member.work.stall(nextInt(this.random, 2 * sessionMs))
      else member.sleep(nextInt(this.random, 2 * sessionMs))
      this.#disturb()
    })
  }

  #start(): void {
    this.members.push(new SimulatedMember(this, `member-${this.#memberCount++}`))
  }

  #end(member: SimulatedMember, how: () => void): void {
    how()
    this.members = this.members.filter((each) => each !== member)
  }

  /** No task has two working owners that both could commit. */
  #holdInvariant(): void {
    // A commit shows a classic group that its member lives, so there it is not asked for nothing.
    if (this.protocol === 'classic') return
    const owners = new Map<Task, string>()
    for (const { name, work } of this.members) {
      const { identity } = work
      if (identity === undefined) continue
      for (const task of work.bases.keys()) {
        if (!this.takesCommit(identity, [task])) continue
        const other = owners.get(task)
        assert.equal(other, undefined, `task ${task} can be committed by ${name} and ${other}`)
        owners.set(task, name)
      }
    }
  }
}
