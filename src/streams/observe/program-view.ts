import { type ListedMember, listGroupMembers, topicRange } from '../../kafka/index.ts'
import { LastManifests } from '../checkpoint/last-manifests.ts'
import type { KafkaServices } from '../runtime/services.ts'
import { chosenCopies } from '../tasks/copy-choice.ts'
import { checkpointSink, findSources } from '../topics/program-topics.ts'
import type { PartitionPlace } from '../topics/source-partitions.ts'
import { sourcesOf } from '../topics/sources.ts'
import { Asked } from './asked.ts'
import { type InspectedProgram, inspectedProgram } from './inspected-program.ts'

/**
 * What all members of a program do, which no member knows of the others: their group says who they are, the checkpoints
 * of their tasks say what these have come to. Brokers are asked while somebody looks, and never else.
 */
export class ProgramView {
  readonly #asked: Asked<InspectedProgram | undefined>

  /** @param self - By what the other members know this one. */
  constructor({ cluster, plan, topics, options, clock }: KafkaServices, self: string) {
    const manifests = new LastManifests()
    const ask = async () => {
      // Letters may have been redriven meanwhile.
      const read = await findSources(cluster, plan)
      const checkpoint = topics.sinks[checkpointSink]!
      const [members, found, ranges] = await Promise.all([
        listGroupMembers(cluster, plan.name, plan.checkpointTopic),
        manifests.read(cluster, checkpoint),
        // As far as they may be read.
        Promise.all(read.map((source) => topicRange(cluster, source, 'read_committed'))),
      ])
      const sources = read.map(({ name: topic }, source) => ({ topic, ...ranges[source]! }))
      const taskCount = checkpoint.partitions.length
      const { partitions } = sourcesOf(plan, read)
      const taskOf = (place: PartitionPlace) => partitions.taskOf(partitions.numberOf(place)!)
      const known = withCopies(members ?? [], options.standbyTasks)
      return inspectedProgram({ members: known, manifests: found, sources, taskOf, taskCount, self })
    }
    this.#asked = new Asked(ask, clock, undefined)
  }

  /** As brokers have last said; undefined before they have. */
  async look(): Promise<InspectedProgram | undefined> {
    await this.#asked.refresh()
    return this.#asked.latest
  }
}

/** Where the group does not know of copies, members choose them, all in the same way. */
function withCopies(members: readonly ListedMember[], count: number): ListedMember[] {
  return members.map((member) => ({
    ...member,
    standbys: member.standbys ?? chosenCopies(members, member.name, count),
  }))
}
