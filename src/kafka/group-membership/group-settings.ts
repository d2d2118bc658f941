import { MillraceError } from '../../core/errors.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { apis } from '../network/apis.ts'
import type { TaskProtocol } from './task-topics.ts'

/** What Kafka calls a group among what has settings. */
const resourceType = 32
const setOperation = 0

interface SettingsRequest {
  readonly cluster: Cluster
  readonly group: string
  readonly protocol: TaskProtocol
  readonly standbyCount: number
  /** Is told, as a sentence, of a setting that stays another one than wanted. */
  readonly onDegraded: (sentence: string) => void
}

/**
 * Gives a group the settings by which its members are told of tasks without a wait. A setting that has its value is left
 * alone, so that nobody needs the right to change it; each is set by itself, because brokers refuse all of a request
 * for one that they do not know.
 */
export async function setUpGroup({
  cluster,
  group,
  protocol,
  standbyCount,
  onDegraded,
}: SettingsRequest): Promise<void> {
  const wanted = settingsFor(protocol, standbyCount)
  if (wanted.size === 0) return
  const present = await presentSettings(cluster, group, [...wanted.keys()])
  for (const [name, value] of wanted) {
    // A broker that does not know a setting has nothing to wait for.
    if (present !== undefined && (!present.has(name) || present.get(name) === value)) continue
    try {
      await cluster.ask(`setting ${name} of group "${group}"`, apis.incrementalAlterConfigs, {
        resources: [{ resourceType, resourceName: group, configs: [{ name, configOperation: setOperation, value }] }],
        validateOnly: false,
      })
    } catch (error) {
      if (!MillraceError.is(error) || error.retryable) throw error
      onDegraded(
        `${name} of group "${group}" stays ${present?.get(name) ?? 'as it is'}: ${error.message}; set it to ${value}, or allow this user ALTER_CONFIGS on the group`,
      )
    }
  }
}

function settingsFor(protocol: TaskProtocol, standbyCount: number): ReadonlyMap<string, string> {
  switch (protocol) {
    case 'streams':
      return new Map([
        ['streams.initial.rebalance.delay.ms', '0'],
        ['streams.assignment.interval.ms', '0'],
        ['streams.num.standby.replicas', String(standbyCount)],
      ])
    case 'consumer':
      return new Map([['consumer.assignment.interval.ms', '0']])
    case 'classic':
      return new Map()
  }
}

/** Those that the broker knows; undefined where this user may not read them. */
async function presentSettings(
  cluster: Cluster,
  group: string,
  configurationKeys: string[],
): Promise<ReadonlyMap<string, string | null> | undefined> {
  try {
    const { results } = await cluster.ask(`reading the settings of group "${group}"`, apis.describeConfigs, {
      resources: [{ resourceType, resourceName: group, configurationKeys }],
    })
    return new Map(results[0]!.configs.map(({ name, value }) => [name, value]))
  } catch (error) {
    if (!MillraceError.is(error) || error.retryable) throw error
    return undefined
  }
}
