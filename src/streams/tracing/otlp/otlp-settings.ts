import type { Clock } from '../../../core/clock.ts'
import { ConfigError } from '../../../core/errors.ts'
import { http } from '../../../core/node-http.ts'
import type { RunOptions } from '../../options.ts'
import { OtlpTarget } from './otlp-target.ts'
import { attribute } from './protobuf.ts'

export type OtlpSettings = Pick<
  RunOptions,
  'otlpHeaders' | 'otlpCompression' | 'serviceName' | 'resourceAttributes'
> & {
  readonly otlpEndpoint: string
}

/**
 * The collector that spans go to.
 *
 * @throws ConfigError `CONFIG_INVALID_VALUE`
 *
 * @see OpenTelemetry, OTLP Exporter Configuration: signals have their paths below the endpoint
 */
export function otlpTargetOf(app: string, settings: OtlpSettings, clock: Clock): OtlpTarget {
  const { otlpEndpoint, otlpHeaders, otlpCompression: compression, serviceName, resourceAttributes } = settings
  const attributes = new Map(pairsOf('resourceAttributes', resourceAttributes ?? ''))
  attributes.set('service.name', serviceName ?? attributes.get('service.name') ?? app)
  return new OtlpTarget({
    url: tracesUrl(otlpEndpoint),
    headers: headersOf(otlpHeaders?.reveal() ?? ''),
    compression,
    resource: Buffer.concat(Array.from(attributes, ([key, value]) => attribute(1, key, value))),
    clock,
  })
}

function tracesUrl(endpoint: string): URL {
  const url = URL.parse(endpoint)
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw invalid('otlpEndpoint', `otlpEndpoint is "${endpoint}", but must be a URL such as http://localhost:4318`)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`
  return url
}

/** Values are secrets, so no message has them. */
function headersOf(text: string): Record<string, string> {
  const headers = Object.fromEntries(pairsOf('otlpHeaders', text))
  for (const [name, value] of Object.entries(headers)) {
    try {
      http.validateHeaderName(name)
      http.validateHeaderValue(name, value)
    } catch {
      throw invalid('otlpHeaders', `otlpHeaders has a header that HTTP does not allow: "${name}"`)
    }
  }
  return headers
}

/** `name=value` with commas between; values are percent-encoded where they have to be. */
function pairsOf(option: string, text: string): [name: string, value: string][] {
  const members = text.split(',').flatMap((member) => member.trim() || [])
  return members.map((member, at) => {
    const equals = member.indexOf('=')
    try {
      if (equals <= 0) throw new URIError('there is no name')
      return [member.slice(0, equals).trim(), decodeURIComponent(member.slice(equals + 1).trim())]
    } catch {
      throw invalid(option, `entry ${at + 1} of ${option} must be name=value, the value percent-encoded`)
    }
  })
}

function invalid(name: string, text: string): ConfigError {
  return new ConfigError('CONFIG_INVALID_VALUE', text, { name })
}
