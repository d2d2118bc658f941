import type { Api } from './api.ts'
import { apiVersions } from './handlers/api-versions.ts'
import { createTopics } from './handlers/create-topics.ts'
import { deleteTopics } from './handlers/delete-topics.ts'
import { describeConfigs } from './handlers/describe-configs.ts'
import { fetch } from './handlers/fetch.ts'
import { findCoordinator } from './handlers/find-coordinator.ts'
import { initProducerId } from './handlers/init-producer-id.ts'
import { listOffsets } from './handlers/list-offsets.ts'
import { metadata } from './handlers/metadata.ts'
import { offsetCommit } from './handlers/offset-commit.ts'
import { offsetFetch } from './handlers/offset-fetch.ts'
import { produce } from './handlers/produce.ts'

/** What the broker serves: ApiVersions, dispatch and documentation all read this table. */
export const apis: readonly Api[] = [
  produce,
  fetch,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  findCoordinator,
  apiVersions,
  createTopics,
  deleteTopics,
  initProducerId,
  describeConfigs,
]

const byKey = new Map(apis.map((api) => [api.key, api]))

export function apiOf(key: number): Api | undefined {
  return byKey.get(key)
}
