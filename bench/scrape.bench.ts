/**
 * What a scrape of `/metrics` costs the process of a program, and what one costs at `/api` and `/ready`: CPU time of all
 * threads over many requests, less what an idle process takes. The client is another process; the embedded broker runs
 * in a thread of this one, and is asked where the source ends once a second.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { startBroker } from '../src/broker/index.ts'
import { sleep, systemClock } from '../src/core/clock.ts'
import { serve } from '../src/http/index.ts'
import { field, stage, start, topology } from '../src/streams/index.ts'

const partitions = 12
const requests = 400

await using broker = await startBroker({
  topics: [
    { name: 'source', partitions },
    { name: 'sink', partitions },
  ],
})
const part = field('part')
const program = topology('scraped')
  .source('source')
  .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part }), C: stage({ part }) })
  .correlate('by-customer', field('customerId'), { of: ['A', 'B', 'C'] })
  .sink('sink')
await using app = await start(program, { bootstrapServers: broker.bootstrapServers })
await app.caughtUp
await using server = await serve(app, { http: '127.0.0.1:0' })

const client = `
  const { Agent, get } = require('node:http')
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const one = (url) => new Promise((done) => get(url, { agent }, (response) => response.resume().on('end', done)))
  const [, url, count] = process.argv
  void (async () => { for (let i = 0; i < Number(count); i++) await one(url) })().then(() => agent.destroy())`

for (const path of ['metrics', 'api', 'ready']) {
  await ask(path, 50)
  const idleMsPerSecond = await idle()
  const began = performance.now()
  const cpu = process.cpuUsage()
  await ask(path, requests)
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (performance.now() - began) / 1_000
  const ms = (user + system) / 1_000 - idleMsPerSecond * seconds
  console.log(`/${path}: ${(ms / requests).toFixed(2)} ms of CPU each`)
}

async function ask(path: string, count: number): Promise<void> {
  await promisify(execFile)(process.execPath, ['-e', client, `${server.url}${path}`, String(count)])
}

/** CPU time that the process takes in a second in which nobody asks. */
async function idle(): Promise<number> {
  const cpu = process.cpuUsage()
  await sleep(systemClock, 1_000)
  const { user, system } = process.cpuUsage(cpu)
  return (user + system) / 1_000
}
