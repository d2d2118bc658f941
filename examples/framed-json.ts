/**
 * Values that are not JSON as it stands: stock levels as a serializer of Confluent's schema registry writes them, and
 * forecasts in MessagePack, which a library decodes:
 * `millrace run examples/framed-json.ts --bootstrap-servers localhost:9092`.
 */
import { decode } from '@msgpack/msgpack'
import { confluentJson, field, PermanentFailure, topology } from '../src/doors/millrace.ts'

interface Forecast {
  readonly sku: string
  readonly expected: number
}

/** No further attempt makes MessagePack of what is none. */
function decodeForecast(bytes: Uint8Array): Forecast {
  try {
    return decode(bytes) as Forecast
  } catch (error) {
    throw new PermanentFailure(`no MessagePack: ${(error as Error).message}`)
  }
}

export default topology('stock-and-forecast')
  .source('stock-levels', { decode: confluentJson() })
  .side('stock')
  .source('forecasts', { decode: decodeForecast })
  .filter('expected', ({ expected }) => expected > 0)
  .side('forecast')
  .correlate('by-sku', field('sku'), { of: ['stock', 'forecast'] })
  .sink('planned', { topic: 'stock-and-forecast' })
