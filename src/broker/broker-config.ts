import { type ConfigType, configType, faultOfConfig, type TopicConfigName, topicConfigRules } from './topic-config.ts'

/** Kafka's numbers for where a value comes from; the lower one wins. */
export const configSource = { topic: 1, broker: 2, allBrokers: 3, staticBroker: 4, default: 5, group: 8 } as const

/** A value that a setting has in one place, under the name that it has there. */
export interface ConfigLayer {
  readonly name: string
  readonly value: string
  readonly source: number
}

/**
 * A setting of the brokers, as DescribeConfigs tells of it: its values by the place they come from, the one that holds
 * first.
 */
export interface BrokerSetting {
  readonly name: string
  readonly type: ConfigType
  readonly readOnly: boolean
  readonly layers: readonly ConfigLayer[]
}

/** What topics without a setting of their own have, by the name that it has with the brokers. */
export const brokerNames: Partial<Record<TopicConfigName, string>> = {
  'cleanup.policy': 'log.cleanup.policy',
  'compression.gzip.level': 'compression.gzip.level',
  'compression.lz4.level': 'compression.lz4.level',
  'compression.type': 'compression.type',
  'compression.zstd.level': 'compression.zstd.level',
  'delete.retention.ms': 'log.cleaner.delete.retention.ms',
  'file.delete.delay.ms': 'log.segment.delete.delay.ms',
  'flush.messages': 'log.flush.interval.messages',
  'flush.ms': 'log.flush.interval.ms',
  'index.interval.bytes': 'log.index.interval.bytes',
  'local.retention.bytes': 'log.local.retention.bytes',
  'local.retention.ms': 'log.local.retention.ms',
  'max.compaction.lag.ms': 'log.cleaner.max.compaction.lag.ms',
  'max.message.bytes': 'message.max.bytes',
  'message.timestamp.after.max.ms': 'log.message.timestamp.after.max.ms',
  'message.timestamp.before.max.ms': 'log.message.timestamp.before.max.ms',
  'message.timestamp.type': 'log.message.timestamp.type',
  'min.cleanable.dirty.ratio': 'log.cleaner.min.cleanable.ratio',
  'min.compaction.lag.ms': 'log.cleaner.min.compaction.lag.ms',
  'min.insync.replicas': 'min.insync.replicas',
  preallocate: 'log.preallocate',
  'retention.bytes': 'log.retention.bytes',
  'retention.ms': 'log.retention.ms',
  'segment.bytes': 'log.segment.bytes',
  'segment.index.bytes': 'log.index.size.max.bytes',
  'segment.jitter.ms': 'log.roll.jitter.ms',
  'segment.ms': 'log.roll.ms',
  'unclean.leader.election.enable': 'unclean.leader.election.enable',
}

/** Those that Kafka derives from settings in hours where they are not set. */
const withoutDefault = new Set(['log.flush.interval.ms', 'log.retention.ms', 'log.roll.jitter.ms', 'log.roll.ms'])

const topicNames = new Map(Object.entries(brokerNames).map(([topic, broker]) => [broker, topic as TopicConfigName]))

/** Stands for all brokers, where one is named. */
export const allBrokers = undefined

/** The settings of the brokers that can be changed: for all of them, and for each. */
export class BrokerConfig {
  readonly #nodeIds: readonly number[]
  readonly #autoCreateTopics: boolean
  /** The least number of replicas is set for all, as it is in a new Kafka. */
  readonly #set = new Map<number | undefined, ReadonlyMap<string, string>>([
    [allBrokers, new Map([['min.insync.replicas', '1']])],
  ])

  constructor({ nodeIds, autoCreateTopics }: { nodeIds: readonly number[]; autoCreateTopics: boolean }) {
    this.#nodeIds = nodeIds
    this.#autoCreateTopics = autoCreateTopics
  }

  /** What is set for a broker, or for all, as a copy. */
  overrides(nodeId: number | undefined): Map<string, string> {
    return new Map(this.#set.get(nodeId))
  }

  replace(nodeId: number | undefined, set: ReadonlyMap<string, string>): void {
    this.#set.set(nodeId, set)
  }

  /**
   * What a topic has that has no setting of its own. What is set for one broker counts only where there is but one:
   * several share one log.
   */
  valueFor(setting: TopicConfigName): string | undefined {
    const name = brokerNames[setting]
    if (name === undefined) return undefined
    const [only, ...others] = this.#nodeIds
    const own = others.length === 0 ? this.#set.get(only)?.get(name) : undefined
    return own ?? this.#set.get(allBrokers)?.get(name)
  }

  /** The values of a setting, for one broker: the one that holds comes first. */
  layers(nodeId: number, name: string): ConfigLayer[] {
    const topicName = topicNames.get(name)
    const standard =
      topicName === undefined || withoutDefault.has(name) ? undefined : topicConfigRules[topicName].default
    const { broker, allBrokers: everyBroker, default: initial } = configSource
    const layer = (value: string | undefined, source: number) => (value === undefined ? [] : [{ name, value, source }])
    return [
      ...layer(this.#set.get(nodeId)?.get(name), broker),
      ...layer(this.#set.get(allBrokers)?.get(name), everyBroker),
      ...layer(standard, initial),
    ]
  }

  /** All settings of a broker; of those for all brokers the ones that are set. */
  settings(nodeId: number | undefined): BrokerSetting[] {
    if (nodeId === undefined) {
      return Array.from(this.overrides(allBrokers), ([name, value]) => ({
        name,
        type: typeOf(name),
        readOnly: false,
        layers: [{ name, value, source: configSource.allBrokers }],
      }))
    }
    const changeable = Array.from(topicNames.keys(), (name) => ({
      name,
      type: typeOf(name),
      readOnly: false,
      layers: this.layers(nodeId, name),
    }))
    return [...changeable, ...this.#fixed(nodeId)]
  }

  /** What cannot be changed while the broker runs. */
  #fixed(nodeId: number): BrokerSetting[] {
    const { staticBroker, default: standard } = configSource
    const fixed = (name: string, type: ConfigType, ...values: [value: string, source: number][]) => ({
      name,
      type,
      readOnly: true,
      layers: values.map(([value, source]) => ({ name, value, source })),
    })
    const { boolean, int } = configType
    return [
      fixed('auto.create.topics.enable', boolean, [String(this.#autoCreateTopics), staticBroker], ['true', standard]),
      fixed('broker.id', int, [String(nodeId), staticBroker], ['-1', standard]),
      fixed('default.replication.factor', int, ['1', standard]),
      fixed('node.id', int, [String(nodeId), staticBroker]),
      fixed('num.partitions', int, ['1', standard]),
    ]
  }
}

/** Whether a setting can be changed while the broker runs. */
export function isChangeable(name: string): boolean {
  return topicNames.has(name)
}

/** The setting of topics that is this one of the brokers. */
export function topicNameOf(name: string): TopicConfigName | undefined {
  return topicNames.get(name)
}

/** Says what is wrong with a changeable setting of the brokers, or nothing. */
export function faultOfBrokerConfig(name: string, value: string): string | undefined {
  return faultOfConfig(topicNames.get(name)!, value) && `Invalid value ${value} for configuration ${name}`
}

function typeOf(name: string): ConfigType {
  return topicConfigRules[topicNames.get(name)!].type
}
