import { startBroker } from '../../broker/index.ts'
import { systemRandom } from '../../core/random.ts'
import { dashboardAddress, type HttpOptions, httpOptions } from '../../http/index.ts'
import { deleteTopics } from '../../kafka/index.ts'
import {
  field,
  runOptions,
  type Security,
  securityOf,
  securityOptions,
  stage,
  topology,
  type Topology,
} from '../../streams/index.ts'
import { clusterOf } from '../app-command.ts'
import { defineCommand, exitCodes, jsonOption, valuesIn } from '../command.ts'
import { measuredRun } from '../measured-run.ts'
import { runText } from '../report-text.ts'
import { createExperimentTopic, generateSource } from './experiment-source.ts'
import { experimentOptions } from './options.ts'
import { isRight, verificationText, verifySink } from './sink-verification.ts'

const { bootstrapServers, ...otherOptions } = runOptions

export const demo = defineCommand({
  operands: [],
  options: {
    ...otherOptions,
    bootstrapServers: { ...bootstrapServers, default: 'embedded', doc: 'A broker to use instead of an embedded one.' },
    ...securityOptions,
    ...httpOptions,
    ...experimentOptions,
    dashboard: {
      type: 'boolean',
      default: false,
      flag: '--dashboard',
      doc: `Show the demo in a browser, at ${dashboardAddress} unless --http says otherwise, and leave it there until it is interrupted.`,
    },
    keep: { type: 'boolean', default: false, flag: '--keep', doc: 'Leave the topics of the demo where they are.' },
    ...jsonOption,
  },
  usual: { customers: 100_000, dashboard: true, bootstrapServers: 'localhost:9092', seed: 7, json: true },
  example: '--customers 100000 --dashboard',
  async run({ options, output, signal }) {
    await using broker = options.bootstrapServers === 'embedded' ? await startBroker() : undefined
    const bootstrapServers = broker?.bootstrapServers ?? options.bootstrapServers
    const security = broker === undefined ? securityOf(options) : openToAll
    const cluster = clusterOf({ ...options, bootstrapServers }, output, security)
    // Its own topics, so that it can run beside anything else.
    const name = `millrace-demo-${systemRandom.nextUint32().toString(36)}`
    const program = experiment(name)
    const source = program.sources[0]!.topic
    try {
      // Where there is no broker there is nothing to clean up.
      await cluster.topics([])
      try {
        await generateSource(cluster, source, options, output)
        await createExperimentTopic(cluster, program.sinks[0]!.topic)
        const settings = { ...valuesIn(runOptions, options), ...security, bootstrapServers }
        const report = await measuredRun(program, settings, {
          output,
          signal,
          untilCaughtUp: true,
          http: httpOf(options),
          lingers: options.dashboard,
        })
        if (!report?.isComplete) {
          if (report) output.result(report, `${runText(report)}\ninterrupted before the end, and so not verified`)
          return exitCodes.unfinished
        }
        const verification = await verifySink(cluster, program.sinks[0]!.topic, options, output)
        const right = isRight(verification, options) && report.isBalanced
        output.result({ ...report, verification }, `${runText(report)}\n${verificationText(verification, right)}`)
        return right ? exitCodes.done : exitCodes.failed
      } finally {
        if (!options.keep)
          await deleteTopics(cluster, [source, program.sinks[0]!.topic, `${name}.dead-letter`, `${name}.checkpoint`])
      }
    } finally {
      await cluster.close()
    }
  },
})

/** With the dashboard it is served in any case. */
function httpOf(options: HttpOptions & { readonly dashboard: boolean }): HttpOptions {
  const http = valuesIn(httpOptions, options)
  return options.dashboard ? { ...http, http: http.http ?? dashboardAddress } : http
}

function experiment(name: string): Topology {
  const part = field('part')
  return topology(name)
    .source(`${name}.source`)
    .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part }), C: stage({ part }) })
    .correlate('by-customer', field('customerId'), { of: ['A', 'B', 'C'] })
    .sink(`${name}.sink`)
}

/** What the environment says of security is meant for other brokers than the one that is started here. */
const openToAll: Security = { tls: false, sasl: false }
