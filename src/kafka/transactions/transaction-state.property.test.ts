import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../test/property.ts'
import { errorCode } from '../../protocol/index.ts'
import { type ModelAnswer, ModelCoordinator } from '../fixtures/model-coordinator.ts'
import { nextTransactionState } from './next-transaction-state.ts'
import {
  newTransactionState,
  type Outcome,
  type ProducerIdentity,
  type TransactionAction,
  type TransactionEvent,
  type TransactionRequest,
  type TransactionVersion,
} from './transaction-state.ts'

const passing = [errorCode.concurrentTransactions, errorCode.notCoordinator, errorCode.coordinatorNotAvailable]
const attemptsMax = 6

/** What a producer knows of one of its transactions. */
interface Attempted {
  readonly number: number
  readonly records: readonly string[]
  result: 'committed' | 'aborted' | 'unknown'
}

/** Draws decisions from a list; after its end all goes well. */
class Choices {
  readonly #values: readonly number[]
  #at = 0

  constructor(values: readonly number[]) {
    this.#values = values
  }

  get areLeft(): boolean {
    return this.#at < this.#values.length
  }

  /** A number below `bound`; 0 is what usually happens. */
  next(bound: number): number {
    return (this.#values[this.#at++] ?? 0) % bound
  }
}

/**
 * A producer that obeys the state machine, on a network that loses and delays, with others who want its transactional
 * id.
 */
class Simulation {
  readonly coordinator: ModelCoordinator
  readonly attempted: Attempted[] = []
  readonly verdicts: TransactionAction['type'][] = []
  readonly #choices: Choices
  /** Requests that are still on their way, given up by who sent them. */
  readonly #stragglers: (() => ModelAnswer)[] = []
  #state
  #failure: TransactionAction['type'] | undefined
  /** Another producer has been granted the transactional id. */
  isTakenOver = false
  /**
   * The epoch was raised unasked: by a timeout, another producer, or a late request of this one to become the owner.
   */
  isRaised = false

  constructor(version: TransactionVersion, choices: Choices) {
    this.#choices = choices
    this.coordinator = new ModelCoordinator(version, 3)
    this.#state = newTransactionState(version)
  }

