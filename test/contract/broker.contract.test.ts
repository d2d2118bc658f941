import { apiVersionsContract } from './api-versions.contract.ts'
import { brokerSettingsContract } from './broker-settings.contract.ts'
import { consumerGroupsContract } from './consumer-groups.contract.ts'
import { describeContract } from './describe.contract.ts'
import { fetchContract } from './fetch.contract.ts'
import { fetchSessionsContract } from './fetch-sessions.contract.ts'
import { groupMembershipContract } from './group-membership.contract.ts'
import { groupsContract } from './groups.contract.ts'
import { malformedContract } from './malformed.contract.ts'
import { offsetsContract } from './offsets.contract.ts'
import { produceContract } from './produce.contract.ts'
import { settingsContract } from './settings.contract.ts'
import { quotasContract } from './quotas.contract.ts'
import { streamsGroupsContract } from './streams-groups.contract.ts'
import { contract } from './target.ts'
import { timestampsContract } from './timestamps.contract.ts'
import { topicsContract } from './topics.contract.ts'
import { transactionsContract } from './transactions.contract.ts'

contract([
  malformedContract,
  apiVersionsContract,
  topicsContract,
  settingsContract,
  brokerSettingsContract,
  quotasContract,
  produceContract,
  timestampsContract,
  fetchContract,
  fetchSessionsContract,
  offsetsContract,
  groupsContract,
  consumerGroupsContract,
  streamsGroupsContract,
  groupMembershipContract,
  transactionsContract,
  describeContract,
])
