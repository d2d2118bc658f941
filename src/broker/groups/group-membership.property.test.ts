import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Clock, Timer } from '../../core/clock.ts'
import { nextFloat, nextInt, type Random, seededRandom, systemRandom } from '../../core/random.ts'
import {
  consumerDriver,
  type MembershipAction,
  type MembershipEvent,
  type MembershipState,
  newMembership,
  nextMembershipState,
  type Share,
  streamsDriver,
} from '../../kafka/index.ts'
import {
  consumerGroupHeartbeat,
  errorCode,
  Reader,
  streamsGroupHeartbeat,
  type Type,
  Writer,
} from '../../protocol/index.ts'
import { Cluster } from '../cluster.ts'

const runs = Number(process.env['MILLRACE_RUNS'] ?? 1_000)
const firstSeed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())

const topology = {
  epoch: 0,
  subtopologies: [
    {
      subtopologyId: '0',
      sourceTopics: ['orders'],
      sourceTopicRegex: [],
      stateChangelogTopics: [],
      repartitionSinkTopics: [],
      repartitionSourceTopics: [],
      copartitionGroups: [],
    },
  ],
}

type Ask = Extract<MembershipAction, { type: 'ask' }>

const partitionCount = 6
const membersMax = 4
const heartbeatMs = 500
const answerMsMax = 1_000
const sessionMs = 6_000
const releaseMsMax = 2_000
const troubleMs = 25_000
const calmMs = 20_000
const groupConfig = {
  'consumer.session.timeout.ms': sessionMs,
  'streams.session.timeout.ms': sessionMs,
  'streams.initial.rebalance.delay.ms': 500,
}

describe('members of a group whose broker shares out the work', () => {
  for (const kind of ['consumer', 'streams'] as const) {
    it(`never work on one ${kind} share at once, and on all in the end (MILLRACE_SEED=${firstSeed})`, () => {
      for (let run = 0; run < runs; run++) {
        const seed = (firstSeed + run) >>> 0
        try {
          new Simulation(kind, seed).run()
        } catch (error) {
          const command = `MILLRACE_RUNS=1 MILLRACE_SEED=${seed} node --test ${process.argv[1]}`
          throw new Error(`replay with: ${command}`, { cause: error })
        }
      }
    })
  }
})

/** Time that stands still but for timers, which all fire one after the other. */
class SteppedClock implements Clock {
  #elapsedMs = 0
  readonly #timers = new Set<{ dueMs: number; callback: () => void }>()

