import type { StreamsTopology } from './streams-driver.ts'
import type { TaskTopics } from './task-topics.ts'

/**
 * The topology by which a streams group counts tasks: one subtopology that reads the inputs and keeps its state in the
 * topic of the checkpoints. Brokers compare it word for word with that of the first member, and refuse another one for
 * as long as the group is there. So nothing here may ever change, nor the order of anything.
 */
export function streamsTopologyOf({ tasks, inputs }: Pick<TaskTopics, 'tasks' | 'inputs'>): StreamsTopology {
  const sourceTopics = [...inputs].sort()
  const all = { sourceTopics: [...sourceTopics.keys()], sourceTopicRegex: [], repartitionSourceTopics: [] }
  return {
    epoch: 0,
    subtopologies: [
      {
        subtopologyId: '0',
        sourceTopics,
        sourceTopicRegex: [],
        // As many partitions as the inputs have, which is what 0 says.
        stateChangelogTopics: [
          {
            name: tasks,
            partitions: 0,
            replicationFactor: -1,
            topicConfigs: [{ key: 'cleanup.policy', value: 'compact' }],
          },
        ],
        repartitionSinkTopics: [],
        repartitionSourceTopics: [],
        copartitionGroups: sourceTopics.length > 1 ? [all] : [],
      },
    ],
  }
}
