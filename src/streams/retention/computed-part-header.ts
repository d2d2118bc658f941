/**
 * Of promoted records: the part that a stage has computed from it. A header of this name that a source record came with
 * is dropped, so none can be forged, and no function sees one.
 */
export const computedPartHeader = 'millrace.part'
