/**
 * Preloaded into each thread of a process that is to die: watches what goes to Kafka and comes back, and kills or stops
 * the process where its plan says. What it sees is told to the parent through a pipe, which outlives the process.
 */
import { subscribe } from 'node:diagnostics_channel'
import { writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { sleep, systemClock } from '../../src/core/clock.ts'
import { apis, type TappedRequest, tapWires } from '../../src/kafka/index.ts'
import type { RequestInputOf } from '../../src/protocol/index.ts'
import type { CrashEvent, CrashPlan, Moment, Step } from './crash-plan.ts'

/** The pipe to the parent. */
const eventPipe = 3

const plan = JSON.parse(process.env['MILLRACE_CRASH_PLAN']!) as CrashPlan
const counts = new Map<string, number>()
/** The process does not stand by any more. */
let isActive = false
/** The checkpoint has been loaded. */
let isLoaded = false
let hasCommitted = false
let isInCommit = false
let commitsBegun = 0
/** When the last fetch of new records was sent. */
let commitsBegunBefore = -1
let commitBegun = Promise.withResolvers<void>()
/** The pending parts have been read again, and new records are read. */
let readsOn = false
const standby = Promise.withResolvers<void>()
let isArmed = !plan.waitsForStandby

if (plan.waitsForStandby && process.channel) {
  process.once('message', () => {
    isArmed = true
    standby.resolve()
  })
  process.channel.unref()
}

// A standby begins epochs of its own table many times before it has loaded the checkpoint as the active process.
if (isMainThread) subscribe('millrace:epochs:begun', () => (readsOn = isLoaded))

/** What requests were when they were sent; a later answer does not change that. */
const sent = new WeakMap<TappedRequest, Step>()

tapWires({
  onRequest(request, send) {
    const step = stepOf(request)
    if (step !== undefined) sent.set(request, step)
    const sendAt = () => {
      meet(step, 'before it is sent')
      if (isDue(step, 'after it is sent')) return send(() => die(step!, 'after it is sent'))
      send()
      if (step !== undefined) tell(step, 'after it is sent')
    }
    if (step === 'Fetch of the source' && plan.hasSmallEpochs) void sendInTurn(sendAt)
    else sendAt()
    if (step === 'EndTxn') isInCommit = false
    // A large checkpoint takes several requests.
    if (step !== 'Produce of the checkpoint' || isInCommit) return
    isInCommit = true
    commitsBegun++
    commitBegun.resolve()
    commitBegun = Promise.withResolvers()
  },
  onAnswer: (request) => meet(sent.get(request), 'before its answer is handled'),
})

async function sendInTurn(send: () => void): Promise<void> {
  if (hasCommitted && !isArmed) await standby.promise
  if (readsOn) {
    if (commitsBegun === commitsBegunBefore) await Promise.race([commitBegun.promise, sleep(systemClock, patienceMs)])
    commitsBegunBefore = commitsBegun
  }
  send()
}

/** A fetch that gives nothing is followed by no commit. */
const patienceMs = 500

function stepOf({ api, request }: TappedRequest): Step | undefined {
  switch (api.key) {
    case apis.produce.key: {
      const { transactionalId, topicData } = request as RequestInputOf<typeof apis.produce>
      if (transactionalId === null) return 'Produce of the note'
      const isOfCheckpoint = topicData.some(({ name }) => name?.endsWith('.checkpoint'))
      return isOfCheckpoint ? 'Produce of the checkpoint' : 'Produce of outputs'
    }
    case apis.fetch.key:
      if (!isActive) return undefined
      return isLoaded ? 'Fetch of the source' : 'Fetch of the checkpoint'
    case apis.offsetFetch.key:
      // The estimate of the backlog does without stable offsets.
      return (request as RequestInputOf<typeof apis.offsetFetch>).requireStable ? 'OffsetFetch' : undefined
    case apis.findCoordinator.key:
      return 'FindCoordinator'
    case apis.joinGroup.key:
      return 'JoinGroup'
    case apis.leaveGroup.key:
      return 'LeaveGroup'
    case apis.syncGroup.key:
      return 'SyncGroup'
    case apis.initProducerId.key:
      return 'InitProducerId'
    case apis.endTxn.key:
      // The question for the rights has no producer, which is -1.
      return (request as RequestInputOf<typeof apis.endTxn>).producerId >= 0 ? 'EndTxn' : undefined
    case apis.txnOffsetCommit.key:
      return 'TxnOffsetCommit'
    default:
      return undefined
  }
}

function meet(step: Step | undefined, moment: 'before it is sent' | 'before its answer is handled'): void {
  if (step === undefined) return
  if (isDue(step, moment)) die(step, moment)
  if (moment === 'before it is sent') return
  tell(step, moment)
  if (step === 'InitProducerId') isActive = true
  if (step === 'OffsetFetch') isLoaded = true
  if (step === 'EndTxn') hasCommitted = true
}

/** Counts, and says whether this is where the process dies. */
function isDue(step: Step | undefined, moment: Moment): boolean {
  if (step === undefined || !isArmed) return false
  const key = `${step}, ${moment}`
  const count = (counts.get(key) ?? 0) + 1
  counts.set(key, count)
  const { point, nth, epochsMax } = plan
  if (step === point?.step && moment === point.moment && count === nth) return true
  return point !== undefined && step === 'EndTxn' && moment === 'before its answer is handled' && count === epochsMax
}

/** Returns only when it was stopped and goes on. */
function die(step: Step, moment: Moment): void {
  tell(step, moment, true)
  process.kill(process.pid, plan.signal ?? 'SIGKILL')
}

const told = new Set<string>()

/** Of requests that come again and again only the first is told. */
function tell(step: Step, moment: Moment, isCrash = false): void {
  const isRepeated = told.has(step + moment) && step !== 'EndTxn'
  if (isRepeated && !isCrash) return
  told.add(step + moment)
  const event: CrashEvent = { atMs: systemClock.nowMs(), step, moment, isCrash }
  writeSync(eventPipe, `${JSON.stringify(event)}\n`)
}
