import { onEachBroker } from '../integration/target.ts'
import { crashCampaign } from './campaign.integration.ts'
import { otherConsumers } from './consumers.integration.ts'
import { disturbances } from './disturbed.integration.ts'
import { exampleCampaigns } from './examples.integration.ts'
import { growingCampaign } from './growing.integration.ts'
import { inTurns } from './in-turns.ts'
import { membersCampaign } from './members.integration.ts'
import { movedCoordinators } from './moved-coordinator.integration.ts'
import { resuming } from './resuming.integration.ts'
import { redrivenCampaign } from './redriven.integration.ts'
import { relayoutCampaign } from './relayout.integration.ts'
import { rekeyedCampaign } from './rekeyed.integration.ts'
import { threeTopicsCampaign } from './three-topics.integration.ts'
import { variedCampaign } from './varied.integration.ts'

movedCoordinators()
onEachBroker([
  otherConsumers,
  disturbances,
  resuming,
  crashCampaign,
  exampleCampaigns,
  inTurns([variedCampaign, threeTopicsCampaign, growingCampaign, redrivenCampaign, rekeyedCampaign]),
  inTurns([membersCampaign('keyed'), membersCampaign('routed'), relayoutCampaign]),
])
