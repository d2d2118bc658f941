import type { RequestOf, ResponseInputOf, streamsGroupHeartbeat } from '../../../protocol/index.ts'
import type { EpochMember } from '../epochs/epoch-member.ts'

type Request = RequestOf<typeof streamsGroupHeartbeat>

/** A heartbeat of a member; what is null has not changed since the one before. */
export type StreamsHeartbeat = Request & { readonly clientId: string; readonly clientHost: string }
/** What a member is told. */
export type StreamsHeartbeatAnswer = Omit<ResponseInputOf<typeof streamsGroupHeartbeat>, 'errorCode'>
/** Why a group is not as it should be. */
export type StreamsStatus = NonNullable<StreamsHeartbeatAnswer['status']>[number]
/** The subtopologies of an application, with the topics that they read, write and keep their state in. */
export type StreamsTopology = NonNullable<Request['topology']>
export type Subtopology = StreamsTopology['subtopologies'][number]

/** Kafka's numbers for what a status means. */
export const statusCode = {
  staleTopology: 0,
  missingSourceTopics: 1,
  incorrectlyPartitionedTopics: 2,
  missingInternalTopics: 3,
  shutdownApplication: 4,
  assignmentDelayed: 5,
} as const

/** A member of a streams group: one thread of an application. */
export interface StreamsMember extends EpochMember {
  readonly topologyEpoch: number
  readonly processId: string
  readonly userEndpoint: Request['userEndpoint']
  readonly clientTags: NonNullable<Request['clientTags']>
}
