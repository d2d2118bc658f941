/** Steps from a record down to a field: names of properties, and indexes of arrays, which are numbers. */
export type FieldPath = readonly (string | number)[]
