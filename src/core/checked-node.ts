/** Refuses a Node.js that is too old as soon as it is imported: the first import of each front door. */
import { checkNodeVersion } from './node-version.ts'

checkNodeVersion()
