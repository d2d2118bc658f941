import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { seededRandom, systemRandom } from '../core/random.ts'
import { VirtualClock } from '../testing/index.ts'
import type { FaultEffect } from './faults.ts'
import { type GeneratedRequest, names, RequestGenerator } from './fixtures/request-generator.ts'
import { apis } from './handlers/index.ts'
import { BrokerServer } from './server.ts'

const runs = Number(process.env['MILLRACE_RUNS'] ?? 10_000)
const seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())
const clientCount = 30
// How often the bystander asks while others wait; some wait for ever, because what they sent was damaged.
const asksMax = 12
/** Of the processor: other programs may keep it busy. */
const answerMsMax = 1_000
const logBytesMax = 64 * 1024 * 1024
const memoryBytesMax = 512 * 1024 * 1024

const effects: readonly FaultEffect[] = [
  { kind: 'delayAnswer', delayMs: 50 },
  { kind: 'loseRequest' },
  { kind: 'loseAnswer' },
  { kind: 'neverAnswer' },
  { kind: 'answerTwice' },
  { kind: 'refuse', errorCode: 7 },
]

describe('requests', () => {
  it(`of any kind and damage neither break the broker, nor hang it, nor fill its memory (MILLRACE_SEED=${seed})`, async () => {
    const random = seededRandom(seed)
    const clock = new VirtualClock()
    const listener = {
      host: '127.0.0.1',
      port: 0,
      brokerCount: 1,
      tls: undefined,
      sasl: undefined,
      authorizer: undefined,
      autoCreateTopics: false,
      groupConfig: {},
    }
    const server = await BrokerServer.listen({ ...listener, memoryBytesMax: logBytesMax, clock, random })
    const { port } = server.cluster.controller
    const generator = new RequestGenerator(random, apis)
    const clients = Array.from({ length: clientCount }, () => new FuzzClient(port, generator))
    const bystander = new Bystander(port)
    let slowestMs = 0

    for (let sent = 0; sent < runs; sent += clientCount) {
      for (const name of names) {
        if (server.cluster.topics.get(name) === undefined) server.cluster.topics.create({ name, partitionCount: 2 })
      }
      if (generator.chance(0.1)) {
        server.faults.add({ api: generator.pick(apis).name, clientId: 'fuzz', effect: generator.pick(effects) })
      }
      for (const client of clients) client.send(generator.next())
      for (let asks = 0; asks < asksMax && clients.some(({ isWaiting }) => isWaiting); asks++) {
        slowestMs = Math.max(slowestMs, await bystander.ask())
      }
      await clock.advance(generator.chance(0.05) ? 600_000 : 100)
    }

    assert.ok(slowestMs < answerMsMax, `an answer took ${slowestMs} ms of the processor`)
    const { rss } = process.memoryUsage()
    assert.ok(rss < memoryBytesMax, `${rss} bytes are taken`)
    for (const client of [...clients, bystander]) client.close()
    await server.close()
  })
})

/** Sends whatever it is given, and tells what it is answered. A connection that ends is made anew. */
class FuzzClient {
  readonly #port: number
  readonly #generator: RequestGenerator
  #socket: Socket
  #asked: GeneratedRequest | undefined

  constructor(port: number, generator: RequestGenerator) {
    this.#port = port
    this.#generator = generator
    this.#socket = this.#connect()
  }

  get isWaiting(): boolean {
    return this.#asked !== undefined && !this.#socket.destroyed
  }

  send(request: GeneratedRequest): void {
    // Half of those that still wait for an answer go on regardless, the others leave.
    if (this.#socket.destroyed || (this.isWaiting && this.#generator.chance(0.5))) {
      this.#socket.destroy()
      this.#socket = this.#connect()
    }
    this.#asked = request
    this.#socket.write(request.frame)
  }

  close(): void {
    this.#socket.destroy()
  }

  #connect(): Socket {
    const socket = connect(this.#port, '127.0.0.1')
    socket.on('error', () => {})
    socket.on('data', (bytes) => this.#hear(bytes))
    return socket
  }

  #hear(bytes: Buffer): void {
    const asked = this.#asked
    this.#asked = undefined
    if (asked === undefined || bytes.length < 9) return
    const isFlexible = asked.version >= asked.kind.flexibleSince && asked.kind.key !== apiVersionsKey
    this.#generator.learn(bytes.subarray(isFlexible ? 9 : 8), asked)
  }
}

const apiVersionsKey = 18
/** Metadata in version 1, for no topics. */
const question = Buffer.from('0000000e' + '0003' + '0001' + '00000001' + 'ffff' + '00000000', 'hex')

/** A well-behaved client, which must not suffer. */
class Bystander {
  readonly #socket: Socket

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1')
  }

  /** Asks for metadata and returns how many milliseconds of the processor passed until the answer. */
  async ask(): Promise<number> {
    const asked = process.cpuUsage()
    this.#socket.write(question)
    const [answer] = (await once(this.#socket, 'data')) as [Buffer]
    assert.equal(answer.readInt32BE(4), 1)
    const { user, system } = process.cpuUsage(asked)
    return (user + system) / 1_000
  }

  close(): void {
    this.#socket.destroy()
  }
}
