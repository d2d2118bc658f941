import type { MillraceError } from '../../core/errors.ts'
import type { LoopSigns } from './loop-signs.ts'
import type { SharedClusterOptions } from './plain-cluster-options.ts'
import type { StallFacts } from './thread.ts'

/** What every member has, whatever it is a member for. */
export interface MemberOptions {
  readonly cluster: SharedClusterOptions
  readonly group: string
  /**
   * How long a member that is silent keeps its place; at least what the broker allows, which is 6,000 ms by default.
   * Groups whose broker shares out the work say that themselves: `streams.session.timeout.ms` and
   * `consumer.session.timeout.ms`, 45,000 ms by default.
   */
  readonly sessionTimeoutMs: number
  /** How often members say that they are alive, and so how fast they learn of each other. */
  readonly heartbeatIntervalMs: number
  /** How long the main loop of a member with work may stand still before it leaves the group. */
  readonly maxStallMs: number
  /**
   * How long the main loop may stand still after that before the process is ended, which no signal could do.
   * @defaultValue 0, which sets no bound
   */
  readonly stalledExitMs?: number
  /** Where the main loop is. @defaultValue nothing is told of that */
  readonly loop?: LoopSigns
  /** Called, once the main loop turns again, when it had stood still for long. */
  onStoodStill?(facts: StallFacts): void
  /** Called once when the membership ends otherwise than by `leave`. All work must stop. */
  onLost(error: MillraceError): void
  /** Gives up joining. */
  readonly signal?: AbortSignal
  /**
   * Names the machine and the namespace that its process ids count in: a member removes others of the same name whose
   * processes have ended. @defaultValue made of what the system says
   */
  readonly hostId?: string
}

export interface MembershipOptions extends MemberOptions {
  /** Its first partition is what one member owns. The topic need not be read. */
  readonly topic: string
  /**
   * Called when another member was made the owner, which only a foreign member does. What it returns is awaited, for up
   * to `sessionTimeoutMs`, before this member leaves; until then `member` tells with what to commit. `onLost` follows.
   */
  onRevoked?(): Promise<void>
}
