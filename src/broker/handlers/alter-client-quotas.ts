import { defineApi } from '../api.ts'
import { errorCode } from '../error-code.ts'
import { array, boolean, defaulted, float64, int16, int32, nullableString, string, struct } from '../wire/schema.ts'

const entities = array(struct({ entityType: string, entityName: nullableString }))

/** Sets what single clients may produce per second; no other quota is known here. */
export const alterClientQuotas = defineApi({
  key: 49,
  name: 'AlterClientQuotas',
  versions: [0, 1],
  flexibleSince: 1,
  request: struct({
    entries: array(
      struct({
        entity: entities,
        ops: array(struct({ key: string, value: float64, remove: boolean })),
      }),
    ),
    validateOnly: boolean,
  }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    entries: array(struct({ errorCode: int16, errorMessage: nullableString, entity: entities })),
  }),
  handle({ entries, validateOnly }, { cluster, access }) {
    const alter = ({ entity, ops }: (typeof entries)[number]) => {
      if (!access.cluster('alterConfigs')) {
        return {
          errorCode: errorCode.clusterAuthorizationFailed,
          errorMessage: 'Cluster authorization failed.',
          entity,
        }
      }
      const [client, ...others] = entity
      const clientId = client?.entityType === 'client-id' && others.length === 0 ? client.entityName : null
      if (clientId === null || ops.some(({ key }) => key !== producerByteRate)) {
        const errorMessage = `the embedded broker knows ${producerByteRate} of a client-id, and no other quota`
        return { errorCode: errorCode.invalidRequest, errorMessage, entity }
      }
      if (ops.some(({ value, remove }) => !remove && !(value > 0))) {
        return { errorCode: errorCode.invalidRequest, errorMessage: 'a quota is greater than 0', entity }
      }
      for (const { value, remove } of validateOnly ? [] : ops) {
        if (!cluster.produceQuotas.set(clientId, remove ? undefined : value)) {
          return { errorCode: errorCode.policyViolation, errorMessage: 'too many clients have quotas', entity }
        }
      }
      return { errorCode: errorCode.none, errorMessage: null, entity }
    }
    return { entries: entries.map(alter) }
  },
})

const producerByteRate = 'producer_byte_rate'
