import { onEachBroker } from '../integration/target.ts'
import { crashCampaign } from './campaign.integration.ts'

onEachBroker([crashCampaign])
