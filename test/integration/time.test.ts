/** Programs in time: epochs, expiry, remembered keys, clocks. */
import { wrongClocks } from './clock.integration.ts'
import { epochs } from './epochs.integration.ts'
import { expiry } from './expiry.integration.ts'
import { quotas } from './quota.integration.ts'
import { rememberedKeys } from './remembered.integration.ts'
import { onEachBroker } from './target.ts'
import { refusedTimestamps } from './timestamps.integration.ts'

onEachBroker([epochs, quotas, expiry, rememberedKeys, wrongClocks, refusedTimestamps])
