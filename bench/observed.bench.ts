/**
 * The experiment that is observed beside the same that is not, by processes of the built package, interleaved, on one
 * Apache Kafka: with metrics, which are scraped once a second, tracing at 1 % and the event stream of the dashboard,
 * once read by a client that drops what it gets, once by the page in Chromium. Spans go to a collector, which is this
 * process and takes them. All records have a trace, in all runs. Rate and CPU of the process as shares of those
 * without, within a round. `--apart` measures as well what that is made of, each alone, and what OpenTelemetry's SDK
 * takes in its place:
 * `npm run build && node bench/observed.bench.ts [--apart] [--runs 15] [--warm-up 3] [--customers 1000000] [--bootstrap-servers host:port]`.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import { encodeHeader } from '../src/kernel/index.ts'
import { ExperimentSource, machineText } from './experiment-source.ts'
import { Shares } from './shares.ts'

const { values } = parseArgs({
  options: {
    apart: { type: 'boolean', default: false },
    runs: { type: 'string', default: '15' },
    'warm-up': { type: 'string', default: '3' },
    customers: { type: 'string', default: '1000000' },
    'bootstrap-servers': { type: 'string' },
  },
})

interface ObservedRun {
  readonly correlationRate: number
  readonly cpuSeconds: number
  readonly spans: number
}

/** Observes a process at an address until what it returns is called. */
type Observer = (url: string) => Promise<() => Promise<void>>

/** The parts of a customer are of one trace, which is recorded, each of a span of its own. */
function traceHeaders(customer: number, stage: number): Uint8Array {
  const id = createHash('md5').update(String(customer)).digest('hex')
  const parent = `00-${id}-${String(stage + 1).repeat(16)}-01`
  return Buffer.concat([Buffer.of(2), encodeHeader('traceparent', Buffer.from(parent))])
}

await using source = await ExperimentSource.generate(Number(values.customers), values['bootstrap-servers'])
await source.generateBeside('.traced', { headersOf: traceHeaders })
await using browser = await chromium.launch({
  executablePath: process.env['MILLRACE_CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
})

const collector = createServer((request, response) => request.resume().on('end', () => response.end()))
collector.listen(0, '127.0.0.1')
await once(collector, 'listening')
const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`

/** Asks for metrics once a second, as Prometheus does less often. */
const scraping: Observer = async (url) => {
  const timer = setInterval(() => get(`${url}metrics`, (response) => response.resume()).on('error', () => {}), 1_000)
  return async () => clearInterval(timer)
}
/** Drops what the event stream brings. */
const dropping: Observer = async (url) => {
  const request = get(`${url}api/events`, (response) => response.resume())
  request.on('error', () => {})
  await once(request, 'response')
  return async () => void request.destroy()
}
const showing: Observer = async (url) => {
  const page = await browser.newPage()
  await page.goto(url)
  // A page that is open, not one that opens: what that takes goes on after it has loaded.
  await page.waitForTimeout(2_000)
  return () => page.close()
}
const together = (...observers: Observer[]): Observer => {
  return async (url) => {
    const ends = await Promise.all(observers.map((observe) => observe(url)))
    return async () => void (await Promise.all(ends.map((end) => end())))
  }
}

interface Kind {
  /** Absent where the process serves nothing. */
  readonly observe?: Observer
  /** Of a collector, or `SDK`. */
  readonly spansTo?: string
  /** Whether a meter of OpenTelemetry's SDK collects once a second. */
  readonly hasMeter?: boolean
}
const bounded: Record<string, Kind> = {
  'client that drops': { observe: together(scraping, dropping), spansTo: endpoint },
  Chromium: { observe: together(scraping, showing), spansTo: endpoint },
}
const apart: Record<string, Kind> = {
  'metrics alone': { observe: scraping },
  'event stream alone': { observe: dropping },
  'Chromium alone': { observe: showing },
  'tracing alone': { spansTo: endpoint },
  'meter of the SDK alone': { hasMeter: true },
  'tracer of the SDK alone': { spansTo: 'SDK' },
}
const observed: Record<string, Kind> = { ...bounded, ...(values.apart && apart) }
const names = Object.keys(observed)
const kinds = ['without', ...names]
const shares = new Shares(names)
const warmUp = Number(values['warm-up'])
console.log(machineText())
for (let round = 0; round < warmUp + Number(values.runs); round++) {
  const runs = new Map<string, ObservedRun>()
  // Another one begins in each round: what the broker does after a run is part of the next one.
  for (let turn = 0; turn < kinds.length; turn++) {
    const kind = kinds[(round + turn) % kinds.length]!
    runs.set(kind, await measure(`observed-bench-${process.pid}-${round}-${turn}`, observed[kind]))
  }
  console.log([titleOf(round), ...kinds.map((kind) => `${kind} ${runText(runs.get(kind)!)}`)].join(', '))
  if (round >= warmUp) for (const name of names) shares.add(name, runs.get(name)!, runs.get('without')!)
}
shares.print('of that without', 3)
collector.close()
collector.closeAllConnections()

function titleOf(round: number): string {
  return round < warmUp ? 'warm-up' : String(round - warmUp + 1)
}

/** Has a process fill a sink, which is verified. */
function measure(app: string, { observe, spansTo = '', hasMeter = false }: Kind = {}): Promise<ObservedRun> {
  const ownTopics = [`${app}.dead-letter`, `${app}.checkpoint`]
  return source.verified(app, ownTopics, async (sink) => {
    const env = {
      ...process.env,
      // What a run loads would else be compiled within it.
      NODE_COMPILE_CACHE: join(import.meta.dirname, '../.cache/compiled'),
      BENCH_APP: app,
      BENCH_SOURCE: `${source.topic}.traced`,
      BENCH_SINK: sink,
      BENCH_SERVERS: source.bootstrapServers,
      BENCH_IS_SERVED: observe === undefined ? '' : '1',
      BENCH_SPANS_TO: spansTo,
      BENCH_HAS_METER: hasMeter ? '1' : '',
    }
    const program = spawn(process.execPath, [join(import.meta.dirname, 'observed-program.ts')], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const lines = createInterface(program.stdout)[Symbol.asyncIterator]()
    const next = async () => JSON.parse((await lines.next()).value as string) as unknown
    const { url } = (await next()) as { url?: string }
    const end = url === undefined ? undefined : await observe?.(url)
    program.stdin.write('\n')
    const run = (await next()) as ObservedRun
    await end?.()
    if (program.exitCode === null) await once(program, 'exit')
    return run
  })
}

function runText({ correlationRate, cpuSeconds, spans }: ObservedRun): string {
  return `${Math.round(correlationRate / 1_000)} k merges/s, ${cpuSeconds.toFixed(2)} s CPU${spans > 0 ? `, ${spans} spans` : ''}`
}
