import { nextInt, type Random } from '../../src/core/random.ts'

/**
 * Requests between which a process may die. What is written to the checkpoint topic is after an epoch's outputs, except
 * for the note that a process writes of itself when it starts.
 */
export const steps = [
  'FindCoordinator',
  'JoinGroup',
  'SyncGroup',
  'LeaveGroup',
  'InitProducerId',
  'Fetch of the checkpoint',
  'OffsetFetch',
  'Produce of the note',
  'Fetch of the source',
  'Produce of outputs',
  'Produce of the checkpoint',
  'TxnOffsetCommit',
  'EndTxn',
] as const
export type Step = (typeof steps)[number]

export const moments = ['before it is sent', 'after it is sent', 'before its answer is handled'] as const
export type Moment = (typeof moments)[number]

/** Where a process dies. */
export interface CrashPoint {
  readonly step: Step
  readonly moment: Moment
}

/** What a process is to meet; the hook reads it from the environment. */
export interface CrashPlan {
  /** Absent where it is to live. */
  readonly point?: CrashPoint
  /** Dies at the first, second, … request of that step. */
  readonly nth: number
  /** SIGSTOP lets it go on from there at SIGCONT. @defaultValue SIGKILL */
  readonly signal?: 'SIGKILL' | 'SIGSTOP'
  /** Dies at the latest at the answer to this EndTxn. */
  readonly epochsMax: number
  /** Each fetch of new records waits for the commit of those before it to begin, so that an epoch has few. */
  readonly hasSmallEpochs: boolean
  /** Until the parent says that a standby is there it commits once, reads no further, and does not die. */
  readonly waitsForStandby: boolean
}

/** Of a process that comes to its end. */
export const unharmed: CrashPlan = {
  nth: 0,
  epochsMax: 0,
  hasSmallEpochs: false,
  waitsForStandby: false,
}

/** What the hook tells of a request that was sent or answered. */
export interface CrashEvent {
  readonly atMs: number
  readonly step: Step
  readonly moment: Moment
  /** It was the last one. */
  readonly isCrash: boolean
}

const startSteps = steps.slice(0, 8)
const readingSteps = steps.slice(8, 10)
const commitSteps = steps.slice(10)

/** Whether an epoch was on its way to be committed. */
export function isInCommit(step: Step): boolean {
  return commitSteps.includes(step)
}

/**
 * Draws where a process dies: half of them in a commit, the others while it reads and writes or, unless it is to be
 * taken over from, while it starts.
 */
export function drawPoint(random: Random, hasStandby: boolean): CrashPoint {
  const kind = nextInt(random, 10)
  const among = kind < 5 ? commitSteps : kind < 7 || hasStandby ? readingSteps : startSteps
  return { step: among[nextInt(random, among.length)]!, moment: moments[nextInt(random, moments.length)]! }
}

/** Draws at which request of its step a process dies: in one of its first `epochsMax` epochs, or when it starts. */
export function drawNth(random: Random, { step }: CrashPoint, epochsMax: number): number {
  return 1 + nextInt(random, startSteps.includes(step) ? 2 : Math.max(1, Math.round(epochsMax)))
}
