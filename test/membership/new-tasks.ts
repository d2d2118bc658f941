import { randomUUID } from 'node:crypto'
import { type Cluster, createTopics, type TaskTopics } from '../../src/kafka/index.ts'

/** The name of a new group, with topics for so many tasks. */
export async function newTasks(cluster: Cluster, taskCount: number): Promise<{ group: string; topics: TaskTopics }> {
  const group = `membership-${randomUUID()}`
  const [tasks, input] = [`${group}.tasks`, `${group}.input`]
  await createTopics(
    cluster,
    [tasks, input].map((name) => ({ name, partitionCount: taskCount })),
  )
  for (const name of [tasks, input]) await cluster.topicWhenReady(name, taskCount)
  return { group, topics: { tasks, taskCount, inputs: [input] } }
}