  nowMs(): number {
    return 1_790_000_000_000 + this.#elapsedMs
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  setTimer({ afterMs }: { afterMs: number }, callback: () => void): Timer {
    const timer = { dueMs: this.#elapsedMs + Math.max(0, afterMs), callback }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  runUntil(endMs: number, afterEach: () => void): void {
    for (;;) {
      let next: { dueMs: number; callback: () => void } | undefined
      for (const timer of this.#timers) if (next === undefined || timer.dueMs < next.dueMs) next = timer
      if (next === undefined || next.dueMs > endMs) break
      this.#timers.delete(next)
      this.#elapsedMs = next.dueMs
      next.callback()
      afterEach()
    }
    this.#elapsedMs = endMs
  }
}

class Simulation {
  readonly kind: 'consumer' | 'streams'
  readonly random: Random
  readonly clock = new SteppedClock()
  readonly cluster: Cluster
  members: SimulatedMember[] = []
  isCalm = false
  #memberCount = 0

  constructor(kind: 'consumer' | 'streams', seed: number) {
    this.kind = kind
    this.random = seededRandom(seed)
    this.cluster = new Cluster({
      nodes: [{ id: 1, host: '', port: 0 }],
      memoryBytesMax: 1_000_000,
      authorizer: undefined,
      autoCreateTopics: false,
      groupConfig,
      random: this.random,
      clock: this.clock,
    })
    this.cluster.topics.create({ name: 'orders', partitionCount })
  }

  run(): void {
    this.#disturb()
    this.clock.runUntil(troubleMs, () => this.#holdInvariants())
    this.isCalm = true
    for (const member of this.members) member.wake()
    if (this.members.length === 0) this.#start()
    this.clock.runUntil(troubleMs + calmMs, () => this.#holdInvariants())
    const worked = this.members.flatMap(({ working }) => [...working])
    const told = this.members.map(({ state }) => `${state.phase} ${state.epoch} ${[...state.held].join()}`).join('; ')
    assert.deepEqual([worked.length, new Set(worked).size], [partitionCount, partitionCount], told)
    assert.equal(this.cluster.groups.get('group')!.state, 'Stable')
  }

  chance(share: number): boolean {
    return nextFloat(this.random) < share
  }

  /** Members come, go, crash, and stop for a while, now and then. */
  #disturb(): void {
    this.clock.setTimer({ afterMs: nextInt(this.random, 3_000) }, () => {
      if (this.isCalm) return
      const member = this.members[nextInt(this.random, membersMax)]
      const draw = nextInt(this.random, 4)
      if (member === undefined) this.#start()
      else if (draw === 0) this.#end(member, () => member.crash())
      else if (draw === 1) this.#end(member, () => member.handle({ type: 'leave' }))
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

  /** Nobody works on a share on which another member works that the coordinator knows. */
  #holdInvariants(): void {
    const known = new Set(this.cluster.groups.get('group')?.type === this.kind ? this.#knownIds() : [])
    const workers = new Map<Share, string>()
    for (const { id, working } of this.members) {
      if (!known.has(id)) continue
      for (const share of working) {
        const other = workers.get(share)
        assert.equal(other, undefined, `${share} is worked on by ${id} and ${other}`)
        workers.set(share, id)
      }
    }
  }

  #knownIds(): string[] {
    const group = this.cluster.groups.get('group')
    return group === undefined ? [] : group.members.map(({ id }) => id)
  }
}

class SimulatedMember {
  readonly id: string
  readonly #simulation: Simulation
  readonly #exchange: (ask: Ask) => MembershipEvent
  state: MembershipState
  /** On what it works, whatever the coordinator thinks. */
  readonly working = new Set<Share>()
  #isAsleep = false
  #hasCrashed = false
  /** What happened while it slept. */
  #missed: (() => void)[] = []
  #askCount = 0

  constructor(simulation: Simulation, id: string) {
    this.id = id
    this.#simulation = simulation
    const member = { groupId: 'group', memberId: id, rebalanceTimeoutMs: 10_000 }
    const { groups } = simulation.cluster
    const client = { clientId: id, clientHost: '' }
    if (simulation.kind === 'consumer') {
      const { request, response } = consumerGroupHeartbeat
      const driver = consumerDriver({ ...member, subscribedTopicNames: ['orders'] })
      this.#exchange = (ask) => {
        const answer = groups.heartbeatOfConsumer({ ...sent(request, driver.request(ask)), ...client }, 1)
        const told = 'error' in answer ? { errorCode: answer.error } : { errorCode: errorCode.none, ...answer }
        return driver.outcome(ask, sent(response, told))!
      }
      this.state = newMembership(driver)
    } else {
      const { request, response } = streamsGroupHeartbeat
      const driver = streamsDriver({ ...member, topology, processId: id })
      this.#exchange = (ask) => {
        const outcome = groups.heartbeatOfStreams({ ...sent(request, driver.request(ask)), ...client })
        const told =
          'error' in outcome ? { errorCode: outcome.error } : { errorCode: errorCode.none, ...outcome.answer }
        return driver.outcome(ask, sent(response, told))!
      }
      this.state = newMembership(driver)
    }
    this.#beat()
  }

  crash(): void {
    this.#hasCrashed = true
    this.working.clear()
  }

  sleep(ms: number): void {
    this.#isAsleep = true
    this.#simulation.clock.setTimer({ afterMs: ms }, () => this.wake())
  }

  wake(): void {
    this.#isAsleep = false
    for (const happen of this.#missed.splice(0)) happen()
  }

  handle(event: MembershipEvent): void {
    if (this.#hasCrashed) return
    if (this.#isAsleep) return void this.#missed.push(() => this.handle(event))
    const { state, actions } = nextMembershipState(this.state, event)
    this.state = state
    for (const action of actions) {
      switch (action.type) {
        case 'ask':
          this.#ask(action)
          break
        case 'take':
        case 'resume':
          for (const share of action.shares) this.working.add(share)
          break
        case 'release':
          this.#release(action.shares)
          break
        case 'pause':
          this.working.clear()
          break
        case 'lose':
          for (const share of action.shares) this.working.delete(share)
          break
        case 'hurry':
          this.#later(1, { type: 'due' })
      }
    }
  }

  #beat(): void {
    if (this.#hasCrashed || this.state.phase === 'ended') return
    this.handle({ type: 'due' })
    this.#simulation.clock.setTimer({ afterMs: heartbeatMs }, () => this.#beat())
  }

  #release(shares: ReadonlySet<Share>): void {
    const { clock, random } = this.#simulation
    clock.setTimer({ afterMs: nextInt(random, releaseMsMax) }, () => {
      if (this.#hasCrashed) return
      // What it is to have again meanwhile it goes on with.
      for (const share of shares) if (!this.state.told.has(share)) this.working.delete(share)
      this.handle({ type: 'released', shares })
    })
  }

  #ask(ask: Ask): void {
    const { isCalm, random } = this.#simulation
    const number = ++this.#askCount
    const chance = (share: number) => !isCalm && this.#simulation.chance(share)
    const answer = (event: MembershipEvent, afterMs: number) =>
      this.#simulation.clock.setTimer({ afterMs }, () => {
        // By then the request may have been given up.
        const deliver = () => {
          if (this.#askCount === number && this.state.isAsking) this.handle(event)
        }
        if (this.#isAsleep) this.#missed.push(deliver)
        else deliver()
      })
    const carryOut = () => {
      if (this.#hasCrashed && chance(0.5)) return
      if (chance(0.05)) return void answer({ type: 'refused' }, 1)
      const outcome = this.#exchange(ask)
      if (chance(0.1)) return
      answer(outcome, isCalm ? 1 : nextInt(random, 2 * answerMsMax))
      // The same once more, for which nobody waits any longer.
      if (chance(0.1)) answer(outcome, nextInt(random, 4 * answerMsMax))
    }
    answer({ type: 'lost' }, answerMsMax)
    if (!chance(0.1)) this.#simulation.clock.setTimer({ afterMs: isCalm ? 1 : nextInt(random, 200) }, carryOut)
  }

  #later(afterMs: number, event: MembershipEvent): void {
    this.#simulation.clock.setTimer({ afterMs }, () => this.handle(event))
  }
}

/** What arrives of a message of the latest version. */
function sent<Value, Input>(type: Type<Value, Input>, message: Input): Value {
  const version = 1
  const writer = new Writer(version, true)
  type.write(writer, message)
  const reader = new Reader(Buffer.concat(writer.finish()))
  reader.version = version
  reader.flexible = true
  return type.read(reader)
}
