/** A member of a group, on connections of its own, as the thread of memberships runs it. */
import type { MessagePort } from 'node:worker_threads'
import { sleep } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import { Cluster } from '../cluster/cluster.ts'
import { removeDeadMembers } from './dead-members.ts'
import { LoopView } from './loop-signs.ts'
import { MainTokens } from './main-tokens.ts'
import { MainWaits } from './main-waits.ts'
import { participateAsOwner } from './owner-participation.ts'
import { ownershipLost } from './ownership-lost.ts'
import { clusterOptionsOf } from './plain-cluster-options.ts'
import type { Room } from './room.ts'
import { StallWatch, type StallWatchOptions } from './stall-watch.ts'
import { writeLine } from './stderr-line.ts'
import { participateInTasks } from './tasks-participation.ts'
import { failureOf, type MemberSettings, type StallFacts, type ToMain, type ToMember } from './thread.ts'

/** How long leaving may take before the coordinator is left to find out by itself. */
const leaveMsMax = 5_000
const leaveMsMaxWhileAway = 500

/** Takes part in a group until the main thread has it leave, or that ends; the port is closed then. */
export function runMember(settings: MemberSettings, main: MessagePort): void {
  const tell = (message: ToMain) => main.postMessage(message)
  const tokens = new MainTokens(tell)
  const waits = new MainWaits(tell)
  try {
    const cluster = new Cluster({ ...clusterOptionsOf(settings.cluster, tokens.ask), waits })
    takePart({ settings, main, tell, tokens, waits, cluster })
  } catch (error) {
    if (!MillraceError.is(error)) throw error
    tell({ kind: 'ended', failure: failureOf(error) })
    close(main)
  }
}

interface MemberParts {
  readonly settings: MemberSettings
  readonly main: MessagePort
  readonly tell: (message: ToMain) => void
  readonly tokens: MainTokens
  readonly waits: MainWaits
  readonly cluster: Cluster
}

function takePart({ settings, main, tell, tokens, waits, cluster }: MemberParts): void {
  const { clock } = cluster
  const { group, part, instanceId, heartbeatIntervalMs, maxStallMs } = settings
  const room: Room = {
    cluster,
    settings,
    tell,
    watchLoop: () => stallWatch.start(),
    removeDead: (roster, joins) => {
      const options = { cluster, roster, instanceId, intervalMs: heartbeatIntervalMs }
      void removeDeadMembers(joins === undefined ? options : { ...options, joins })
    },
  }
  const session = part.kind === 'owner' ? participateAsOwner(room, part) : participateInTasks(room, part)
  let isEnding = false
  /** Set while the main thread may never hear of the end. */
  let stalled: PromiseWithResolvers<void> | undefined
  const onStalled = () => {
    stalled ??= Promise.withResolvers()
    void end(ownershipLost(group, `the main loop stood still for ${maxStallMs} ms`))
  }
  const stallWatch = watchLoop(settings, tell, { clock, onStalled, onTurning: () => stalled?.resolve() })
  main.on('message', (message: ToMember) => {
    switch (message.kind) {
      case 'token':
        return tokens.came(message.token)
      case 'tokenFailed':
        return tokens.failed(message.reason)
      case 'leave':
        stalled?.resolve()
        return void end()
      case 'confirm':
      case 'revoked':
      case 'stopped':
      case 'gaveUp':
      case 'members':
        return session.hear(message)
    }
  })
  session.run().catch((error: unknown) => {
    if (!MillraceError.is(error)) throw error
    return end(error)
  })

  /** Leaves the group, so that another member takes over at once. */
  async function end(error?: MillraceError): Promise<void> {
    if (isEnding) return
    isEnding = true
    if (stalled === undefined) stallWatch.stop()
    if (error !== undefined) tell({ kind: 'ended', failure: failureOf(error) })
    const left = session.leave().catch(() => {})
    // A coordinator that is waited for anyway will not be there in time.
    const afterMs = waits.areFailing ? leaveMsMaxWhileAway : leaveMsMax
    await Promise.race([left, sleep(clock, afterMs, cluster.retryPolicy.signal)])
    await cluster.close()
    await stalled?.promise
    stallWatch.stop()
    close(main)
  }
}

function close(main: MessagePort): void {
  main.postMessage({ kind: 'closed' } satisfies ToMain)
  main.close()
}

/**
 * Tells of a main loop that stands still, and ends the process where it does so for ever: signals are handled in that
 * loop.
 */
function watchLoop(
  { group, maxStallMs, stalledExitMs, loop: memory }: MemberSettings,
  tell: (message: ToMain) => void,
  handlers: Pick<StallWatchOptions, 'clock' | 'onStalled' | 'onTurning'>,
): StallWatch {
  const loop = new LoopView(memory)
  const factsAfter = (stillMs: number): StallFacts => {
    const { name, ...record } = loop.place ?? {}
    const waitingFor = loop.waiting.join(', ')
    return { stillMs, ...(name === undefined ? waitingFor !== '' && { waitingFor } : { operator: name, ...record }) }
  }
  return new StallWatch({
    ...handlers,
    loop,
    maxStallMs,
    exitMs: stalledExitMs || Infinity,
    onStill(stillMs) {
      const facts = factsAfter(stillMs)
      writeLine(
        'warn',
        { app: group, ...facts },
        `the main loop stands still; at ${maxStallMs} ms a standby takes over`,
      )
      tell({ kind: 'stoodStill', facts })
    },
    onGivenUp() {
      if (loop.isDebugged) return
      const facts = { app: group, ...factsAfter(maxStallMs + stalledExitMs) }
      writeLine('fatal', facts, 'the main loop does not turn any more: ending the process with SIGKILL (stalledExitMs)')
      process.kill(process.pid, 'SIGKILL')
    },
  })
}
