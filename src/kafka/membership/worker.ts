/** The thread that is the member of the group, on connections of its own, whatever keeps the main thread busy. */
import { parentPort, workerData } from 'node:worker_threads'
import { sleep } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import type { Wait } from '../cluster/broker-waits.ts'
import { Cluster } from '../cluster/cluster.ts'
import { removeDeadMembers } from './dead-members.ts'
import { participateAsOwner } from './owner-participation.ts'
import { ownershipLost } from './ownership-lost.ts'
import { clusterOptionsOf } from './plain-cluster-options.ts'
import { LoopView } from './loop-signs.ts'
import { writeLine } from './stderr-line.ts'
import { StallWatch, type StallWatchOptions } from './stall-watch.ts'
import type { Room } from './room.ts'
import { participateInTasks } from './tasks-participation.ts'
import { failureOf, type StallFacts, type ToMain, type ToWorker, type WorkerSettings } from './thread.ts'

/** How long leaving may take before the coordinator is left to find out by itself. */
const leaveMsMax = 5_000
const leaveMsMaxWhileAway = 500

const settings = workerData as WorkerSettings
const main = parentPort!
const tell = (message: ToMain) => main.postMessage(message)

/** Tokens that the main thread has been asked for. */
const wantedTokens: PromiseWithResolvers<string>[] = []
let waitCount = 0
/** Waits that are not over, and in which an attempt has failed: what is merely being connected is none. */
const failing = new Set<number>()

try {
  takePart(new Cluster({ ...clusterOptionsOf(settings.cluster, tokenFromMain), waits: { begin: waitOfMain } }))
} catch (error) {
  if (!MillraceError.is(error)) throw error
  tell({ kind: 'ended', failure: failureOf(error) })
  main.close()
}

function takePart(cluster: Cluster): void {
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
  const stallWatch = watchLoop({ clock, onStalled, onTurning: () => stalled?.resolve() })
  main.on('message', (message: ToWorker) => {
    switch (message.kind) {
      case 'token':
        return wantedTokens.shift()?.resolve(message.token)
      case 'tokenFailed':
        return wantedTokens.shift()?.reject(new Error(message.reason))
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

  /** Leaves the group, so that another member takes over at once, and lets the thread end. */
  async function end(error?: MillraceError): Promise<void> {
    if (isEnding) return
    isEnding = true
    if (stalled === undefined) stallWatch.stop()
    if (error !== undefined) tell({ kind: 'ended', failure: failureOf(error) })
    const left = session.leave().catch(() => {})
    // A coordinator that is waited for anyway will not be there in time.
    const afterMs = failing.size > 0 ? leaveMsMaxWhileAway : leaveMsMax
    await Promise.race([left, sleep(clock, afterMs, cluster.retryPolicy.signal)])
    await cluster.close()
    await stalled?.promise
    stallWatch.stop()
    main.close()
  }
}

/**
 * Tells of a main loop that stands still, and ends the process where it does so for ever: signals are handled in that
 * loop.
 */
function watchLoop(handlers: Pick<StallWatchOptions, 'clock' | 'onStalled' | 'onTurning'>): StallWatch {
  const { group, maxStallMs, stalledExitMs } = settings
  const loop = new LoopView(settings.loop)
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

/** Waits are told where all of the process are told. */
function waitOfMain(what: string): Wait {
  const id = ++waitCount
  tell({ kind: 'waiting', id, what })
  let isOver = false
  return {
    failed(error) {
      failing.add(id)
      tell({ kind: 'waiting', id, what, failure: failureOf(error) })
    },
    end() {
      if (isOver) return
      isOver = true
      failing.delete(id)
      tell({ kind: 'waitOver', id })
    },
  }
}

function tokenFromMain(): Promise<string> {
  const wanted = Promise.withResolvers<string>()
  wantedTokens.push(wanted)
  tell({ kind: 'tokenWanted' })
  return wanted.promise
}
