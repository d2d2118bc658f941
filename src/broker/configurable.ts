import { errorCode } from '../protocol/index.ts'
import type { RequestContext } from './served-api.ts'
import { allBrokers, type BrokerConfig, faultOfBrokerConfig, isChangeable, topicNameOf } from './broker-config.ts'
import { faultOfGroupConfig } from './groups/group-config.ts'
import { faultOfConfig, listOf } from './topic-config.ts'
import type { Refusal, Topic } from './topics.ts'

/** Something whose settings can be changed. */
export interface Configurable {
  /** What is set for it, as a copy. */
  readonly overrides: Map<string, string>
  /** The entries of a setting that is a list; `undefined` of any other. */
  list(name: string): string[] | undefined
  /** Says why it cannot be set like that, or nothing. */
  check(set: ReadonlyMap<string, string>): Refusal | undefined
  replace(set: ReadonlyMap<string, string>): void
}

/** Kafka's numbers for what has settings. */
export const configResource = { topic: 2, broker: 4, group: 32 } as const

type Asked = Pick<RequestContext, 'access' | 'cluster' | 'node'>

/** Finds what is to be changed, or says why it may not be. */
export function findConfigurable(type: number, name: string, context: Asked): Configurable | Refusal {
  if (type === configResource.topic) return findTopic(name, context)
  if (type === configResource.broker) return findBroker(name, context)
  if (type === configResource.group) return findGroup(name, context)
  return invalidRequest(`Unknown resource type ${type}`)
}

function findTopic(name: string, { access, cluster }: Asked): Configurable | Refusal {
  if (!access.topic('alterConfigs', name)) {
    return { error: errorCode.topicAuthorizationFailed, message: 'Topic authorization failed.' }
  }
  const topic = cluster.topics.get(name)
  if (topic === undefined) return { error: errorCode.unknownTopicOrPartition, message: 'The topic does not exist.' }
  return settingsOf(topic)
}

function settingsOf(topic: Topic): Configurable {
  const { config } = topic
  return {
    overrides: config.overrides,
    list: (name) => config.list(name),
    check(set) {
      const fault = Array.from(set, ([name, value]) => faultOfConfig(name, value)).find((text) => text !== undefined)
      return fault === undefined ? undefined : { error: errorCode.invalidConfig, message: fault }
    },
    replace(set) {
      topic.config = config.withOverrides(set)
    },
  }
}

function findBroker(name: string, { access, cluster, node }: Asked): Configurable | Refusal {
  if (!access.cluster('alterConfigs')) {
    return { error: errorCode.clusterAuthorizationFailed, message: 'Cluster authorization failed.' }
  }
  if (name === '') return settingsOfBroker(cluster.brokerConfig, allBrokers, node.id)
  if (!/^-?\d+$/.test(name)) return invalidRequest(`Node id must be an integer, but it is: ${name}`)
  if (Number(name) !== node.id) return invalidRequest(`Unexpected broker id, expected ${node.id}, but received ${name}`)
  return settingsOfBroker(cluster.brokerConfig, node.id, node.id)
}

function settingsOfBroker(config: BrokerConfig, nodeId: number | undefined, askedId: number): Configurable {
  return {
    overrides: config.overrides(nodeId),
    list(name) {
      const topicName = topicNameOf(name)
      return topicName && listOf(topicName, config.layers(nodeId ?? askedId, name)[0]?.value ?? '')
    },
    check: (set) => checkBroker(set, nodeId),
    replace: (set) => config.replace(nodeId, set),
  }
}

/** A group may have settings before anybody joins it. */
function findGroup(name: string, { access, cluster }: Asked): Configurable | Refusal {
  if (!access.group('alterConfigs', name)) {
    return { error: errorCode.groupAuthorizationFailed, message: 'Group authorization failed.' }
  }
  if (name === '') return invalidRequest('Default group resources are not allowed.')
  return {
    overrides: cluster.groupConfig.overrides(name),
    list: () => undefined,
    check(set) {
      const faults = Array.from(set, ([setting, value]) => faultOfGroupConfig(setting, value))
      const fault = faults.find((text) => text !== undefined)
      return fault === undefined ? undefined : invalidConfig(fault)
    },
    replace: (set) => cluster.groupConfig.replace(name, set),
  }
}

const replicas = 'min.insync.replicas'

function checkBroker(set: ReadonlyMap<string, string>, nodeId: number | undefined): Refusal | undefined {
  const fixed = [...set.keys()].filter((name) => !isChangeable(name))
  if (fixed.length > 0) return invalidRequest(`Cannot update these configs dynamically: [${fixed.join(', ')}]`)
  // Brokers that elect leaders from replicas that were in sync want this one set for all, and for none alone.
  if (nodeId === allBrokers && !set.has(replicas)) {
    return invalidConfig(`Cluster-level ${replicas} cannot be removed while ELR is enabled.`)
  }
  if (nodeId !== allBrokers && set.has(replicas)) {
    return invalidConfig(`Broker-level ${replicas} cannot be altered while ELR is enabled.`)
  }
  const fault = Array.from(set, ([name, value]) => faultOfBrokerConfig(name, value)).find((text) => text !== undefined)
  return fault === undefined ? undefined : invalidRequest(fault)
}

export function invalidRequest(message: string): Refusal {
  return { error: errorCode.invalidRequest, message }
}

function invalidConfig(message: string): Refusal {
  return { error: errorCode.invalidConfig, message }
}
