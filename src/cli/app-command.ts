import { systemClock } from '../core/clock.ts'
import type { OptionTable, OptionValues } from '../core/options.ts'
import { Cluster, type OpenTransaction, openTransactionText } from '../kafka/index.ts'
import {
  appOptions,
  loggedWaits,
  readingOptions,
  type Security,
  type SecurityOptions,
  securityOf,
  securityOptions,
} from '../streams/index.ts'
import { jsonOption, valuesIn } from './command.ts'
import type { Output } from './output.ts'

const { bootstrapServers, brokerWaitMs } = appOptions

/** Options of commands that ask something of brokers. */
export const clusterOptions = { bootstrapServers, brokerWaitMs, ...securityOptions } as const satisfies OptionTable

/** Options of commands that look at an application from outside, whether it runs or not. */
export const appCommandOptions = { ...appOptions, ...securityOptions, ...jsonOption } as const satisfies OptionTable

/** Options of those among them that read its topics to their ends. */
export const readingCommandOptions = {
  ...readingOptions,
  ...securityOptions,
  ...jsonOption,
} as const satisfies OptionTable

const { app: _app, ...checkpointOptions } = readingOptions

/** Options of those that are given a topology, which has the name of the application, and read its checkpoint. */
export const checkpointCommandOptions = {
  ...checkpointOptions,
  ...securityOptions,
  ...jsonOption,
} as const satisfies OptionTable

/** A cluster that brokers are waited for at as long as the options say, which is told. */
export function clusterOf(
  options: ClusterOptionValues,
  output: Output,
  security: Security = securityOf(options),
): Cluster {
  const { bootstrapServers, brokerWaitMs: retryMs = brokerWaitMs.default } = options
  const waits = loggedWaits('millrace', output.logger, systemClock)
  return new Cluster({ bootstrapServers, retryMs, waits, ...security })
}

type ClusterOptionValues = SecurityOptions & { bootstrapServers: string; brokerWaitMs: number | undefined }

/** Which application a command is about, how its brokers are reached, and where waits for them are told. */
export function appOf(options: OptionValues<typeof appCommandOptions>, { logger }: Output) {
  return { ...valuesIn(appOptions, options), ...securityOf(options), logger }
}

/** The same for a command that reads its topics. */
export function readingOf(options: OptionValues<typeof readingCommandOptions>, output: Output) {
  return { ...valuesIn(readingOptions, options), ...securityOf(options), ...toldTo(output) }
}

/** The same for a command that is given a topology. */
export function checkpointOf(options: OptionValues<typeof checkpointCommandOptions>, output: Output) {
  return { ...valuesIn(checkpointOptions, options), ...securityOf(options), ...toldTo(output) }
}

/** Where waits are told, for brokers and for transactions. */
function toldTo(output: Output) {
  const onWaiting = (open: OpenTransaction) => output.note(`waiting for ${openTransactionText(open)}`)
  return { logger: output.logger, onWaiting }
}
