import { onEachBroker } from '../membership/target.ts'
import { stoppedProcesses } from './stopped.integration.ts'

onEachBroker([stoppedProcesses])
