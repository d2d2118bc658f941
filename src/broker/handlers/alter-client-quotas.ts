import { alterClientQuotas as api, errorCode } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'

/** Sets what single clients may produce per second; no other quota is known here. */
export const alterClientQuotas = serve(api, {
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
