import { type BrokerConfig, brokerNames, type ConfigLayer, configSource } from './broker-config.ts'
import { type ConfigType, type TopicConfig, type TopicConfigName, topicConfigRules } from './topic-config.ts'

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
