/** A program that ends when no transaction in a topic is open: whoever waits for it stands still meanwhile. */
import { whenOpen } from './long-epochs.ts'

const [bootstrapServers, topic] = process.argv.slice(2) as [string, string]

await whenOpen({ bootstrapServers }, topic, false)
