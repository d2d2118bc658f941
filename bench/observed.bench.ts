/**
 * The experiment that is observed beside the same that is not, interleaved, on one Apache Kafka: with metrics, tracing
 * at 1 % and the event stream of the dashboard, once read by a client that drops what it gets, once by the page in
 * Chromium. Spans go to a collector, which is this process and takes them; in one more run to a tracer of OpenTelemetry's
 * SDK. All records have a trace, in all runs. Rate and CPU of the process as shares of those without, within a round:
 * `node bench/observed.bench.ts [--runs 15] [--warm-up 3] [--customers 1000000] [--bootstrap-servers host:port]`.
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

/** Asks for metrics once a second as well, as Prometheus does less often. */
const dropping: Observer = async (url) => {
  const request = get(`${url}api/events`, (response) => response.resume())
  request.on('error', () => {})
  await once(request, 'response')
  const scraping = scrape(url)
  return async () => {
    scraping()
    request.destroy()
  }
}
const showing: Observer = async (url) => {
  const page = await browser.newPage()
  await page.goto(url)
  const scraping = scrape(url)
  return async () => {
    scraping()
    await page.close()
  }
}
const observers: Record<string, { readonly observe: Observer; readonly spansTo: string }> = {
  'client that drops': { observe: dropping, spansTo: endpoint },
  Chromium: { observe: showing, spansTo: endpoint },
  'client that drops, tracer of the SDK': { observe: dropping, spansTo: 'SDK' },
}
const names = Object.keys(observers)
const kinds = ['without', ...names]
const shares = new Shares(names)
const warmUp = Number(values['warm-up'])
console.log(machineText())
for (let round = 0; round < warmUp + Number(values.runs); round++) {
  const runs = new Map<string, ObservedRun>()
  // Another one begins in each round: what the broker does after a run is part of the next one.
  for (let turn = 0; turn < kinds.length; turn++) {
    const kind = kinds[(round + turn) % kinds.length]!
    runs.set(kind, await measure(`observed-bench-${process.pid}-${round}-${turn}`, observers[kind]))
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
function measure(app: string, { observe, spansTo }: Partial<(typeof observers)[string]> = {}): Promise<ObservedRun> {
  const ownTopics = [`${app}.dead-letter`, `${app}.checkpoint`]
  return source.verified(app, ownTopics, async (sink) => {
    const env = {
      ...process.env,
      // As a package, which is compiled: what a run loads would else be compiled within it.
      NODE_COMPILE_CACHE: join(import.meta.dirname, '../.cache/compiled'),
      BENCH_APP: app,
      BENCH_SOURCE: `${source.topic}.traced`,
      BENCH_SINK: sink,
      BENCH_SERVERS: source.bootstrapServers,
      BENCH_SPANS_TO: spansTo ?? '',
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

function scrape(url: string): () => void {
  const timer = setInterval(() => get(`${url}metrics`, (response) => response.resume()).on('error', () => {}), 1_000)
  return () => clearInterval(timer)
}

function runText({ correlationRate, cpuSeconds, spans }: ObservedRun): string {
  return `${Math.round(correlationRate / 1_000)} k merges/s, ${cpuSeconds.toFixed(2)} s CPU${spans > 0 ? `, ${spans} spans` : ''}`
}
