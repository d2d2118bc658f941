import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ServerResponse } from 'node:http'
import { until } from '../../../../test/until.ts'
import type { Timer } from '../../../core/clock.ts'
import { seededRandom } from '../../../core/random.ts'
import { Secret } from '../../../core/secret.ts'
import { VirtualClock } from '../../../testing/index.ts'
import { OtlpCollector } from '../../fixtures/otlp.ts'
import type { Logger } from '../../logs/logger.ts'
import { type OtlpSettings, otlpTargetOf } from './otlp-settings.ts'
import { field, varintField } from './protobuf.ts'
import { SpanExporter } from './span-exporter.ts'
import { queueBytesMax } from './span-queue.ts'

/** A span that has nothing but its name and a state. */
const span = field(2, [field(5, 'merge'), field(3, 'a=1')])

/** Tells which timers are set: one to wait for more spans, one for each answer, and the pauses between. */
class NotedClock extends VirtualClock {
  readonly timersMs: number[] = []

  override setTimer(options: { afterMs: number }, callback: () => void): Timer {
    this.timersMs.push(options.afterMs)
    return super.setTimer(options, callback)
  }
}

class Course implements AsyncDisposable {
  readonly clock = new NotedClock()
  readonly collector: OtlpCollector
  readonly exporter: SpanExporter
  readonly lines: [level: string, facts: object, sentence: string][] = []

  constructor(collector: OtlpCollector, settings: Partial<OtlpSettings>) {
    const of = { otlpCompression: 'none', otlpEndpoint: collector.url, ...settings } as OtlpSettings
    const target = otlpTargetOf('shop', of, this.clock)
    const logAs = (level: string) => (facts: object, sentence: string) => void this.lines.push([level, facts, sentence])
    const logger: Logger = { debug: logAs('debug'), info: logAs('info'), warn: logAs('warn'), error: logAs('error') }
    this.collector = collector
    this.exporter = new SpanExporter({ target, clock: this.clock, random: seededRandom(1), logger, app: 'shop' })
  }

  static async begin(settings: Partial<OtlpSettings> = {}): Promise<Course> {
    return new Course(await OtlpCollector.start(), settings)
  }

  add(count = 1): void {
    for (let at = 0; at < count; at++) this.exporter.add(span, 1)
  }

  /** Until the collector has been asked so often. */
  async asked(count: number): Promise<void> {
    await until('the collector is asked', () => this.collector.received.length === count)
  }

  /** Until nothing is under way any more. */
  async settled(): Promise<void> {
    await until('nothing is under way', () => this.exporter.exported.queuedBytes === 0)
  }

  /** Until it waits for the time to try again; then that time comes. Gives the pause. */
  async paused(count: number): Promise<number> {
    const pauses = () => this.clock.timersMs.filter((ms) => ms !== delayMs && ms !== answerMs)
    const pauseMs = await until('it waits to try again', () => pauses()[count - 1])
    await this.clock.advance(pauseMs)
    return pauseMs
  }

  /** Sent and dropped. */
  get counts(): [number, number] {
    const { sent, dropped } = this.exporter.exported
    return [sent, dropped]
  }