  run(): void {
    for (let number = 0; this.#choices.areLeft && this.#state.phase !== 'fenced' && number < 30; number++) {
      // Whoever begins afresh has been confirmed as the owner.
      if (this.#state.phase === 'uninitialised' && this.isTakenOver) return
      this.#failure = undefined
      if (this.#state.phase === 'uninitialised') this.#feed({ type: 'begin' })
      else this.#transact(number)
    }
    while (this.#stragglers.length > 0) this.#stragglers.shift()!()
    this.coordinator.timeOut()
  }

  #transact(number: number): void {
    const records = Array.from({ length: this.#choices.next(3) }, (_, i) => `${number}.${i}`)
    const outcome: Outcome = this.#choices.next(4) === 3 ? 'abort' : 'commit'
    const attempted: Attempted = { number, records, result: 'unknown' }
    this.attempted.push(attempted)
    this.#feed({ type: 'touched' })
    if (this.#state.version === 1) this.#exchange('join', ({ coordinator, identity }) => coordinator.join(identity))
    for (const record of records) {
      this.#exchange('produce', ({ coordinator, identity }) => coordinator.produce(identity, record))
    }
    this.#exchange('commitOffsets', ({ coordinator, identity }) => coordinator.commitOffsets(identity, number))
    if (this.#failure === undefined) {
      this.#feed({ type: 'end', outcome })
      if (this.#failure === undefined) attempted.result = outcome === 'commit' ? 'committed' : 'aborted'
    }
    if (this.#failure === undefined) return
    if (this.#failure === 'timedOut' || this.#failure === 'aborted') attempted.result = 'aborted'
    if (this.#state.phase !== 'idle' && this.#state.phase !== 'open') return
    this.#failure = undefined
    this.#feed({ type: 'end', outcome: 'abort' })
    // Nothing else can commit it.
    attempted.result = 'aborted'
  }

  /** Sends one request of the open transaction until it is answered or the transaction has failed. */
  #exchange(request: TransactionRequest, deliver: (to: Recipient) => ModelAnswer): void {
    if (this.#failure === undefined) this.#ask(request, deliver, () => ({ type: 'confirmed' }))
  }

  #ask(
    request: TransactionRequest,
    deliver: (to: Recipient) => ModelAnswer,
    eventOf: (answer: ModelAnswer) => TransactionEvent,
  ): void {
    const { identity } = this.#state
    const send = () => deliver({ coordinator: this.coordinator, identity })
    for (let attempt = 0; ; attempt++) {
      this.#meanwhile()
      const answer = this.#transmit(send)
      if (answer !== undefined && !('code' in answer && answer.code !== 0)) return this.#feed(eventOf(answer))
      const event: TransactionEvent =
        answer !== undefined && 'code' in answer
          ? { type: 'refused', request, code: answer.code }
          : { type: 'lost', request }
      const actions = this.#apply(event)
      if (actions[0]?.type !== 'retry') return this.#perform(actions)
      if (attempt === attemptsMax) return this.#perform(this.#apply({ type: 'gaveUp', request }))
    }
  }

  /** What the sender sees; nothing where the connection broke. */
  #transmit(send: () => ModelAnswer): ModelAnswer | undefined {
    switch (this.#choices.next(12)) {
      case 1:
        return undefined
      case 2:
        send()
        return undefined
      case 3:
        this.#stragglers.push(send)
        return undefined
      case 4:
        return { code: passing[this.#choices.next(passing.length)]! }
      default:
        return send()
    }
  }

  /** What others do, and what arrives late. */
  #meanwhile(): void {
    const { coordinator } = this
    const choice = this.#choices.next(64)
    if (choice === 1) {
      this.isRaised ||= coordinator.isOngoing
      coordinator.timeOut()
    } else if (choice === 2 && coordinator.grants.length > 0) {
      // An open transaction is aborted first; then it is to ask again.
      this.isRaised = true
      this.isTakenOver ||= 'identity' in coordinator.initialise()
    } else if (choice > 2 && choice < 9 && this.#stragglers.length > 0) {
      // What opens a transaction while the epoch is being raised is aborted, and that raises it too.
      this.isRaised ||= this.#state.phase === 'initialising'
      this.#stragglers.shift()!()
    }
  }

  #feed(event: TransactionEvent): void {
    this.#perform(this.#apply(event))
  }

  #apply(event: TransactionEvent): readonly TransactionAction[] {
    const { state, actions } = nextTransactionState(this.#state, event)
    if (event.type === 'initialised' || event.type === 'ended') this.#checkSuccession(event.identity)
    this.#state = state
    return actions
  }

  #checkSuccession(next: ProducerIdentity | undefined): void {
    if (next === undefined) return
    const { producerId, epoch } = this.#state.identity
    const isLater = next.producerId > producerId || (next.producerId === producerId && next.epoch > epoch)
    assert.ok(isLater, 'identities only go up')
  }

  #perform(actions: readonly TransactionAction[]): void {
    for (const action of actions) {
      if (action.type === 'initialise') this.#initialise(action.expected)
      else if (action.type === 'end') this.#end(action.outcome)
      else if (action.type !== 'ready') {
        this.#failure = action.type
        this.verdicts.push(action.type)
      }
    }
  }

  #initialise(expected: ProducerIdentity | undefined): void {
    const deliver = ({ coordinator }: Recipient) => {
      this.isRaised ||= this.#state.phase !== 'initialising'
      return coordinator.initialise(expected)
    }
    this.#ask('initialise', deliver, (answer) => {
      assert.ok('identity' in answer)
      assert.ok(expected === undefined || !this.isTakenOver, 'nobody who was granted the id is shut out')
      this.isTakenOver = false
      return { type: 'initialised', identity: answer.identity }
    })
  }

  #end(outcome: Outcome): void {
    const deliver = ({ coordinator, identity }: Recipient) => coordinator.end(identity, outcome)
    this.#ask('end', deliver, (answer) => {
      assert.ok('identity' in answer)
      return this.#state.version === 2 ? { type: 'ended', identity: answer.identity } : { type: 'ended' }
    })
  }
}

interface Recipient {
  readonly coordinator: ModelCoordinator
  readonly identity: ProducerIdentity
}

/** Holds what the producer was told against what the coordinator has committed. */
function judge({ attempted, coordinator }: Simulation): void {
  for (const { number, records, result } of attempted) {
    const whole = { records, offset: number }
    const commits = coordinator.commits.filter(
      (commit) => commit.offset === number || commit.records.some((record) => records.includes(record)),
    )
    const expected = result === 'committed' ? [whole] : result === 'aborted' ? [] : commits.length > 0 ? [whole] : []
    assert.deepEqual(commits, expected, `transaction ${number} is said to be ${result}`)
  }
}

describe('a transactional producer', () => {
  for (const version of [1, 2] as const) {
    it(`of version ${version} says of every transaction what became of it, and none is torn`, () => {
      check(
        fc.property(fc.array(fc.nat(1_000), { maxLength: 200, size: 'max' }), (choices) => {
          const simulation = new Simulation(version, new Choices(choices))

          simulation.run()

          judge(simulation)
          if (simulation.verdicts.includes('fenced')) assert.ok(simulation.isRaised, 'somebody else raised the epoch')
        }),
        3_000,
      )
    })
  }
})
