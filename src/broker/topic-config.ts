/** What a topic's settings may be; the names, types and defaults are Kafka's. */
interface ConfigRule {
  readonly type: ConfigType
  readonly default: string
  readonly allows: (value: string) => boolean
}

/** Kafka's numbers for the types, as DescribeConfigs sends them. */
export const configType = { boolean: 1, string: 2, int: 3, long: 5, double: 6, list: 7 } as const
export type ConfigType = (typeof configType)[keyof typeof configType]

const wholeNumber = (type: ConfigType, initial: number, min: number): ConfigRule => ({
  type,
  default: String(initial),
  allows: (value) => /^-?\d{1,19}$/.test(value) && Number(value) >= min,
})
const int = (initial: number, min = 0) => wholeNumber(configType.int, initial, min)
const long = (initial: number | bigint, min = 0): ConfigRule => ({
  ...wholeNumber(configType.long, 0, min),
  default: String(initial),
})
const oneOf = (initial: string, ...others: string[]): ConfigRule => ({
  type: configType.string,
  default: initial,
  allows: (value) => value === initial || others.includes(value),
})
const list = (initial: string, allowsEntry: (entry: string) => boolean = () => true): ConfigRule => ({
  type: configType.list,
  default: initial,
  allows: (value) => value.split(',').every((entry) => allowsEntry(entry.trim())),
})
const flag = (initial: boolean): ConfigRule => ({
  type: configType.boolean,
  default: String(initial),
  allows: (value) => value === 'true' || value === 'false',
})

const longMax = 9223372036854775807n
const dayMs = 86_400_000

/** Every setting CreateTopics accepts. The broker acts on those its documentation names; the others it only keeps. */
export const topicConfigRules = {
  'cleanup.policy': list('delete', (entry) => entry === 'delete' || entry === 'compact'),
  'compression.gzip.level': int(-1, -1),
  'compression.lz4.level': int(9, 1),
  'compression.type': oneOf('producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'),
  'compression.zstd.level': int(3, -131_072),
  'delete.retention.ms': long(dayMs),
  'file.delete.delay.ms': long(60_000),
  'flush.messages': long(longMax, 1),
  'flush.ms': long(longMax),
  'follower.replication.throttled.replicas': list(''),
  'index.interval.bytes': int(4096),
  'leader.replication.throttled.replicas': list(''),
  'local.retention.bytes': long(-2, -2),
  'local.retention.ms': long(-2, -2),
  'max.compaction.lag.ms': long(longMax, 1),
  'max.message.bytes': int(1_048_588),
  'message.timestamp.after.max.ms': long(3_600_000),
  'message.timestamp.before.max.ms': long(longMax),
  'message.timestamp.type': oneOf('CreateTime', 'LogAppendTime'),
  'min.cleanable.dirty.ratio': {
    type: configType.double,
    default: '0.5',
    allows: (value) => Number(value) >= 0 && Number(value) <= 1,
  },
  'min.compaction.lag.ms': long(0),
  'min.insync.replicas': int(1, 1),
  preallocate: flag(false),
  'remote.log.copy.disable': flag(false),
  'remote.log.delete.on.disable': flag(false),
  'remote.storage.enable': flag(false),
  'retention.bytes': long(-1, -1),
  'retention.ms': long(7 * dayMs, -1),
  'segment.bytes': int(1_073_741_824, 1_048_576),
  'segment.index.bytes': int(10_485_760, 4),
  'segment.jitter.ms': long(0),
  'segment.ms': long(7 * dayMs, 1),
  'unclean.leader.election.enable': flag(false),
} as const satisfies Record<string, ConfigRule>

export type TopicConfigName = keyof typeof topicConfigRules

function isSettingName(name: string): name is TopicConfigName {
  return Object.hasOwn(topicConfigRules, name)
}

/** Says what is wrong with a setting, or nothing. */
export function faultOfConfig(name: string, value: string | null): string | undefined {
  if (!isSettingName(name)) return `Unknown topic config name: ${name}`
  const rule: ConfigRule = topicConfigRules[name]
  if (value === null) return `Null value not supported for topic configs: ${name}`
  return rule.allows(value) ? undefined : `Invalid value ${value} for configuration ${name}`
}

/** The entries of a value, where the setting is a list; `undefined` of any other. */
export function listOf(name: TopicConfigName, value: string): string[] | undefined {
  if (topicConfigRules[name].type !== configType.list) return undefined
  return value.split(',').filter((entry) => entry !== '')
}

/** What topics have that have no setting of their own. */
interface BrokerDefaults {
  valueFor(setting: TopicConfigName): string | undefined
}

/** The settings of one topic: what was set for it, above what is set for the brokers, above the defaults. */
export class TopicConfig {
  readonly #set: ReadonlyMap<string, string>
  readonly #broker: BrokerDefaults

  constructor(broker: BrokerDefaults, set: ReadonlyMap<string, string> = new Map()) {
    this.#broker = broker
    this.#set = set
  }

  get isCompacted(): boolean {
    return this.#policies.includes('compact')
  }

  get isDeleted(): boolean {
    return this.#policies.includes('delete')
  }

  /** Whether records get the time of their arrival. */
  get isLogAppendTime(): boolean {
    return this.get('message.timestamp.type') === 'LogAppendTime'
  }

  get(name: TopicConfigName): string {
    return this.#set.get(name) ?? this.#broker.valueFor(name) ?? topicConfigRules[name].default
  }

  number(name: TopicConfigName): number {
    return Number(this.get(name))
  }

  /** The entries of a setting that is a list; `undefined` of any other. */
  list(name: string): string[] | undefined {
    return isSettingName(name) ? listOf(name, this.get(name)) : undefined
  }

  /** What was set for this topic, as a copy. */
  get overrides(): Map<string, string> {
    return new Map(this.#set)
  }

  /** The settings of the topic when others are set for it. */
  withOverrides(set: ReadonlyMap<string, string>): TopicConfig {
    return new TopicConfig(this.#broker, set)
  }

  get #policies(): string[] {
    return this.list('cleanup.policy') ?? []
  }
}
