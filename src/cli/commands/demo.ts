import { randomUUID } from 'node:crypto'
import { startBroker } from '../../broker/index.ts'
import { Cluster, deleteTopics } from '../../kafka/index.ts'
import { field, runOptions, type Security, securityOf, securityOptions, stage, topology } from '../../streams/index.ts'
import { defineCommand, exitCodes, jsonOption } from '../command.ts'
import { experimentOptions } from '../experiment/index.ts'
import { createExperimentTopic, generateSource, isRight, verifySink } from '../experiment-topics.ts'
import { measuredRun, runOptionsOf } from '../measured-run.ts'
import { runText, verificationText } from '../report-text.ts'

const { bootstrapServers, ...otherOptions } = runOptions

export const demo = defineCommand({
  name: 'demo',
  summary: 'Runs the experiment: generates, correlates and verifies, on an embedded broker unless one is named.',
  operands: [],
  options: {
    ...otherOptions,
    bootstrapServers: { ...bootstrapServers, default: 'embedded', doc: 'A broker to use instead of an embedded one.' },
    ...securityOptions,
    ...experimentOptions,
    keep: { type: 'boolean', default: false, flag: '--keep', doc: 'Leave the topics of the demo where they are.' },
    ...jsonOption,
  },
  async run({ options, output, signal }) {
    const { customers, seed, keep } = options
    await using broker = options.bootstrapServers === 'embedded' ? await startBroker() : undefined
    const servers = broker?.bootstrapServers ?? options.bootstrapServers
    const security = broker === undefined ? securityOf(options) : openToAll
    const cluster = new Cluster({ bootstrapServers: servers, ...security })
    // Its own topics, so that it can run beside anything else.
    const name = `millrace-demo-${randomUUID().slice(0, 8)}`
    const topics = { source: `${name}.source`, sink: `${name}.sink`, deadLetters: `${name}.dead-letter` }
    try {
      await generateSource(cluster, topics.source, { customers, seed }, output)
      await createExperimentTopic(cluster, topics.sink)
      const part = field('part')
      const program = topology(name)
        .source(topics.source)
        .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part }), C: stage({ part }) })
        .correlate('by-customer', field('customerId'), { of: ['A', 'B', 'C'] })
        .sink(topics.sink)
      const report = await measuredRun(
        program,
        { ...runOptionsOf(options), ...security, bootstrapServers: servers },
        { output, signal, untilCaughtUp: true },
      )
      const verification = await verifySink(cluster, topics.sink, { customers, seed }, output)
      const right = isRight(verification, { customers, seed }) && report.isBalanced
      output.result({ ...report, verification }, `${runText(report)}\n${verificationText(verification, right)}`)
      return right ? exitCodes.done : exitCodes.failed
    } finally {
      if (!keep) await deleteTopics(cluster, Object.values(topics))
      await cluster.close()
    }
  },
})

/** What the environment says of security is meant for other brokers than the one that is started here. */
const openToAll: Security = { tls: false, sasl: false }
