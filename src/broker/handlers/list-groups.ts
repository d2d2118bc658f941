import { errorCode, listGroups as api } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'

export const listGroups = serve(api, {
  handle({ statesFilter, typesFilter }, { access, cluster }) {
    const passes = (filter: string[], value: string) =>
      filter.length === 0 || filter.some((wanted) => wanted.toLowerCase() === value.toLowerCase())
    return {
      errorCode: errorCode.none,
      groups: [...cluster.groups.all()]
        .filter(({ id }) => access.cluster('describe') || access.group('describe', id))
        .filter(({ state, type }) => passes(statesFilter, state) && passes(typesFilter, type))
        .map(({ id, protocolType, state, type }) => ({
          groupId: id,
          protocolType: protocolType ?? '',
          groupState: state,
          groupType: type,
        })),
    }
  },
})
