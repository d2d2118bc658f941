import { onEachBroker } from '../integration/target.ts'
import { crashCampaign } from './campaign.integration.ts'
import { resuming } from './resuming.integration.ts'

onEachBroker([resuming, crashCampaign])
