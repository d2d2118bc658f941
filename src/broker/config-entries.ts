import { type BrokerConfig, brokerNames, type ConfigLayer, configSource } from './broker-config.ts'
import { type GroupConfig, type GroupConfigName, groupConfigRules } from './groups/group-config.ts'
import {
  type ConfigType,
  configType,
  type TopicConfig,
  type TopicConfigName,
  topicConfigRules,
} from './topic-config.ts'

/** A setting, as answers tell of it. */
export interface ConfigEntry {
  readonly name: string
  readonly value: string | null
  readonly readOnly: boolean
  readonly configSource: number
  readonly synonyms: readonly ConfigLayer[]
  readonly configType: ConfigType
}

/** Every setting of a topic, with where it comes from. */
export function topicEntries(config: TopicConfig, brokerConfig: BrokerConfig, nodeId: number): ConfigEntry[] {
  const overrides = config.overrides
  return (Object.keys(topicConfigRules) as TopicConfigName[]).map((name) => {
    const value = overrides.get(name)
    const own = value === undefined ? [] : [{ name, value, source: configSource.topic }]
    const brokerName = brokerNames[name]
    const synonyms = [...own, ...(brokerName === undefined ? [] : brokerConfig.layers(nodeId, brokerName))]
    return {
      name,
      value: config.get(name),
      readOnly: false,
      configSource: synonyms[0]?.source ?? configSource.default,
      synonyms,
      configType: topicConfigRules[name].type,
    }
  })
}

/** The settings of a broker, or those that are set for all. */
export function brokerEntries(brokerConfig: BrokerConfig, nodeId: number | undefined): ConfigEntry[] {
  return brokerConfig.settings(nodeId).map(({ name, type, readOnly, layers }) => ({
    name,
    value: layers[0]?.value ?? null,
    readOnly,
    configSource: layers[0]?.source ?? configSource.default,
    synonyms: layers,
    configType: type,
  }))
}

/** Every setting of a group, with where it comes from. */
export function groupEntries(config: GroupConfig, groupId: string): ConfigEntry[] {
  const overrides = config.overrides(groupId)
  return (Object.keys(groupConfigRules) as GroupConfigName[]).map((name) => {
    const value = overrides.get(name)
    const own = value === undefined ? [] : [{ name, value, source: configSource.group }]
    const synonyms = [...own, { name, value: String(config.initial(name)), source: configSource.default }]
    return {
      name,
      value: synonyms[0]!.value,
      readOnly: false,
      configSource: synonyms[0]!.source,
      synonyms,
      configType: configType.int,
    }
  })
}