  get sentences(): string[] {
    return this.lines.map(([level, , sentence]) => `${level}: ${sentence}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.collector[Symbol.asyncDispose]()
  }
}

const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(code, headers).end()

describe('the exporter of spans', () => {
  it('sends what has come together within a second, with what the collector is to know', async () => {
    await using course = await Course.begin({
      otlpHeaders: new Secret('api-key=a%20b, x-team = streams '),
      resourceAttributes: 'service.name=other,deployment.environment=test%2Ceu',
      serviceName: 'orders',
    })
    course.add(2)
    await course.clock.advance(999)
    course.add()
    assert.equal(course.collector.received.length, 0)
    await course.clock.advance(1)
    await course.settled()

    const [{ path, headers }, ...others] = course.collector.received as [(typeof course.collector.received)[0]]
    assert.equal(others.length, 0)
    assert.equal(path, '/v1/traces')
    assert.deepEqual(
      [headers['content-type'], headers['api-key'], headers['x-team'], headers['content-encoding']],
      ['application/x-protobuf', 'a b', 'streams', undefined],
    )
    const [{ resource, scope, spans }] = course.collector.requests as [(typeof course.collector.requests)[0]]
    assert.deepEqual(resource, {
      'service.name': { stringValue: 'orders' },
      'deployment.environment': { stringValue: 'test,eu' },
    })
    assert.equal(scope, 'millrace')
    assert.deepEqual(
      spans.map(({ name, traceState }) => [name, traceState]),
      [1, 2, 3].map(() => ['merge', 'a=1']),
    )
    assert.deepEqual(course.counts, [3, 0])
    assert.deepEqual(course.lines, [])
  })

  it('compresses where it is told to, and keeps a path that the endpoint has', async () => {
    await using collector = await OtlpCollector.start()
    await using course = new Course(collector, { otlpEndpoint: `${collector.url}/otlp/`, otlpCompression: 'gzip' })
    course.add(100)
    await course.exporter.flush()

    const [{ path, headers, body }] = collector.received as [(typeof collector.received)[0]]
    assert.deepEqual([path, headers['content-encoding']], ['/otlp/v1/traces', 'gzip'])
    assert.ok(body.length < 100 * span.length)
    assert.deepEqual([collector.spans.length, collector.requests[0]!.resource], [100, named('shop')])
  })

  it('fills requests of a megabyte, and sends a full one at once', async () => {
    await using course = await Course.begin()
    course.add(100_000)
    assert.ok(course.exporter.exported.queuedBytes > 1 << 20)
    await until('all are sent', () => course.counts[0] === 100_000)

    const lengths = course.collector.received.map(({ body }) => body.length)
    assert.ok(lengths.length > 1 && lengths.every((length) => length <= (1 << 20) + 100), String(lengths))
    assert.equal(course.collector.spans.length, 100_000)
  })

  it('sends again what a collector could not take, after pauses that double, and says so once', async () => {
    await using course = await Course.begin()
    course.collector.answers.push(status(503), status(429), (response) => void response.destroy())
    course.add(5)
    await course.clock.advance(delayMs)
    for (const [at, aboutMs] of [1_000, 2_000, 4_000].entries()) {
      const ms = await course.paused(at + 1)
      assert.ok(ms >= aboutMs * 0.8 && ms <= aboutMs * 1.2, String(ms))
    }
    await course.settled()

    assert.equal(course.collector.received.length, 4)
    assert.deepEqual(course.counts, [5, 0])
    assert.deepEqual(course.sentences, [
      'warn: spans are not exported: the collector has answered with status 503',
      'info: spans are exported again',
    ])
  })

  it('waits as long as a collector says, in seconds or until a date', async () => {
    await using course = await Course.begin()
    const at = new Date(course.clock.nowMs() + 60_000).toUTCString()
    course.collector.answers.push(status(429, { 'retry-after': '7' }), status(503, { 'retry-after': at }))
    course.add()
    await course.clock.advance(delayMs)

    assert.equal(await course.paused(1), 7_000)
    assert.equal(await course.paused(2), 60_000 - delayMs - 7_000)
    await course.settled()
    assert.deepEqual(course.counts, [1, 0])
  })

  it('gives up a request after six attempts, and goes on with the next one', async () => {
    await using course = await Course.begin()
    course.collector.answers.push(...Array.from({ length: 6 }, () => status(502)))
    course.add(3)
    await course.clock.advance(delayMs)
    for (let pause = 1; pause <= 5; pause++) await course.paused(pause)
    await course.settled()
    assert.deepEqual(course.counts, [0, 3])

    course.add(2)
    await course.exporter.flush()
    assert.deepEqual([course.counts, course.collector.received.length], [[2, 3], 7])
  })

  it('drops what a collector refuses, all or some of it, and says why', async () => {
    await using course = await Course.begin()
    // `partial_success` of `ExportTraceServiceResponse`
    const partial = field(1, [varintField(1, 2), field(2, 'too old')])
    course.collector.answers.push(status(400), (response) => void response.writeHead(200).end(partial))
    course.add(3)
    await course.exporter.flush()
    assert.deepEqual(course.counts, [0, 3])
    await course.clock.advance(60_000)
    course.add(3)
    await course.exporter.flush()

    assert.deepEqual(course.counts, [1, 5])
    assert.deepEqual(course.sentences, [
      'warn: spans are not exported: the collector has answered with status 400',
      'warn: spans are not exported: the collector has rejected spans: too old',
    ])
    assert.deepEqual(course.lines[1]![1], { app: 'shop', endpoint: course.collector.url, dropped: 5 })
  })

  it('keeps a bounded number of bytes, and counts what there is no room for', async () => {
    await using course = await Course.begin()
    let isHeld = true
    course.collector.answers.push((response) => {
      void until('it is let go', () => !isHeld).then(() => response.writeHead(200).end())
    })
    const large = field(2, Buffer.alloc(1 << 20, field(5, 'merge')))
    const addLarge = () => course.exporter.add(large, 1)
    for (let at = 0; at < 40; at++) addLarge()
    const { queuedBytes, dropped } = course.exporter.exported
    assert.ok(queuedBytes <= queueBytesMax && queuedBytes > queueBytesMax - 2 * large.length)
    assert.equal(dropped, 9)
    isHeld = false
    await course.settled()

    assert.deepEqual(course.counts, [31, 9])
    addLarge()
    await course.exporter.flush()
    assert.deepEqual(course.counts, [32, 9])
  })

  it('waits ten seconds for an answer, and a second for all when the program ends', async () => {
    await using course = await Course.begin()
    course.collector.answers.push(
      () => {},
      () => {},
    )
    course.add()
    await course.clock.advance(delayMs)
    await course.asked(1)
    await course.clock.advance(answerMs)
    await course.paused(1)
    await course.asked(2)
    const flushed = course.exporter.flush()
    await course.clock.advance(999)
    assert.deepEqual(course.counts, [0, 0])
    await course.clock.advance(1)
    await flushed

    assert.deepEqual(course.counts, [0, 1])
    assert.match(course.sentences[0]!, /no answer within 10 s$/)
    course.add()
    await course.exporter.flush()
    assert.deepEqual(course.counts, [1, 1])
  })

  it('says which collector it cannot reach, and why', async () => {
    await using course = await Course.begin()
    await course.collector[Symbol.asyncDispose]()
    course.add()
    await course.clock.advance(delayMs)
    await until('it has been told', () => course.lines.length === 1)

    assert.match(course.sentences[0]!, /^warn: spans are not exported: connect ECONNREFUSED 127\.0\.0\.1:\d+$/)
  })
})

describe('the collector that spans go to', () => {
  const clock = new VirtualClock()
  const of = (settings: Partial<OtlpSettings>) =>
    otlpTargetOf(
      'shop',
      { otlpEndpoint: 'http://localhost:4318', otlpCompression: 'none', ...settings } as OtlpSettings,
      clock,
    )

  it('is refused where it cannot be one, without a word of what is secret', () => {
    for (const [settings, message] of [
      [{ otlpEndpoint: 'localhost:4318' }, /^otlpEndpoint is "localhost:4318", but must be a URL such as http:/],
      [{ otlpEndpoint: 'collector' }, /^otlpEndpoint is "collector"/],
      [{ otlpHeaders: new Secret('api-key') }, /^entry 1 of otlpHeaders must be name=value/],
      [{ otlpHeaders: new Secret('a=1,api-key=%zz') }, /^entry 2 of otlpHeaders must be/],
      [{ otlpHeaders: new Secret('api key=hidden') }, /^otlpHeaders has a header that HTTP does not allow: "api key"$/],
      [{ otlpHeaders: new Secret('api-key=%0Ahidden') }, /^otlpHeaders has .*: "api-key"$/],
      [{ resourceAttributes: 'a' }, /^entry 1 of resourceAttributes/],
    ] as const)
      assert.throws(() => of(settings), { code: 'CONFIG_INVALID_VALUE', message })
  })
})

/** As the exporter has them. */
const delayMs = 1_000
const answerMs = 10_000

const named = (name: string) => ({ 'service.name': { stringValue: name } })
