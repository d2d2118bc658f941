import { apis } from '../network/apis.ts'
import type { Cluster } from '../cluster/cluster.ts'

/** What Kafka calls a topic among what has settings. */
const resourceType = 2
const setOperation = 0

/** Settings of a topic as the broker has them, in the order of their names; undefined for one that it does not know. */
export async function topicConfigs(
  cluster: Cluster,
  topic: string,
  ...names: string[]
): Promise<(string | undefined)[]> {
  const { results } = await cluster.ask(`reading the settings of topic "${topic}"`, apis.describeConfigs, {
    resources: [{ resourceType, resourceName: topic, configurationKeys: names }],
  })
  return names.map((name) => results[0]!.configs.find((config) => config.name === name)?.value ?? undefined)
}

/** Gives settings of a topic these values; all else stays as it is. */
export async function setTopicConfigs(
  cluster: Cluster,
  topic: string,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const configs = Object.entries(values).map(([name, value]) => ({ name, configOperation: setOperation, value }))
  await cluster.ask(`changing the settings of topic "${topic}"`, apis.incrementalAlterConfigs, {
    resources: [{ resourceType, resourceName: topic, configs }],
    validateOnly: false,
  })
}
