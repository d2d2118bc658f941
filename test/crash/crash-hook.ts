/**
 * Preloaded into each thread of a process that is to die: watches what goes to Kafka and comes back, and kills or stops
 * the process where its plan says. What it sees is told to the parent through a pipe, which outlives the process.
 */
import { subscribe } from 'node:diagnostics_channel'
import { writeSync } from 'node:fs'
import net from 'node:net'
import { isMainThread } from 'node:worker_threads'
import { sleep, systemClock } from '../../src/core/clock.ts'
import { assert } from '../../src/core/assert.ts'
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

const connect = net.connect as (options: net.NetConnectOpts, onConnected?: () => void) => net.Socket
net.connect = ((options: net.TcpNetConnectOpts, onConnected?: () => void) => {
  const { onread } = options
  if (!onread) return connect(options, onConnected)
  const expected: (Step | undefined)[] = []
  const answers = new AnswerEnds(() => meet(expected.shift(), 'before its answer is handled'))
  const callback: typeof onread.callback = (bytes, chunk) => {
    answers.take(chunk.subarray(0, bytes))
    return onread.callback(bytes, chunk)
  }
  const socket = connect({ ...options, onread: { ...onread, callback } }, onConnected)
  watchRequests(socket, expected)
  return socket
}) as typeof net.connect

/** A request is what is written between cork and uncork; only then does it leave. */
function watchRequests(socket: net.Socket, expected: (Step | undefined)[]): void {
  const write = socket.write.bind(socket) as (chunk: Uint8Array, onWritten?: () => void) => boolean
  const uncork = socket.uncork.bind(socket)
  const chunks: Uint8Array[] = []
  socket.write = ((chunk: Uint8Array) => {
    chunks.push(chunk)
    return write(chunk)
  }) as typeof socket.write
  socket.uncork = () => {
    const request = chunks.splice(0)
    const step = stepOf(request)
    expected.push(step)
    const send = () => {
      meet(step, 'before it is sent')
      uncork()
      if (isDue(step, 'after it is sent')) write(noBytes, () => die(step!, 'after it is sent'))
      else if (step !== undefined) tell(step, 'after it is sent')
    }
    if (step === 'Fetch of the source' && plan.hasSmallEpochs) void sendInTurn(send)
    else send()
    if (step === 'EndTxn') isInCommit = false
    // A large checkpoint takes several requests.
    if (step !== 'Produce of the checkpoint' || isInCommit) return
    isInCommit = true
    commitsBegun++
    commitBegun.resolve()
    commitBegun = Promise.withResolvers()
  }
}

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

function stepOf(chunks: readonly Uint8Array[]): Step | undefined {
  const header = Buffer.from(chunks[0]!)
  assert(header.length >= 14, 'a request begins with its header')
  switch (header.readInt16BE(4)) {
    case 0:
      if (!hasTransaction(chunks[1]!)) return 'Produce of the note'
      return chunks.some(namesCheckpoint) ? 'Produce of the checkpoint' : 'Produce of outputs'
    case 1:
      if (!isActive) return undefined
      return isLoaded ? 'Fetch of the source' : 'Fetch of the checkpoint'
    case 9:
      return isLoading(chunks.at(-1)!) ? 'OffsetFetch' : undefined
    case 10:
      return 'FindCoordinator'
    case 11:
      return 'JoinGroup'
    case 13:
      return 'LeaveGroup'
    case 14:
      return 'SyncGroup'
    case 22:
      return 'InitProducerId'
    case 26:
      return hasProducer(Buffer.concat(chunks.slice(1))) ? 'EndTxn' : undefined
    case 28:
      return 'TxnOffsetCommit'
    default:
      return undefined
  }
}

/**
 * The body of a Produce request begins with tags and the transactional id, whose first byte is 0 where there is none.
 */
function hasTransaction(body: Uint8Array): boolean {
  return body[1] !== 0
}

/**
 * The body of an EndTxn request goes on with the producer id after the transactional id. The question for the rights
 * has none, -1.
 */
function hasProducer(body: Buffer): boolean {
  const [, idBytes] = body
  return body.readBigInt64BE(1 + idBytes!) >= 0n
}

/**
 * The body of an OffsetFetch request ends with whether offsets have to be stable, and tags: the estimate of the backlog
 * does without.
 */
function isLoading(body: Uint8Array): boolean {
  return body.at(-2) === 1
}

/** Names stand in small chunks, between the record batches. */
function namesCheckpoint(chunk: Uint8Array): boolean {
  return chunk.length < 1_024 && Buffer.from(chunk).includes('.checkpoint')
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

const noBytes = new Uint8Array(0)

/** Finds in what is received where each answer ends, by its length. */
class AnswerEnds {
  readonly #onAnswer: () => void
  #lengthBytes = 0
  #length = 0

  constructor(onAnswer: () => void) {
    this.#onAnswer = onAnswer
  }

  take(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#lengthBytes < 4) {
        this.#length = this.#length * 256 + bytes[at++]!
        this.#lengthBytes++
        continue
      }
      const taken = Math.min(this.#length, bytes.length - at)
      at += taken
      this.#length -= taken
      if (this.#length > 0) continue
      this.#lengthBytes = 0
      this.#onAnswer()
    }
  }
}
