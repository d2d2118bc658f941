import type { Timer } from '../../core/clock.ts'
import {
  type ActorContext,
  type ActorDefinition,
  type ActorParts,
  defineActor,
  type InPlaceHandlers,
} from '../actor/actor.ts'
import type { ActorMessage } from '../actor/ref.ts'

/** Where a machine goes from a message: to another state, or to the same one anew; nothing leaves it where it is. */
export interface Transition<StateName extends string, Data> {
  readonly to: StateName
  /** @defaultValue the data as they are */
  readonly data?: Data
}

type Outcome<StateName extends string, Data> = Transition<StateName, Data> | void

/** What a machine does in one state. */
export interface MachineState<Message extends ActorMessage, StateName extends string, Data> {
  /** Runs whenever the state is entered, the first time included. */
  readonly enter?: (data: Data, context: ActorContext<Message>) => void
  /**
   * Sends `message` to the machine when it has been in this state for `afterMs` milliseconds; a transition cancels it.
   */
  readonly timeout?: { readonly afterMs: number; readonly message: Message }
  /**
   * What becomes of each message: a handler, `postpone`, which handles it after the next transition, or `ignore`. A
   * message that is not named makes the machine crash.
   */
  readonly on: {
    readonly [Type in Message['type']]?:
      | 'postpone'
      | 'ignore'
      | ((
          data: Data,
          message: Extract<Message, { readonly type: Type }>,
          context: ActorContext<Message>,
        ) => Outcome<StateName, Data> | Promise<Outcome<StateName, Data>>)
  }
}

/** A state machine: its states by name, where it begins, and what it knows besides its state. */
export interface StateMachineSpec<Message extends ActorMessage, StateName extends string, Data> extends Omit<
  ActorParts<Message, Data>,
  'init' | 'onStop' | 'migrate'
> {
  readonly initial: StateName
  /** Makes the data of each incarnation, which begins in `initial`. */
  init(context: ActorContext<Message>): Data | Promise<Data>
  readonly states: { readonly [Name in StateName]: MachineState<Message, StateName, Data> }
  /**
   * Makes state and data of this version of those that a machine of `fromVersion` had. The state is not entered by that,
   * and the timeout of the one before goes on.
   *
   * @see ActorParts.migrate
   */
  migrate?(
    was: { readonly state: string; readonly data: unknown },
    fromVersion: number,
  ): Required<Transition<StateName, Data>>
}

interface Machine<StateName extends string, Data> {
  state: StateName
  data: Data
  timer: Timer | undefined
}

/**
 * Describes an actor that is a state machine: what a message does depends on the state.
 *
 * @example
 * const door = defineStateMachine<DoorMessage, 'open' | 'closed', undefined>({
 *   name: 'door',
 *   initial: 'closed',
 *   init: () => undefined,
 *   states: {
 *     closed: { on: { push: () => ({ to: 'open' }), lock: 'ignore' } },
 *     open: { on: { push: 'ignore', lock: 'postpone', close: () => ({ to: 'closed' }) } },
 *   },
 * })
 *
 * @see Erlang/OTP `gen_statem`: state functions, state enter calls, state time-outs, postponing
 */
export function defineStateMachine<Message extends ActorMessage, StateName extends string, Data>(
  spec: StateMachineSpec<Message, StateName, Data>,
): ActorDefinition<Message> {
  const { initial, states } = spec
  const types = new Set(
    Object.values<MachineState<Message, StateName, Data>>(states).flatMap(({ on }) => Object.keys(on)),
  )
  const handleInPlace = Object.fromEntries([...types].map((type) => [type, step]))
  return defineActor<Message, Machine<StateName, Data>>({
    ...spec,
    migrate,
    async init(context) {
      const machine = { state: initial, data: await spec.init(context), timer: undefined }
      enter(machine, context)
      return machine
    },
    handleInPlace: handleInPlace as unknown as InPlaceHandlers<Message, Machine<StateName, Data>>,
  })

  function migrate(was: unknown, fromVersion: number): Machine<StateName, Data> {
    const machine = was as Machine<string, unknown>
    if (spec.migrate === undefined) throw new Error(`there is no migrate for version ${fromVersion}`)
    const { to: state, data } = spec.migrate({ state: machine.state, data: machine.data }, fromVersion)
    if (!Object.hasOwn(states, state)) throw new Error(`there is no state '${state}'`)
    return { state, data, timer: machine.timer }
  }

  function step(
    machine: Machine<StateName, Data>,
    message: Message,
    context: ActorContext<Message>,
  ): void | Promise<void> {
    const handler = states[machine.state].on[message.type as Message['type']]
    if (handler === 'ignore') return
    if (handler === 'postpone') return context.stash()
    if (handler === undefined)
      throw new Error(`state '${machine.state}' has no handler for messages of type '${message.type}'`)
    const outcome = handler(machine.data, message as never, context)
    if (outcome instanceof Promise) return outcome.then((settled) => go(machine, settled, context))
    go(machine, outcome, context)
  }

  function go(
    machine: Machine<StateName, Data>,
    outcome: Outcome<StateName, Data>,
    context: ActorContext<Message>,
  ): void {
    if (outcome === undefined) return
    machine.timer?.cancel()
    machine.state = outcome.to
    if ('data' in outcome) machine.data = outcome.data as Data
    context.unstashAll()
    enter(machine, context)
  }

  function enter(machine: Machine<StateName, Data>, context: ActorContext<Message>): void {
    const { enter: onEnter, timeout } = states[machine.state]
    machine.timer = timeout && context.sendAfter(timeout.afterMs, timeout.message)
    onEnter?.(machine.data, context)
  }
}
